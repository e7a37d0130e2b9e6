"""The mini-batch rules: Optax transformations and default hyperparameters; `shinso._kinds.RULES` names them."""

from collections.abc import Callable
from typing import NamedTuple

import optax
from jaxtyping import Array

from shinso.optim._adagrad import adagrad as _adagrad
from shinso.optim._adam import adam_uncorrected as _adam_uncorrected


class Rule(NamedTuple):
    """One row: factory of the transformation, default hyperparameters, and whether the gradient is taken at θ + αv."""

    factory: Callable[..., optax.GradientTransformation]
    defaults: dict[str, float]
    interim: bool = False


def _sgd(learning_rate: Array) -> optax.GradientTransformation:
    return optax.sgd(learning_rate)


def _momentum(learning_rate: Array, momentum: Array) -> optax.GradientTransformation:
    # The rate stands inside the velocity, as the sources write it: it differs from Optax's sgd once the rate changes.
    return optax.chain(optax.scale(-learning_rate), optax.trace(momentum))


def _nesterov(learning_rate: Array, momentum: Array) -> optax.GradientTransformation:
    return optax.chain(optax.scale(-learning_rate), optax.trace(momentum, nesterov=True))


def _adadelta(learning_rate: Array, decay: Array, epsilon: Array) -> optax.GradientTransformation:
    return optax.adadelta(learning_rate, decay, epsilon)


def _rmsprop(learning_rate: Array, decay: Array, epsilon: Array) -> optax.GradientTransformation:
    return optax.rmsprop(learning_rate, decay, epsilon, eps_in_sqrt=True)


def _rmsprop_momentum(
    learning_rate: Array, momentum: Array, decay: Array, epsilon: Array
) -> optax.GradientTransformation:
    return optax.chain(optax.scale_by_rms(decay, epsilon, eps_in_sqrt=True), _momentum(learning_rate, momentum))


def _adam(learning_rate: Array, beta_1: Array, beta_2: Array, epsilon: Array) -> optax.GradientTransformation:
    return optax.adam(learning_rate, beta_1, beta_2, epsilon)


def _adamw(
    learning_rate: Array, beta_1: Array, beta_2: Array, epsilon: Array, weight_decay: Array
) -> optax.GradientTransformation:
    return optax.adamw(learning_rate, beta_1, beta_2, epsilon, weight_decay=weight_decay)


# The sources fix δ of AdaGrad (1e-7) and of RMSProp (1e-6). Zeiler's experiments have ρ = 0.95 and δ = 1e-6 and no rate,
# Kingma & Ba the four numbers of Adam. All other numbers are ours: usual ones.
_VELOCITY = {"learning_rate": 0.01, "momentum": 0.9}
_SQUARES = {"decay": 0.9, "epsilon": 1e-6}
_MOMENTS = {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8}

sgd = Rule(_sgd, {"learning_rate": 0.1})
momentum = Rule(_momentum, _VELOCITY)
nesterov = Rule(_nesterov, _VELOCITY)
nesterov_interim = Rule(_momentum, _VELOCITY, interim=True)
adagrad = Rule(_adagrad, {"learning_rate": 0.01, "epsilon": 1e-7})
adadelta = Rule(_adadelta, {"learning_rate": 1.0, "decay": 0.95, "epsilon": 1e-6})
rmsprop = Rule(_rmsprop, {"learning_rate": 0.001, **_SQUARES})
rmsprop_momentum = Rule(_rmsprop_momentum, {"learning_rate": 0.001, "momentum": 0.9, **_SQUARES})
rmsprop_nesterov = Rule(_rmsprop_momentum, {"learning_rate": 0.001, "momentum": 0.9, **_SQUARES}, interim=True)
adam = Rule(_adam, _MOMENTS)
adam_uncorrected = Rule(_adam_uncorrected, _MOMENTS)
adamw = Rule(_adamw, {**_MOMENTS, "weight_decay": 1e-4})

CLIPPING = ("clip_norm", "clip_value")
"""What every rule takes besides its own hyperparameters."""

RANGES: dict[str, dict[str, float]] = {
    "learning_rate": {"above": 0},
    "epsilon": {"above": 0},
    "momentum": {"least": 0, "most": 1},
    "weight_decay": {"least": 0},
    "decay": {"least": 0, "below": 1},
    "beta_1": {"least": 0, "below": 1},
    "beta_2": {"least": 0, "below": 1},
    "clip_norm": {"above": 0},
    "clip_value": {"above": 0},
}
"""Hyperparameter → accepted range, in the words of `shinso._checks.real`."""
