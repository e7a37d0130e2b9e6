"""Two-dimensional convolutions."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from shinso import _checks
from shinso.nn import _windows
from shinso.nn._initializers import Fans, Initializer, initialize
from shinso.nn._layer import Layer, Shape
from shinso.nn._lowerings import convolve
from shinso.nn._pooling import MaxPool2d, MeanPool2d

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
        rows, columns = self._pads(x.shape[1:])
        if rows != (0, 0) or columns != (0, 0):
            x = jnp.pad(x, ((0, 0), rows, columns, (0, 0)))
        maps = convolve(x, self.weight, self.stride, self.groups)
        return maps if self.pool is None else self.pool(maps)

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

    Source: S0 §2.4.1; Nielsen, chapter 6, equation (125).
    """

    bias: Float[Array, " outputs"]

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
        weight_key, bias_key = jax.random.split(key)
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


class GroupedConv2d(Convolution):
    """A convolution whose feature maps fall into groups, each of which sees its own share of the input maps alone.

    As `Conv2d`, with map m of group g = ⌊m·G/outputs⌋ summed over the input maps g·inputs/G … (g + 1)·inputs/G − 1, so
    `weight` is `[kh, kw, inputs/G, outputs]`. One group without bias is what stands before a `BatchNorm`, whose β takes the
    bias's place.

    Args:
        inputs: number of input maps, a multiple of `groups`.
        outputs: number of feature maps, a multiple of `groups`.
        kernel_size: one number or (height, width).
        groups: G ≥ 1; 2 is the split over two processors of Krizhevsky's network, `inputs` a depthwise convolution.
        stride: as for `Conv2d`.
        padding: as for `Conv2d`.
        weight_init: initializer of the weights; n_in and n_out count the maps of one group.
        bias_init: initializer of the biases; None for no bias.
        key: random key.

    Raises:
        ValueError: a size below 1, sizes that `groups` does not divide, an unknown padding or initializer.

    Source: Nielsen, chapter 6 (the network of Krizhevsky, Sutskever and Hinton, 2012).
    """

    bias: Float[Array, " outputs"] | None

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel_size: int | tuple[int, int],
        *,
        groups: int = 1,
        stride: int | tuple[int, int] = 1,
        padding: Padding = "valid",
        weight_init: Initializer = "glorot_uniform",
        bias_init: Initializer | None = "zeros",
        key: PRNGKeyArray,
    ):
        self.groups = _checks.whole_number("groups", groups, least=1)
        sizes = [_checks.whole_number(name, size, least=1) for name, size in (("inputs", inputs), ("outputs", outputs))]
        if any(size % self.groups for size in sizes):
            raise ValueError(f"groups must divide inputs and outputs, {sizes[0]} and {sizes[1]}; got {groups}.")
        height, width = _windows.pair("kernel_size", kernel_size, least=1)
        group_inputs, group_outputs = sizes[0] // self.groups, sizes[1] // self.groups
        fans = Fans(group_inputs * height * width, group_outputs * height * width)
        weight_key, bias_key = jax.random.split(key)
        shape = (height, width, group_inputs, sizes[1])
        self.weight = initialize(weight_init, weight_key, shape, fans, argument="weight_init")
        self.bias = (
            None if bias_init is None else initialize(bias_init, bias_key, (sizes[1],), fans, argument="bias_init")
        )
        self.stride = _windows.pair("stride", stride, least=1)
        self.padding = _windows.padding(padding)
        self.pool = None

    def __call__(
        self, x: Float[Array, "N H W inputs"], *, key: PRNGKeyArray | None = None
    ) -> Float[Array, "N h w outputs"]:
        """Return the feature maps.

        Raises:
            ValueError: `x` is not `[N, H, W, inputs]`, or smaller than the kernel.
        """
        maps = self._maps(x)
        return maps if self.bias is None else maps + self.bias
