"""Optimizers by name, their hyperparameters checked."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import optax
from jaxtyping import Array

from shinso._checks import one_of, real
from shinso.optim._adam import adam_uncorrected
from shinso.optim._first_order import FirstOrder
from shinso.optim._lbfgs import LBFGS
from shinso.optim._optimizer import Optimizer
from shinso.optim._schedules import Cosine, InverseScaling, LinearDecay, Schedule

Hyperparameter = float | Array | Schedule


def _sgd(learning_rate: Hyperparameter) -> optax.GradientTransformation:
    return optax.sgd(learning_rate)


def _momentum(learning_rate: Array, momentum: Array) -> optax.GradientTransformation:
    # The rate stands inside the velocity, as the sources write it: it differs from Optax's sgd once the rate changes.
    return optax.chain(optax.scale(-learning_rate), optax.trace(momentum))


def _nesterov(learning_rate: Array, momentum: Array) -> optax.GradientTransformation:
    return optax.chain(optax.scale(-learning_rate), optax.trace(momentum, nesterov=True))


def _rmsprop(learning_rate: Array, decay: Array, epsilon: Array) -> optax.GradientTransformation:
    return optax.rmsprop(learning_rate, decay, epsilon, eps_in_sqrt=True)


def _adam(learning_rate: Array, beta_1: Array, beta_2: Array, epsilon: Array) -> optax.GradientTransformation:
    return optax.adam(learning_rate, beta_1, beta_2, epsilon)


def _adamw(
    learning_rate: Array, beta_1: Array, beta_2: Array, epsilon: Array, weight_decay: Array
) -> optax.GradientTransformation:
    return optax.adamw(learning_rate, beta_1, beta_2, epsilon, weight_decay=weight_decay)


_MOMENTS = {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8}

RULES: dict[str, tuple[Callable[..., optax.GradientTransformation], dict[str, float]]] = {
    "sgd": (_sgd, {"learning_rate": 0.1}),
    "momentum": (_momentum, {"learning_rate": 0.01, "momentum": 0.9}),
    "nesterov": (_nesterov, {"learning_rate": 0.01, "momentum": 0.9}),
    "rmsprop": (_rmsprop, {"learning_rate": 0.001, "decay": 0.9, "epsilon": 1e-6}),
    "adam": (_adam, {"learning_rate": 0.001, **_MOMENTS}),
    "adam_uncorrected": (adam_uncorrected, {"learning_rate": 0.001, **_MOMENTS}),
    "adamw": (_adamw, {"learning_rate": 0.001, **_MOMENTS, "weight_decay": 1e-4}),
}
"""Name → (factory, default hyperparameters). A new mini-batch rule is one more row."""

_RANGES: dict[str, dict[str, float]] = {
    "learning_rate": {"above": 0},
    "epsilon": {"above": 0},
    "momentum": {"least": 0, "most": 1},
    "weight_decay": {"least": 0},
    "decay": {"least": 0, "below": 1},
    "beta_1": {"least": 0, "below": 1},
    "beta_2": {"least": 0, "below": 1},
}

NAMES = (*RULES, "lbfgs")
"""Every optimizer that `build` knows."""


def build(name: str, **hyperparameters: Any) -> Optimizer:
    """Return the optimizer called `name`.

    | name | rule for the gradient g |
    |---|---|
    | ``sgd`` | θ ← θ − ε g |
    | ``momentum`` | v ← α v − ε g; θ ← θ + v (Goodfellow et al., alg. 8.2) |
    | ``nesterov`` | v ← α v − ε g; θ ← θ + α v − ε g (g at θ; alg. 8.3 after a change of variable) |
    | ``rmsprop`` | r ← ρ r + (1−ρ) g²; θ ← θ − ε g / √(δ + r) (alg. 8.5) |
    | ``adam`` | bias-corrected moments, θ ← θ − ε ŝ / (√r̂ + δ) (alg. 8.7) |
    | ``adam_uncorrected`` | the same with δ outside the correction, as scikit-learn has it |
    | ``adamw`` | adam with weights decayed beside the gradient, θ ← θ − ε λ θ |
    | ``lbfgs`` | full batch, `LBFGS` |

    Args:
        name: one of `NAMES`.
        hyperparameters: `learning_rate`, `momentum` (α), `decay` (ρ), `beta_1`, `beta_2`, `epsilon` (δ),
            `weight_decay` (λ): a number or a `Schedule`; for ``lbfgs`` what `LBFGS` takes.

    Raises:
        ValueError: an unknown name or hyperparameter (the nearest is suggested), or a number out of its range.
    """
    one_of("optimizer", name, NAMES)
    if name == "lbfgs":
        for key in hyperparameters:
            one_of("hyperparameter of lbfgs", key, inspect.signature(LBFGS).parameters)
        return LBFGS(**hyperparameters)
    factory, defaults = RULES[name]
    for key, value in hyperparameters.items():
        one_of(f"hyperparameter of {name}", key, defaults)
        if not isinstance(value, Schedule):
            real(key, value, **_RANGES[key])
    return FirstOrder(name, factory, **{**defaults, **hyperparameters})


_SCHEDULES = {kind.__name__: kind for kind in (LinearDecay, Cosine, InverseScaling)}


def build_recipe(recipe: Mapping[str, Any]) -> Optimizer:
    """Return the optimizer that a `recipe` (its plain dictionary) describes; schedules are rebuilt too."""
    arguments = {
        key: _SCHEDULES[one_of("schedule", value["schedule"], _SCHEDULES)](
            **{k: v for k, v in value.items() if k != "schedule"}
        )
        if isinstance(value, Mapping)
        else value
        for key, value in recipe.items()
        if key != "name"
    }
    return build(recipe["name"], **arguments)


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


def as_optimizer(optimizer: "str | Optimizer | optax.GradientTransformation", **hyperparameters: Any) -> Optimizer:
    """Return an `Optimizer` from a name with hyperparameters, an `Optimizer`, or any Optax transformation.

    Raises:
        TypeError: none of these, or hyperparameters for something that already has its own.
        ValueError: see `build`.
    """
    if isinstance(optimizer, str):
        return build(optimizer, **hyperparameters)
    if hyperparameters:
        names = ", ".join(hyperparameters)
        raise TypeError(f"{names} goes with an optimizer's name; this optimizer already has its own hyperparameters.")
    if isinstance(optimizer, Optimizer):
        return optimizer
    if isinstance(optimizer, optax.GradientTransformation):
        return FirstOrder("optax", _Wrapped(optimizer), scale=1.0)
    raise TypeError(
        f"optimizer must be a name, an Optimizer or an Optax transformation; got {type(optimizer).__name__}."
    )
