"""Batch normalization."""

import math
from typing import Any, Self

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from shinso import _checks
from shinso._numbers import device_array
from shinso.nn._buffers import Buffers
from shinso.nn._layer import Layer, Operation, Shape


class Moments(Buffers):
    """Mean and variance of each feature over the examples seen, and how many mini-batches or examples these were."""

    mean: Float[Array, " features"]
    variance: Float[Array, " features"]
    count: Float[Array, ""]

    def __init__(self, features: int):
        self.mean = device_array(np.zeros(features))
        self.variance = device_array(np.ones(features))
        self.count = device_array(np.zeros(()))

    def restarted(self) -> "Moments":
        """Return moments of no example; what is merged into them replaces them."""
        return _moments_of(self, *(jnp.zeros_like(leaf) for leaf in (self.mean, self.variance, self.count)))


class BatchNorm(Layer):
    """y = γ (a − μ) / √(σ² + c) + β for each feature, the last axis of a.

    In training μ and σ² are mean and (biased) variance over the mini-batch S and, for images, over all places:
    μ_S = 1/|S| Σ a, σ_S² = 1/|S| Σ (a − μ_S)²; gradients go through both. In prediction they are those of the whole training
    set, which training estimates as it goes: a plain mean over the first 1/(1 − `momentum`) mini-batches, an exponential
    moving average after that, the variance with the factor |S|/(|S| − 1) that makes it unbiased.
    `shinso.training.recalibrate_batch_norm` replaces the estimate by the exact statistics. β sets the mean of y, γ its
    standard deviation.

    Args:
        features: size of the last axis, at least 1.
        momentum: weight of the past in the moving average, in [0, 1).
        epsilon: c > 0.

    Raises:
        ValueError: an argument out of range.

    Source: notes on neural networks, §2.3.3; Goodfellow et al., §8.7.1, (8.35)–(8.37); Ioffe and Szegedy (2015).
    """

    scale: Float[Array, " features"]
    bias: Float[Array, " features"]
    moments: Moments
    momentum: float = eqx.field(static=True)
    epsilon: float = eqx.field(static=True)

    def __init__(self, features: int, *, momentum: float = 0.99, epsilon: float = 1e-5):
        features = _checks.whole_number("features", features, least=1)
        self.momentum = _checks.real("momentum", momentum, least=0.0, below=1.0)
        self.epsilon = _checks.real("epsilon", epsilon, above=0.0)
        self.scale = device_array(np.ones(features))
        self.bias = device_array(np.zeros(features))
        self.moments = Moments(features)

    def __call__(
        self, x: Float[Array, "N *shape features"], *, key: PRNGKeyArray | None = None
    ) -> Float[Array, "N *shape features"]:
        """Return y; with a key by the statistics of `x` itself.

        Raises:
            ValueError: the last axis is not `features`, or in training a feature has fewer than two values.
        """
        output: Array = self.call_and_update(x, key=key)[0]
        return output

    def call_and_update(self, x: Any, *, key: PRNGKeyArray | None = None) -> tuple[Any, "BatchNorm"]:
        """Return y and, if there is a key, the layer with `x` taken into its statistics."""
        self.output_shape(x.shape[1:])
        if key is None:
            return self._normalize(x, self.moments.mean, self.moments.variance), self
        n = math.prod(x.shape[:-1])
        if n < 2:
            raise ValueError("BatchNorm takes at least 2 values of each feature in training; got a mini-batch of 1.")
        mean, variance = moments(x)
        return self._normalize(x, mean, variance), self._with_moments(self._averaged(mean, variance * (n / (n - 1))))

    def _normalize(self, x: Array, mean: Array, variance: Array) -> Array:
        factor = self.scale * jax.lax.rsqrt(variance + self.epsilon)
        return (x - mean) * factor + self.bias

    def _averaged(self, mean: Array, variance: Array) -> Moments:
        old = self.moments
        share = jnp.maximum(1 / (old.count + 1), 1 - self.momentum).astype(old.mean.dtype)
        return _moments_of(
            old,
            old.mean + share * (jax.lax.stop_gradient(mean) - old.mean),
            old.variance + share * (jax.lax.stop_gradient(variance) - old.variance),
            old.count + 1,
        )

    def _with_moments(self, moments: Moments) -> "BatchNorm":
        changed: BatchNorm = eqx.tree_at(lambda layer: layer.moments, self, moments)
        return changed

    def output_shape(self, input_shape: Shape) -> Shape:
        """`input_shape`, if its last number is `features`."""
        (features,) = self.scale.shape
        if not input_shape or input_shape[-1] != features:
            raise ValueError(f"BatchNorm takes examples with {features} features last; got shape {tuple(input_shape)}.")
        return tuple(input_shape)

    def operations(self, input_shape: Shape) -> list[Operation]:
        """One `scale`."""
        factor = self.scale * jax.lax.rsqrt(self.moments.variance + self.epsilon)
        return [{"operation": "scale", "factor": factor, "shift": self.bias - self.moments.mean * factor}]

    def backpropagate(self, x: Any, delta: Any, *, key: PRNGKeyArray | None = None) -> tuple[Array, Self]:
        """Return ∂C/∂a and the gradients Σ δ â by γ, Σ δ by β, with â = (a − μ)/√(σ² + c).

        In prediction ∂C/∂a = γδ/√(σ² + c). In training μ and σ² are functions of a too, and with m examples (for images
        examples × places)

            ∂C/∂a = γ/√(σ² + c) · (δ − 1/m Σ δ − â · 1/m Σ δ â).

        Source: Ioffe and Szegedy (2015), §3; Goodfellow et al., §8.7.1.
        """
        axes = tuple(range(x.ndim - 1))
        mean, variance = (self.moments.mean, self.moments.variance) if key is None else moments(x)
        inverse = jax.lax.rsqrt(variance + self.epsilon)
        normalized = (x - mean) * inverse
        scale, bias = jnp.sum(delta * normalized, axes), jnp.sum(delta, axes)
        gradient: Self = eqx.tree_at(lambda layer: (layer.scale, layer.bias), self, (scale, bias))
        if key is not None:
            m = math.prod(x.shape[:-1])
            delta = delta - bias / m - normalized * (scale / m)
        return self.scale * inverse * delta, gradient


def moments(x: Float[Array, "*shape features"]) -> tuple[Float[Array, " features"], Float[Array, " features"]]:
    """Return mean and biased variance of each feature over all other axes, in two passes over `x`."""
    axes = tuple(range(x.ndim - 1))
    mean = jnp.mean(x, axes)
    return mean, jnp.mean(jnp.square(x - mean), axes)


class _Observer(Layer):
    """A `BatchNorm` in prediction that adds up the moments of what reaches it."""

    layer: BatchNorm
    seen: Moments

    def __call__(self, x: Array, *, key: PRNGKeyArray | None = None) -> Array:
        return self.layer(x)

    def call_and_update(self, x: Any, *, key: PRNGKeyArray | None = None) -> tuple[Any, "_Observer"]:
        # Two sets of numbers with means m and variances v are merged (Chan, Golub and LeVeque): exact for any chunks.
        old, more = self.seen, math.prod(x.shape[:-1])
        mean, variance = moments(x)
        total = old.count + more
        part = (more / total).astype(mean.dtype)
        difference = mean - old.mean
        merged = _moments_of(
            old,
            old.mean + part * difference,
            old.variance + part * (variance - old.variance) + part * (1 - part) * difference**2,
            total,
        )
        return self.layer(x), eqx.tree_at(lambda layer: layer.seen, self, merged)


def observed(model: PyTree[Any]) -> PyTree[Any]:
    """Return the model in which every `BatchNorm` predicts as before and, by `call_and_update`, takes down its input."""

    def observer(node: Any) -> Any:
        if not isinstance(node, BatchNorm):
            return node
        return _Observer(node, node.moments.restarted())

    return jax.tree.map(observer, model, is_leaf=lambda node: isinstance(node, BatchNorm))


def with_observed(model: PyTree[Any]) -> PyTree[Any]:
    """Return the model with each `BatchNorm` predicting by what its observer has taken down."""

    def layer(node: Any) -> Any:
        if not isinstance(node, _Observer):
            return node
        old = node.layer.moments
        return node.layer._with_moments(_moments_of(old, node.seen.mean, node.seen.variance, old.count))

    return jax.tree.map(layer, model, is_leaf=lambda node: isinstance(node, _Observer))


def _moments_of(like: Moments, mean: Array, variance: Array, count: Array) -> Moments:
    made: Moments = eqx.tree_at(lambda m: (m.mean, m.variance, m.count), like, (mean, variance, count))
    return made
