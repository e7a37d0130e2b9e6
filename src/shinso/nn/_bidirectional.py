"""Two recurrent layers, one from each end."""

from typing import Any, Self

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from shinso._sequences import Sequences
from shinso.nn._layer import Layer, Shape
from shinso.nn._recurrent_layer import RecurrentLayer
from shinso.nn._sequences import closed, opened


class Bidirectional(Layer):
    """Two recurrent layers, one from each end: the outputs of `forward`, then those of `backward`, for every step.

    `backward` starts at each sequence's own last step, wherever the padding ends.

    Args:
        forward: a recurrent layer.
        backward: another with as many inputs and `reverse=True`.

    Raises:
        ValueError: `forward` goes backward, or `backward` does not.

    Source: Schuster and Paliwal (1997).
    """

    forward: RecurrentLayer
    backward: RecurrentLayer

    def __init__(self, forward: RecurrentLayer, backward: RecurrentLayer):
        if forward.reverse or not backward.reverse:
            raise ValueError(
                "forward must have reverse=False and backward reverse=True; "
                f"got {forward.reverse} and {backward.reverse}."
            )
        self.forward = forward
        self.backward = backward

    def __call__(self, x: Float[Array, "N T inputs"] | Sequences, *, key: PRNGKeyArray | None = None) -> Any:
        """Return `[N, T, units of both]`, as `Sequences` if `x` is."""
        pair = opened(self.forward(x)), opened(self.backward(x))
        return closed(jnp.concatenate([values for values, _ in pair], axis=-1), pair[0][1])

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(T, units of both)`, if `input_shape` is `(T, inputs)`."""
        steps, units = self.forward.output_shape(input_shape)
        return (steps, units + self.backward.output_shape(input_shape)[1])

    def multiply_adds(self, input_shape: Shape) -> int:
        """Sum of both."""
        return self.forward.multiply_adds(input_shape) + self.backward.multiply_adds(input_shape)

    @property
    def description(self) -> str:
        """The class and the layer's."""
        return f"{type(self).__name__} {self.forward.description}"

    def backpropagate(self, x: Any, delta: Any, *, key: PRNGKeyArray | None = None) -> tuple[Any, Self]:
        """Return the sum of what both directions give back, each of its own part of δ, and both gradients."""
        deltas, lengths = opened(delta)
        units = self.forward.units
        one, forward = self.forward.backpropagate(x, closed(deltas[..., :units], lengths))
        two, backward = self.backward.backpropagate(x, closed(deltas[..., units:], lengths))
        gradient: Self = eqx.tree_at(lambda both: (both.forward, both.backward), self, (forward, backward))
        return closed(opened(one)[0] + opened(two)[0], lengths), gradient
