"""Two-dimensional convolutions."""

import math
from typing import Any, ClassVar, Self

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from shinso import _checks, _threefry
from shinso.nn import _windows
from shinso.nn._initializers import Fans, Initializer, initialize
from shinso.nn._layer import Layer, Operation, Shape
from shinso.nn._lowerings import convolve
from shinso.nn._pooling import MaxPool2d, MeanPool2d
from shinso.nn._tap import Site, Use, use_of

Padding = str | int | tuple[int, int] | tuple[tuple[int, int], tuple[int, int]]


class Convolution(Layer):
    """What convolutions have in common: a kernel slid over a padded image, and perhaps a pooling of the maps."""

    weight: Float[Array, "kh kw group_inputs outputs"]
    pool: MaxPool2d | MeanPool2d | None
    stride: _windows.Pair = eqx.field(static=True)
    padding: str | _windows.Pads = eqx.field(static=True)
    bias: eqx.AbstractVar[Float[Array, " outputs"] | None]
    groups: int = eqx.field(static=True)

    def _maps(self, x: Float[Array, "N H W inputs"]) -> Float[Array, "N h w outputs"]:
        """The feature maps before the bias, pooled if the layer pools."""
        self.output_shape(x.shape[1:])
        maps = convolve(self._padded(x), self.weight, self.stride, self.groups)
        return maps if self.pool is None else self.pool(maps)

    def _padded(self, x: Float[Array, "N H W inputs"]) -> Float[Array, "N H W inputs"]:
        rows, columns = self._pads(x.shape[1:])
        return x if rows == columns == (0, 0) else jnp.pad(x, ((0, 0), rows, columns, (0, 0)))

    def _pads(self, input_shape: Shape) -> _windows.Pads:
        return _windows.pads(self.padding, input_shape[:2], self.weight.shape[:2], self.stride)

    def _map_shape(self, input_shape: Shape) -> Shape:
        name = type(self).__name__
        height, width, group_inputs, outputs = self.weight.shape
        inputs = group_inputs * self.groups
        if len(input_shape) != 3 or input_shape[2] != inputs:
            raise ValueError(f"{name} takes images of shape (height, width, {inputs}); got {tuple(input_shape)}.")
        (top, bottom), (left, right) = self._pads(input_shape)
        rows, columns = input_shape[0] + top + bottom, input_shape[1] + left + right
        if rows < height or columns < width:
            raise ValueError(
                f"{name} with a {height}×{width} kernel needs a padded image at least that large; got {rows}×{columns}."
            )
        down, across = self.stride
        return _windows.count(rows, height, down), _windows.count(columns, width, across), outputs

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(h, w, outputs)`, after the pool if there is one."""
        shape = self._map_shape(input_shape)
        return shape if self.pool is None else self.pool.output_shape(shape)

    def multiply_adds(self, input_shape: Shape) -> int:
        """Places × kernel area × input maps of a group × feature maps."""
        rows, columns, _ = self._map_shape(input_shape)
        return rows * columns * math.prod(self.weight.shape)

    def operations(self, input_shape: Shape) -> list[Operation]:
        """A `convolution`, the pool if there is one, and an `add` if there is a bias."""
        maps = {"weight": self.weight, "stride": self.stride, "pads": self._pads(input_shape), "groups": self.groups}
        pooled = [] if self.pool is None else self.pool.operations(self._map_shape(input_shape))
        bias = [] if self.bias is None else [{"operation": "add", "bias": self.bias}]
        return [{"operation": "convolution", **maps}, *pooled, *bias]

    @property
    def description(self) -> str:
        """The kernel's size and what else distinguishes the layer."""
        kernel = f"Conv2d {self.weight.shape[0]}×{self.weight.shape[1]}"
        groups = f", {self.groups} groups" if self.groups > 1 else ""
        bias = "" if self.bias is not None else ", no bias"
        return kernel + groups + bias + ("" if self.pool is None else f", {self.pool.description}")


class Conv2d(Convolution):
    """Feature maps S_ij = Σ_ab W_ab X_(i+a)(j+b) + bias, `[N, H, W, inputs]` to `[N, h, w, outputs]`.

    A cross-correlation, as in the sources and every library; `weight` is `[kh, kw, inputs, outputs]`, `bias` is
    `[outputs]`, shared by all places of a map. With pads p and stride s, h = ⌊(H + p_top + p_bottom − kh)/s⌋ + 1.

    Args:
        inputs: number of input maps (colours), at least 1.
        outputs: number of feature maps, at least 1.
        kernel_size: one number or (height, width).
        stride: one number or (down, across).
        padding: "valid" (none), "same" (h = ⌈H/s⌉, zeros added on both sides, one more at the lower right if odd),
            a number, a pair (rows, columns) or ((top, bottom), (left, right)).
        pool: a `MaxPool2d` or `MeanPool2d` to apply before the bias is added: the same numbers as pooling
            afterwards, because either commutes with adding a constant, for a pool's area fewer additions.
        weight_init: initializer of the weights; n_in and n_out count maps × kh × kw.
        bias_init: initializer of the biases.
        key: random key.

    Raises:
        ValueError: a size below 1, an unknown padding or initializer.

    Source: notes on neural networks, §2.4.1; Nielsen, chapter 6, equation (125).
    """

    bias: Float[Array, " outputs"]
    sites: ClassVar[tuple[Site, ...]] = (Site("weight", "bias"),)
    operations = Convolution.operations

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel_size: int | tuple[int, int],
        *,
        stride: int | tuple[int, int] = 1,
        padding: Padding = "valid",
        pool: MaxPool2d | MeanPool2d | None = None,
        weight_init: Initializer = "glorot_uniform",
        bias_init: Initializer = "zeros",
        key: PRNGKeyArray,
    ):
        inputs = _checks.whole_number("inputs", inputs, least=1)
        outputs = _checks.whole_number("outputs", outputs, least=1)
        height, width = _windows.pair("kernel_size", kernel_size, least=1)
        fans = Fans(inputs * height * width, outputs * height * width)
        weight_key, bias_key = _threefry.split(key)
        shape = (height, width, inputs, outputs)
        self.weight = initialize(weight_init, weight_key, shape, fans, argument="weight_init")
        self.bias = initialize(bias_init, bias_key, (outputs,), fans, argument="bias_init")
        self.stride = _windows.pair("stride", stride, least=1)
        self.padding = _windows.padding(padding)
        self.pool = pool
        self.groups = 1

    def __call__(
        self, x: Float[Array, "N H W inputs"], *, key: PRNGKeyArray | None = None
    ) -> Float[Array, "N h w outputs"]:
        """Return the feature maps, pooled if the layer pools.

        Raises:
            ValueError: `x` is not `[N, H, W, inputs]`, or smaller than the kernel.
        """
        return self._maps(x) + self.bias

    def tapped(self, x: Any, probe: Array) -> tuple[Array, Use]:
        """Return the output with the probe on the maps before the pool, and the windows of every place."""
        # The layer pools before it adds the bias, which commutes: without its pool it gives the pre-activations.
        plain = self._without_pool()
        sums = plain(x) + probe
        area = self.weight.size // self.weight.shape[-1]
        identity = jnp.eye(area, dtype=x.dtype).reshape(*self.weight.shape[:-1], area)
        windows = plain._holding(identity, jnp.zeros(area, x.dtype))(x).reshape(-1, area)
        return sums if self.pool is None else self.pool(sums), use_of(windows, probe, sums)

    def backpropagate(self, x: Any, delta: Any, *, key: PRNGKeyArray | None = None) -> tuple[Array, Self]:
        """Return δWᵀ of every window added in where it was, and the gradients aᵀδ over windows a, Σ δ over places."""
        bias = delta.sum(axis=(0, 1, 2))  # every place of a map shares its bias
        if self.pool is not None:
            delta, _ = self.pool.backpropagate(self._without_pool()._maps(x), delta)
        padded = self._padded(x)
        windows = _windows.copied(padded, (self.weight.shape[0], self.weight.shape[1]), self.stride)
        weight = jnp.tensordot(windows, delta, axes=((0, 1, 2), (0, 1, 2)))
        deltas = _windows.added(jnp.tensordot(delta, self.weight, axes=(3, 3)), padded.shape, self.stride)
        (top, _), (left, _) = self._pads(x.shape[1:])
        below = deltas[:, top : top + x.shape[1], left : left + x.shape[2]]
        return below, self._holding(weight.astype(self.weight.dtype), bias.astype(self.bias.dtype))

    def _without_pool(self) -> Self:
        plain: Self = self if self.pool is None else eqx.tree_at(lambda layer: layer.pool, self, None)
        return plain

    def _holding(self, weight: Array, bias: Array) -> Self:
        held: Self = eqx.tree_at(lambda layer: (layer.weight, layer.bias), self, (weight, bias))
        return held
