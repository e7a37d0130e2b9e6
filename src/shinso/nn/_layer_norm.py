"""Layer normalization."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from shinso import _checks
from shinso._numbers import device_array
from shinso.nn._layer import Layer, Operation, Shape


class LayerNorm(Layer):
    """y = γ (a − μ) / √(σ² + c) + β, μ and σ² the mean and (biased) variance of one example's own numbers.

    The statistics run over all numbers of the example, for images over all places and maps; γ and β belong to a feature,
    the last axis of a. Nothing depends on the other examples, so training and prediction are the same. For every step of a
    sequence by itself, `TimeDistributed(LayerNorm(features))`.

    Args:
        features: size of the last axis, at least 1.
        epsilon: c > 0.

    Raises:
        ValueError: an argument out of range.

    Source: Ba, Kiros and Hinton (2016), equations (3)–(4); beside batch normalization, Goodfellow et al., §8.7.1.
    """

    scale: Float[Array, " features"]
    bias: Float[Array, " features"]
    epsilon: float = eqx.field(static=True)

    def __init__(self, features: int, *, epsilon: float = 1e-5):
        features = _checks.whole_number("features", features, least=1)
        self.epsilon = _checks.real("epsilon", epsilon, above=0.0)
        self.scale = device_array(np.ones(features))
        self.bias = device_array(np.zeros(features))

    def __call__(
        self, x: Float[Array, "N *shape features"], *, key: PRNGKeyArray | None = None
    ) -> Float[Array, "N *shape features"]:
        """Return y.

        Raises:
            ValueError: the last axis is not `features`.
        """
        self.output_shape(x.shape[1:])
        axes = tuple(range(1, x.ndim))
        centred = x - jnp.mean(x, axes, keepdims=True)
        variance = jnp.mean(jnp.square(centred), axes, keepdims=True)
        return centred * jax.lax.rsqrt(variance + self.epsilon) * self.scale + self.bias

    def output_shape(self, input_shape: Shape) -> Shape:
        """`input_shape`, if its last number is `features`."""
        (features,) = self.scale.shape
        if not input_shape or input_shape[-1] != features:
            raise ValueError(f"LayerNorm takes examples with {features} features last; got shape {tuple(input_shape)}.")
        return tuple(input_shape)

    def operations(self, input_shape: Shape) -> list[Operation]:
        """One `layer_norm`."""
        return [{"operation": "layer_norm", "scale": self.scale, "bias": self.bias, "epsilon": self.epsilon}]
