"""From images to vectors."""

import math
from typing import Any, Self

from jaxtyping import Array, Float, PRNGKeyArray

from shinso.nn._layer import Layer, Operation, Shape


class Flatten(Layer):
    """`[N, …]` to `[N, D]`, D the product of the other axes, the last axis varying fastest."""

    def __call__(self, x: Float[Array, "N *shape"], *, key: PRNGKeyArray | None = None) -> Float[Array, "N D"]:
        """Return `x` with all axes but the first made one."""
        return x.reshape(x.shape[0], math.prod(x.shape[1:]))

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(D,)`."""
        return (math.prod(input_shape),)

    def operations(self, input_shape: Shape) -> list[Operation]:
        """One `flatten`."""
        return [{"operation": "flatten"}]

    def backpropagate(self, x: Any, delta: Any, *, key: PRNGKeyArray | None = None) -> tuple[Array, Self]:
        """Return δ in the shape of x."""
        return delta.reshape(x.shape), self

    def backpropagate_diagonal(self, x: Array, first: Array, second: Array) -> tuple[Array, Array, Self]:
        """Return both derivatives in the shape of x."""
        return first.reshape(x.shape), second.reshape(x.shape), self
