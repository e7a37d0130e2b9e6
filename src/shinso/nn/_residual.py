"""Skip connections."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from shinso import _checks
from shinso.nn import _windows
from shinso.nn._keys import keys_for
from shinso.nn._layer import Layer, Shape


class Residual(Layer):
    """F(x) + x, or F(x) + s(x) with a shortcut s where F changes the shape.

    ∂(F + x)/∂x = F′ + 1: gradients reach what lies below without passing any weight or activation.

    Args:
        block: F, any layer, such as a `Sequential`.
        shortcut: s: a projection (`Dense`, a 1×1 convolution of the block's stride) or `PaddedShortcut`; None for x itself.

    Raises:
        TypeError: one of them is no layer.

    Source: Goodfellow et al., §8.7.5; He et al. (2016), equations (1)–(2).
    """

    block: Layer
    shortcut: Layer | None

    def __init__(self, block: Layer, shortcut: Layer | None = None):
        for name, layer in {"block": block, "shortcut": shortcut}.items():
            if not isinstance(layer, Layer) and not (name == "shortcut" and layer is None):
                raise TypeError(f"{name} must be a layer; got {type(layer).__name__}.")
        self.block = block
        self.shortcut = shortcut

    @property
    def uses_key(self) -> bool:
        """Whether block or shortcut draw random numbers in training."""
        return any(layer.uses_key for layer in self._layers)

    @property
    def _layers(self) -> tuple[Layer, ...]:
        return (self.block,) if self.shortcut is None else (self.block, self.shortcut)

    def __call__(self, x: Float[Array, "N *shape"], *, key: PRNGKeyArray | None = None) -> Array:
        """Return the sum.

        Raises:
            ValueError: block and shortcut give different shapes.
        """
        sums: Array = self.call_and_update(x, key=key)[0]
        return sums

    def call_and_update(self, x: Any, *, key: PRNGKeyArray | None = None) -> tuple[Any, "Residual"]:
        """Return the sum, and the layer with the buffers of block and shortcut brought up to date."""
        self.output_shape(x.shape[1:])
        keys = keys_for(self._layers, key)
        block, block_after = self.block.call_and_update(x, key=keys[0])
        if self.shortcut is None:
            return block + x, Residual(block_after)
        shortcut, shortcut_after = self.shortcut.call_and_update(x, key=keys[1])
        return block + shortcut, Residual(block_after, shortcut_after)

    def output_shape(self, input_shape: Shape) -> Shape:
        """The block's, which must be the shortcut's too."""
        shape = tuple(self.block.output_shape(input_shape))
        beside = tuple(input_shape if self.shortcut is None else self.shortcut.output_shape(input_shape))
        if shape != beside:
            raise ValueError(f"Residual takes a block that gives the shape {beside} of its shortcut; got {shape}.")
        return shape

    def inside(self, input_shape: Shape) -> list[tuple[str, Layer, Shape]]:
        """The block and the shortcut."""
        return [(name, layer, input_shape) for name, layer in zip(("", "shortcut: "), self._layers, strict=False)]

    def multiply_adds(self, input_shape: Shape) -> int:
        """The block's and the shortcut's."""
        return sum(layer.multiply_adds(input_shape) for layer in self._layers)


class PaddedShortcut(Layer):
    """A shortcut without parameters: every s-th row and column, then maps of zeros, half of them on either side.

    Args:
        stride: s ≥ 1.
        maps: how many maps of zeros to add, ≥ 0.

    Raises:
        ValueError: a number below that.

    Source: He et al. (2016), §3.3, option A.
    """

    stride: int = eqx.field(static=True)
    maps: int = eqx.field(static=True)

    def __init__(self, stride: int, maps: int):
        self.stride = _checks.whole_number("stride", stride, least=1)
        self.maps = _checks.whole_number("maps", maps)

    def __call__(self, x: Float[Array, "N H W C"], *, key: PRNGKeyArray | None = None) -> Float[Array, "N h w maps"]:
        """Return the smaller, deeper images."""
        self.output_shape(x.shape[1:])
        before = self.maps // 2
        kept = x[:, :: self.stride, :: self.stride]
        return jnp.pad(kept, ((0, 0), (0, 0), (0, 0), (before, self.maps - before)))

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(⌈H/s⌉, ⌈W/s⌉, C + maps)`."""
        if len(input_shape) != 3:
            raise ValueError(f"PaddedShortcut takes images of shape (height, width, maps); got {tuple(input_shape)}.")
        rows, columns = (_windows.count(size, 1, self.stride) for size in input_shape[:2])
        return rows, columns, input_shape[2] + self.maps
