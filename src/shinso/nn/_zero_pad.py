"""Zeros around images."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from shinso.nn import _windows
from shinso.nn._layer import Layer, Operation, Shape


class ZeroPad2d(Layer):
    """Puts zeros around every image: `[N, H, W, C]` to `[N, H + top + bottom, W + left + right, C]`.

    Before a `MaxPool2d` of numbers that are never negative it is that pool's padding.

    Args:
        padding: a number, a pair (rows, columns) or ((top, bottom), (left, right)).

    Raises:
        ValueError: none of these, or a number below 0.
    """

    padding: _windows.Pads = eqx.field(static=True)

    def __init__(self, padding: int | tuple[int, int] | tuple[tuple[int, int], tuple[int, int]]):
        pads = _windows.padding(padding)
        if isinstance(pads, str):
            raise ValueError(f"padding must be numbers of zeros; got {padding!r}.")
        self.padding = pads

    def __call__(self, x: Float[Array, "N H W C"], *, key: PRNGKeyArray | None = None) -> Float[Array, "N h w C"]:
        """Return the images with zeros around them."""
        self.output_shape(x.shape[1:])
        return jnp.pad(x, ((0, 0), *self.padding, (0, 0)))

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(H + top + bottom, W + left + right, C)`."""
        if len(input_shape) != 3:
            raise ValueError(f"ZeroPad2d takes images of shape (height, width, maps); got {tuple(input_shape)}.")
        height, width, maps = input_shape
        return height + sum(self.padding[0]), width + sum(self.padding[1]), maps

    def operations(self, input_shape: Shape) -> list[Operation]:
        """One `pad`."""
        return [{"operation": "pad", "pads": self.padding}]
