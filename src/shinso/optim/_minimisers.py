"""Every full-batch method by name."""

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from shinso._checks import one_of
from shinso.optim._gradient_descent import ConjugateGradient, GradientDescent
from shinso.optim._hessian_free import HessianFree
from shinso.optim._levenberg_marquardt import LevenbergMarquardt
from shinso.optim._method import Method
from shinso.optim._newton import GaussNewton, Newton, SaddleFreeNewton
from shinso.optim._quasi_newton import BFGS, LBFGS
from shinso.optim._trust_region import TrustRegion

MINIMISERS: Mapping[str, Callable[..., Method]] = MappingProxyType(
    {
        "gradient_descent": GradientDescent,
        "conjugate_gradient": ConjugateGradient,
        "fletcher_reeves": partial(ConjugateGradient, formula="fletcher_reeves"),
        "hestenes_stiefel": partial(ConjugateGradient, formula="hestenes_stiefel"),
        "bfgs": BFGS,
        "lbfgs": LBFGS,
        "newton": Newton,
        "trust_region": TrustRegion,
        "saddle_free_newton": SaddleFreeNewton,
        "gauss_newton": GaussNewton,
        "levenberg_marquardt": LevenbergMarquardt,
        "hessian_free": HessianFree,
    }
)
"""Full-batch methods by name: each is made with keyword arguments and has Optimistix's interface."""


def settings_of(name: str) -> tuple[str, ...]:
    """Return the settings that the method called `name` takes."""
    made = MINIMISERS[name]
    fixed = made.keywords if isinstance(made, partial) else {}
    kind: Any = made.func if isinstance(made, partial) else made
    return tuple(setting for setting in inspect.signature(kind).parameters if setting not in fixed)


def method_named(name: str, **settings: Any) -> Method:
    """Return the method called `name` with these settings.

    Raises:
        TypeError: a setting is not a number.
        ValueError: an unknown name or setting (the nearest is suggested), or a number out of its range.
    """
    one_of("method", name, MINIMISERS)
    for key in settings:
        one_of(f"setting of {name}", key, settings_of(name))
    return MINIMISERS[name](**settings)
