"""The last layer of proportional odds."""

from typing import Self

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from shinso import _checks
from shinso._numbers import device_array
from shinso.nn._layer import Layer, Shape


class SharedThresholds(Layer):
    """One number f and K − 1 parameters shared by all examples, `[N, 1]` to `[N, K]`: what `objectives.Ordinal` reads.

    With it the classes' cuts are the same for every x, and the odds of y ≤ k are e^(θ_k − f(x)): proportional odds. At
    first all classes are as probable where f = 0.

    Args:
        classes: K ≥ 2.

    Raises:
        ValueError: fewer.

    Source: McCullagh, Regression models for ordinal data (1980), (2.1).
    """

    thresholds: Float[Array, " K-1"]

    def __init__(self, classes: int):
        classes = _checks.whole_number("classes", classes, least=2)
        below = np.arange(1, classes) / classes
        cuts = np.log(below / (1 - below))
        self.thresholds = device_array(np.concatenate([cuts[:1], np.log(np.expm1(np.diff(cuts)))]))

    def __call__(self, x: Float[Array, "N 1"], *, key: PRNGKeyArray | None = None) -> Float[Array, "N K"]:
        """Return f beside the parameters.

        Raises:
            ValueError: `x` is not `[N, 1]`.
        """
        self.output_shape(x.shape[1:])
        shared = jnp.broadcast_to(self.thresholds.astype(x.dtype), (x.shape[0], *self.thresholds.shape))
        return jnp.concatenate([x, shared], axis=-1)

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(K,)`, if `input_shape` is `(1,)`."""
        if tuple(input_shape) != (1,):
            raise ValueError(f"SharedThresholds takes examples of shape (1,); got {tuple(input_shape)}.")
        return (self.thresholds.shape[0] + 1,)

    def backpropagate(self, x: Array, delta: Array, *, key: PRNGKeyArray | None = None) -> tuple[Array, Self]:
        """Return the first column of δ, and the sums over examples of the others."""
        held: Self = eqx.tree_at(lambda layer: layer.thresholds, self, delta[:, 1:].sum(axis=0))
        return delta[:, :1], held
