"""Layers between recurrent layers and after them: the last step, and every step alike."""

from typing import Any, Self

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from shinso import _checks
from shinso._sequences import Sequences
from shinso.nn._layer import Layer, Shape
from shinso.nn._sequences import closed, opened, present_steps


class LastStep(Layer):
    """The output at each sequence's own last step: `[N, T, D]` or `Sequences` to `[N, D]`.

    Args:
        backward: how many of the last features come from a backward direction; they are read where that direction ends,
            at the first step.

    Raises:
        ValueError: `backward` is not a whole number of at least 0.
    """

    backward: int = eqx.field(static=True)

    def __init__(self, backward: int = 0):
        self.backward = _checks.whole_number("backward", backward)

    def __call__(self, x: Float[Array, "N T D"] | Sequences, *, key: PRNGKeyArray | None = None) -> Float[Array, "N D"]:
        """Return the last step of each sequence.

        Raises:
            ValueError: `x` is not `[N, T, D]` with D ≥ `backward`.
        """
        values, lengths = opened(x)
        (width,) = self.output_shape(values.shape[1:])
        last = (
            values[:, -1]
            if lengths is None
            else jnp.take_along_axis(values, (lengths - 1)[:, None, None], axis=1)[:, 0]
        )
        forward = width - self.backward
        return jnp.concatenate([last[:, :forward], values[:, 0, forward:]], axis=-1) if self.backward else last

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(D,)`, if `input_shape` is `(T, D)`."""
        if len(input_shape) != 2 or input_shape[1] < self.backward:
            wanted = f"(T, D) with D ≥ {self.backward}" if self.backward else "(T, D)"
            raise ValueError(f"LastStep takes sequences of shape {wanted}; got {tuple(input_shape)}.")
        return (input_shape[1],)

    def backpropagate(self, x: Any, delta: Any, *, key: PRNGKeyArray | None = None) -> tuple[Any, Self]:
        """Return δ at each sequence's last step, 0 at the others; at the first where a backward direction ends."""
        values, lengths = opened(x)
        ends = (values.shape[1] if lengths is None else lengths) - 1
        forward = values.shape[-1] - self.backward
        below = jnp.zeros(values.shape, delta.dtype).at[jnp.arange(len(values)), ends, :forward].set(delta[:, :forward])
        return closed(below.at[:, 0, forward:].set(delta[:, forward:]), lengths), self


class TimeDistributed(Layer):
    """The same layer at every step: `[N, T, D]` or `Sequences` to the same with the layer's outputs.

    Args:
        layer: a layer for examples of shape `(D,)`.
    """

    layer: Layer

    @property
    def uses_key(self) -> bool:
        """Whether the layer does."""
        return self.layer.uses_key

    def __call__(self, x: Float[Array, "N T D"] | Sequences, *, key: PRNGKeyArray | None = None) -> Any:
        """Return the layer's output for every step, as `Sequences` if `x` is; 0 in the padding.

        Raises:
            ValueError: `x` is not `[N, T, D]`, or the layer does not accept `(D,)`.
        """
        values, lengths = opened(x)
        n = values.shape[0]
        steps, *shape = self.output_shape(values.shape[1:])
        outputs = self.layer(values.reshape(n * steps, -1), key=key)
        return closed(outputs.reshape(n, steps, *shape), lengths)

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(T, outputs)`, if `input_shape` is `(T, D)`."""
        if len(input_shape) != 2:
            raise ValueError(f"TimeDistributed takes sequences of shape (T, D); got {tuple(input_shape)}.")
        return (input_shape[0], *self.layer.output_shape(input_shape[1:]))

    def multiply_adds(self, input_shape: Shape) -> int:
        """T times the layer's."""
        return input_shape[0] * self.layer.multiply_adds(input_shape[1:])

    @property
    def description(self) -> str:
        """The class and the layer."""
        return f"{type(self).__name__} {self.layer.description}"

    def present_rows(self, x: Any) -> Float[Array, " R"]:
        """Return 1 for each of the N·T steps, 0 for those of the padding."""
        return present_steps(x).reshape(-1)

    def backpropagate(self, x: Any, delta: Any, *, key: PRNGKeyArray | None = None) -> tuple[Any, Self]:
        """Return what the layer gives back for every step, and its gradient, summed over steps."""
        values, lengths = opened(x)
        rows, deltas = (array.reshape(-1, array.shape[-1]) for array in (values, opened(delta)[0]))
        below, gradient = self.layer.backpropagate(rows, deltas, key=key)
        changed: Self = eqx.tree_at(lambda steps: steps.layer, self, gradient)
        return closed(below.reshape(values.shape), lengths), changed
