"""δ of the outputs, in closed form for the likelihoods of the sources."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from shinso import nn
from shinso.objectives import (
    Bernoulli,
    Categorical,
    Gaussian,
    Likelihood,
    Poisson,
    SigmoidCrossEntropy,
    SigmoidQuadratic,
)


def output_delta(likelihood: Likelihood, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, "N K"]:
    """Return ∂loss/∂a for each example, a its outputs.

    ===================== ======================
    likelihood            ∂loss/∂a
    ===================== ======================
    gaussian              β(a − y)
    bernoulli             σ(a) − y
    categorical           softmax(a) − onehot(y)
    poisson               e^a − y
    sigmoid_quadratic     (σ(a) − y) σ′(a)
    sigmoid_cross_entropy σ(a) − y
    ===================== ======================

    For any other likelihood it is the gradient of its loss, by automatic differentiation.

    Raises:
        ValueError: The targets do not fit the outputs.

    Source: notes on neural networks, §2.2.5; Nielsen, equations (BP1), (30), (66); Bishop, PRML (5.18)–(5.25).
    """
    # The class itself: a subclass may have another loss.
    closed_form = CLOSED_FORMS.get(type(likelihood), _differentiated)
    likelihood.loss(outputs, targets)  # refuses targets that do not fit
    return closed_form(likelihood, outputs, targets)


def _differentiated(likelihood: Any, a: Array, y: Array) -> Array:
    delta: Array = jax.grad(lambda a: jnp.sum(likelihood.loss(a, y)))(a)
    return delta


def _gaussian(likelihood: Any, a: Array, y: Array) -> Array:
    precision: Array = likelihood.precision.astype(a.dtype)
    return precision * (a - _rows(y, a))


def _sigmoid(likelihood: Any, a: Array, y: Array) -> Array:
    return jax.nn.sigmoid(a) - _rows(y, a)


def _softmax(likelihood: Any, a: Array, y: Array) -> Array:
    return jax.nn.softmax(a) - _one_hot(y, a)


def _exponential(likelihood: Any, a: Array, y: Array) -> Array:
    return jnp.exp(a) - _rows(y, a)


def _sigmoid_and_slope(likelihood: Any, a: Array, y: Array) -> Array:
    slope: Array = nn.ACTIVATIONS["sigmoid"].slope(a)
    return (jax.nn.sigmoid(a) - _rows(y, a)) * slope


def _rows(y: Array, a: Float[Array, "N K"]) -> Float[Array, "N K"]:
    """Targets as the outputs are: numbers `[N]` or `[N, K]`, or the one-hot rows of classes `[N]`."""
    return _one_hot(y, a) if y.ndim == 1 and a.shape[1] > 1 else y.reshape(a.shape).astype(a.dtype)


def _one_hot(y: Array, a: Float[Array, "N K"]) -> Float[Array, "N K"]:
    return (y[:, None] == jnp.arange(a.shape[1])).astype(a.dtype)


CLOSED_FORMS: Mapping[type[Likelihood], Callable[[Any, Array, Array], Array]] = MappingProxyType(
    {
        Gaussian: _gaussian,
        Bernoulli: _sigmoid,
        Categorical: _softmax,
        Poisson: _exponential,
        SigmoidQuadratic: _sigmoid_and_slope,
        SigmoidCrossEntropy: _sigmoid,
    }
)
"""∂loss/∂a as the sources write it."""
