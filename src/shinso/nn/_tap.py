"""What a layer shows of itself: what its weights are multiplied with."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float


class Site(NamedTuple):
    """Arrays of a layer that make one matrix: those of `weight`, by their last axis, and below them `bias`.

    Attributes:
        weight: the weight's name in the layer; None if the bias stands alone.
        bias: the bias's name; None if there is none.
    """

    weight: str | None
    bias: str | None

    @property
    def names(self) -> tuple[str, ...]:
        """The arrays' names in the layer."""
        return tuple(name for name in self if name is not None)

    def paths(self, layer: str) -> tuple[str, ...]:
        """The arrays' dotted paths in the model, of which `layer` is the layer's."""
        return tuple(f"{layer}.{name}".lstrip(".") for name in self.names)


class Use(NamedTuple):
    """One use of a layer: a weight W of site s has the gradient Σ_r rows[s]_r g_rᵀ, g_r the gradient by rows[s]_r W.

    Attributes:
        rows: what each site's weight is multiplied with: one row an example for a dense layer, the places of a convolution,
            the steps of a recurrence.
        present: 0 for rows of the padding, 1 for others.
        probe: what was added to the pre-activations, in their shape.
    """

    rows: tuple[Float[Array, "R a"], ...]
    present: Float[Array, " R"]
    probe: Float[Array, "*shape"]


def use_of(rows: Float[Array, "R a"], probe: Array, sums: Float[Array, "*shape"]) -> Use:
    """The use of a layer with one site and no padding, `sums` its pre-activations."""
    return Use((rows,), jnp.ones(len(rows), rows.dtype), jnp.broadcast_to(probe, sums.shape))
