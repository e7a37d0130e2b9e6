"""From images and vectors to sequences."""

import math
from typing import Any, Self

from jaxtyping import Array, Float, PRNGKeyArray

from shinso.nn._layer import Layer, Shape


class AsSequence(Layer):
    """`[N, H, W, C]` to `[N, H, W·C]`, an image's rows its steps; `[N, D]` to `[N, D, 1]`, one number a step."""

    def __call__(self, x: Float[Array, "N *shape"], *, key: PRNGKeyArray | None = None) -> Float[Array, "N T D"]:
        """Return `x` with the axes of an example after the first made one."""
        return x.reshape(x.shape[0], *self.output_shape(x.shape[1:]))

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(T, D)`."""
        return input_shape[0], math.prod(input_shape[1:])

    def backpropagate(self, x: Any, delta: Any, *, key: PRNGKeyArray | None = None) -> tuple[Array, Self]:
        """Return δ in the shape of x."""
        return delta.reshape(x.shape), self
