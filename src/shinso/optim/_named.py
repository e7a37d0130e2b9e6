"""Optimizers by name, their hyperparameters checked."""

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array

from shinso._checks import one_of, real
from shinso._kinds import MINIMISERS, OPTIMIZERS, RULES
from shinso._numbers import plain_number
from shinso.optim._averaging import averaged
from shinso.optim._clipping import Clipped
from shinso.optim._first_order import FirstOrder
from shinso.optim._max_norm import max_norm
from shinso.optim._optimizer import Optimizer
from shinso.optim._restarted import Restarted
from shinso.optim._rules import CLIPPING, RANGES
from shinso.optim._schedules import (
    Constant,
    Cosine,
    Exponential,
    InverseScaling,
    LinearDecay,
    OneCycle,
    RobbinsMonro,
    Schedule,
    WarmUp,
)

if TYPE_CHECKING:
    from shinso.optim._method import Method


def optimizer_named(name: str, **hyperparameters: Any) -> Optimizer:
    """Return the optimizer called `name`.

    With g the gradient, ``sgd`` is θ ← θ − ε g; ``momentum`` and ``nesterov`` (Goodfellow et al., algorithms 8.2 and 8.3),
    ``adagrad`` (8.4), ``rmsprop`` and its forms with momentum (8.5, 8.6), ``adam`` (8.7), ``adam_uncorrected`` (δ outside
    the correction, as in scikit-learn), ``adadelta`` (Zeiler, 2012) and ``adamw`` (Loshchilov and Hutter, 2019) are written
    out in the guide "Optimizers"; ``kfac`` is `KFAC`, and any of `MINIMISERS` that method on the full batch, `FullBatch`.

    Args:
        name: one of `OPTIMIZERS`.
        hyperparameters: `learning_rate` (ε), `momentum` (α), `decay` (ρ), `beta_1`, `beta_2`, `epsilon` (δ),
            `weight_decay` (λ); for every rule `clip_norm` and `clip_value`, both > 0: what the global norm and each
            entry of g are held to before the rule sees g. A number or a `Schedule` each. For a full-batch method its own
            settings, and `max_evaluations`.

    The source fixes δ of ``adagrad`` (1e-7) and ``rmsprop`` (1e-6); Zeiler's ρ = 0.95 and δ = 1e-6 (and no rate: ε = 1)
    and Kingma & Ba's ε = 0.001, ρ₁ = 0.9, ρ₂ = 0.999, δ = 1e-8 are theirs. Rates, α and ρ that it leaves open are ours.

    Raises:
        ValueError: an unknown name or hyperparameter (the nearest is suggested), or a number out of its range.
    """
    one_of("optimizer", name, OPTIMIZERS)
    if name in MINIMISERS:
        from shinso.optim._full_batch import full_batch

        return full_batch(name, **hyperparameters)
    if name == "kfac":
        from shinso.optim._kfac import KFAC

        for key in hyperparameters:
            one_of("hyperparameter of kfac", key, inspect.signature(KFAC).parameters)
        return KFAC(**hyperparameters)
    rule = RULES[name]
    for key, value in hyperparameters.items():
        one_of(f"hyperparameter of {name}", key, (*rule.defaults, *CLIPPING))
        if not isinstance(value, Schedule):
            real(key, value, **RANGES[key])
        elif key != "learning_rate":
            _check_total_steps(key, value)
    clipped = not hyperparameters.keys().isdisjoint(CLIPPING)
    factory = Clipped(rule.factory) if clipped else rule.factory
    return FirstOrder(name, factory, interim=rule.interim, **{**rule.defaults, **hyperparameters})


def _check_total_steps(key: str, schedule: Schedule) -> None:
    """Check the range of what a schedule passes through; rates, which may end at 0, check themselves."""
    passed = jax.vmap(schedule)(jnp.linspace(0, schedule.total_steps, 101).astype(int))
    for extreme in (passed.min(), passed.max()):
        real(key, plain_number(extreme), **RANGES[key])


_SCHEDULES = {
    kind.__name__: kind
    for kind in (Constant, Cosine, Exponential, InverseScaling, LinearDecay, OneCycle, Restarted, RobbinsMonro, WarmUp)
}


def _from_plain(value: Any) -> Any:
    """Return the schedule that a plain dictionary describes, and anything else as it is."""
    if not isinstance(value, Mapping):
        return value
    arguments = {key: _from_plain(inner) for key, inner in value.items() if key != "schedule"}
    return _SCHEDULES[one_of("schedule", value["schedule"], _SCHEDULES)](**arguments)


def optimizer_from_recipe(recipe: Mapping[str, Any]) -> Optimizer:
    """Return the optimizer that a `recipe` (its plain dictionary) describes; schedules, averaging and max-norm too."""
    apart = ("name", "averaging", "max_norm")
    optimizer = optimizer_named(
        recipe["name"], **{key: _from_plain(value) for key, value in recipe.items() if key not in apart}
    )
    if "max_norm" in recipe:
        optimizer = max_norm(optimizer, recipe["max_norm"])
    return averaged(optimizer, **recipe["averaging"]) if "averaging" in recipe else optimizer


class _Wrapped:
    """Makes an Optax transformation the factory of a `FirstOrder`; equal when the transformation is the same."""

    def __init__(self, transformation: optax.GradientTransformation) -> None:
        self.transformation = transformation

    def __call__(self, scale: Array) -> optax.GradientTransformation:
        return optax.chain(self.transformation, optax.scale(scale))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Wrapped) and self.transformation == other.transformation

    def __hash__(self) -> int:
        return hash(self.transformation)


def as_optimizer(
    optimizer: "str | Optimizer | Method | optax.GradientTransformation", **hyperparameters: Any
) -> Optimizer:
    """Return an `Optimizer` from a name with hyperparameters, an `Optimizer`, a method, or any Optax transformation.

    Raises:
        TypeError: none of these, or hyperparameters for something that already has its own.
        ValueError: see `optimizer_named`.
    """
    if isinstance(optimizer, str):
        return optimizer_named(optimizer, **hyperparameters)
    if hyperparameters:
        names = ", ".join(hyperparameters)
        raise TypeError(f"{names} goes with an optimizer's name; this optimizer already has its own hyperparameters.")
    if isinstance(optimizer, Optimizer):
        return optimizer
    if isinstance(optimizer, optax.GradientTransformation):
        return FirstOrder("optax", _Wrapped(optimizer), scale=1.0)
    from shinso.optim._full_batch import FullBatch
    from shinso.optim._method import Method

    if isinstance(optimizer, Method):
        return FullBatch(optimizer)
    raise TypeError(
        f"optimizer must be a name, an Optimizer or an Optax transformation; got {type(optimizer).__name__}."
    )
