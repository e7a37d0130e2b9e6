"""Maxout units."""

import functools

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from shinso import _checks
from shinso.nn._layer import Layer, Operation, Shape


class Maxout(Layer):
    """h_i = max_j z_ij over j = 1 … k: each unit is the largest of k affine pieces, a convex function it learns.

    It stands where an activation stands, after an affine layer of k times as many outputs: `Dense(inputs, k * units)` and
    `Maxout(k)`, or a convolution of k times as many maps. The last axis is read as k blocks, one piece of all units after
    the other: z_ij is number (j − 1)·units + i. A derivative goes to the largest piece; pieces that tie share it.

    Args:
        pieces: k ≥ 2.

    Raises:
        ValueError: `pieces` is below 2.

    Source: Goodfellow et al. (2013), equation for h_i(x); Goodfellow et al., §6.3.1 and §8.7.5.
    """

    pieces: int = eqx.field(static=True)

    def __init__(self, pieces: int = 2):
        self.pieces = _checks.whole_number("pieces", pieces, least=2)

    @property
    def monotone(self) -> bool:
        """False: a unit is a function of several numbers."""
        return False

    @property
    def rectifier(self) -> bool:
        """True: He initialization is made for it too."""
        return True

    def __call__(
        self, x: Float[Array, "N *shape features"], *, key: PRNGKeyArray | None = None
    ) -> Float[Array, "N *shape units"]:
        """Return the largest piece of each unit.

        Raises:
            ValueError: the last axis is no multiple of `pieces`.
        """
        self.output_shape(x.shape[1:])
        return functools.reduce(jnp.maximum, jnp.split(x, self.pieces, axis=-1))

    def output_shape(self, input_shape: Shape) -> Shape:
        """`input_shape` with its last number divided by `pieces`."""
        if not input_shape or input_shape[-1] % self.pieces:
            raise ValueError(
                f"Maxout takes examples whose last size is a multiple of {self.pieces}; got shape {tuple(input_shape)}."
            )
        return (*input_shape[:-1], input_shape[-1] // self.pieces)

    @property
    def description(self) -> str:
        """The class and k."""
        return f"{type(self).__name__} of {self.pieces}"

    def operations(self, input_shape: Shape) -> list[Operation]:
        """One `maxout`."""
        return [{"operation": "maxout", "pieces": self.pieces}]
