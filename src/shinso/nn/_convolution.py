"""The two-dimensional convolution."""

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


class Conv2d(Layer):
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

    weight: Float[Array, "kh kw inputs outputs"]
    bias: Float[Array, " outputs"]
    pool: MaxPool2d | MeanPool2d | None
    stride: _windows.Pair = eqx.field(static=True)
    padding: str | _windows.Pads = eqx.field(static=True)

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

    def __call__(
        self, x: Float[Array, "N H W inputs"], *, key: PRNGKeyArray | None = None
    ) -> Float[Array, "N h w outputs"]:
        """Return the feature maps, pooled if the layer pools.

        Raises:
            ValueError: `x` is not `[N, H, W, inputs]`, or smaller than the kernel.
        """
        self.output_shape(x.shape[1:])
        rows, columns = self._pads(x.shape[1:])
        if rows != (0, 0) or columns != (0, 0):
            x = jnp.pad(x, ((0, 0), rows, columns, (0, 0)))
        maps = convolve(x, self.weight, self.stride)
        return (maps if self.pool is None else self.pool(maps)) + self.bias

    def _pads(self, input_shape: Shape) -> _windows.Pads:
        return _windows.pads(self.padding, input_shape[:2], self.weight.shape[:2], self.stride)

    def _map_shape(self, input_shape: Shape) -> Shape:
        height, width, inputs, outputs = self.weight.shape
        if len(input_shape) != 3 or input_shape[2] != inputs:
            raise ValueError(f"Conv2d takes images of shape (height, width, {inputs}); got {tuple(input_shape)}.")
        (top, bottom), (left, right) = self._pads(input_shape)
        rows, columns = input_shape[0] + top + bottom, input_shape[1] + left + right
        if rows < height or columns < width:
            raise ValueError(
                f"Conv2d with a {height}×{width} kernel needs a padded image at least that large; got {rows}×{columns}."
            )
        down, across = self.stride
        return _windows.count(rows, height, down), _windows.count(columns, width, across), outputs

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(h, w, outputs)`, after the pool if there is one."""
        shape = self._map_shape(input_shape)
        return shape if self.pool is None else self.pool.output_shape(shape)

    def multiply_adds(self, input_shape: Shape) -> int:
        """Places × kernel area × input maps × feature maps."""
        rows, columns, _ = self._map_shape(input_shape)
        area: int = self.weight.size
        return rows * columns * area
