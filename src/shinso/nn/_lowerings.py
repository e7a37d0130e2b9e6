"""What a convolution becomes on a processor: products of matrices on CPU, XLA's own convolution elsewhere.

On CPU XLA's convolution falls to a naive loop inside `scan` and `while_loop`, 13–20 times slower than a product of
matrices. Which product, in CPU time of one core, forward, backward and update, convolution with 2×2 max pooling:

====================================== ============================== ===========================================
layer (batch 10 / batch 64)            one patch an output place      chosen
====================================== ============================== ===========================================
5×5, 1 → 20 maps on 28×28              137 / 232 µs an image          planes 49 / 58; banded matrix 112 / 111
3×3, 3 → 32 maps on 16×16              57 / 74                        planes 16 / 19; by rows 27 / 37
3×3, 8 → 32 maps on 16×16              44 / 57                        by rows 56 / 67; planes 137 / 133
3×3, 32 → 64 maps on 14×14             196 / 250                      by rows 206 / 243
5×5, 20 → 40 maps on 12×12             127 / 169                      by rows 113 / 147; banded matrix 185 / 159
====================================== ============================== ===========================================

Copying patches whose last axis is one or three numbers long is what costs in a first layer: planes copy whole image
rows. Later, copying kernel columns only and adding one product for each kernel row needs a kernel's height less memory.
Lost besides: patches copied in two stages (1.1–1.2 of one stage), one product and shifted sums (1.7–2.7), one product
for each kernel element (1.1–1.4), planes with the batch as last axis (1.2–2.2).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from shinso.nn._windows import COLUMNS, ROWS, Pair, shifts

_MOST_PLANE_MAPS = 4
_MOST_PLANES = 128
_PORTABLE = ContextVar("portable", default=False)


@contextmanager
def portable() -> Iterator[None]:
    """Return a context in which traced convolutions are XLA's own on every platform: for formats that other programs run."""
    before = _PORTABLE.set(True)
    try:
        yield
    finally:
        _PORTABLE.reset(before)


def convolve(
    x: Float[Array, "N H W C"], weight: Float[Array, "kh kw C/G maps"], stride: Pair, groups: int = 1
) -> Float[Array, "N h w maps"]:
    """S_ij = Σ_ab W_ab X_(si+a)(sj+b) over whole windows ("valid"), summed over the C input maps, for stride s.

    With G groups the first maps/G feature maps sum over the first C/G input maps, and so on.
    """
    dtype = jnp.promote_types(x.dtype, weight.dtype)
    if _PORTABLE.get():
        return by_xla(x.astype(dtype), weight.astype(dtype), stride, groups)
    maps: Array = jax.lax.platform_dependent(
        x.astype(dtype),
        weight.astype(dtype),
        cpu=partial(by_groups, stride=stride, groups=groups),
        default=partial(by_xla, stride=stride, groups=groups),
    )
    return maps


def by_xla(
    x: Float[Array, "N H W C"], weight: Float[Array, "kh kw C/G maps"], stride: Pair, groups: int = 1
) -> Float[Array, "N h w maps"]:
    """XLA's convolution."""
    return jax.lax.conv_general_dilated(
        x, weight, stride, "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"), feature_group_count=groups
    )


def by_groups(
    x: Float[Array, "N H W C"], weight: Float[Array, "kh kw C/G maps"], stride: Pair, groups: int = 1
) -> Float[Array, "N h w maps"]:
    """Products of matrices, a batch of them where there are groups."""
    if groups == 1:
        return by_products(x, weight, stride)
    inputs, maps = weight.shape[2:]
    apart = x.reshape(*x.shape[:3], groups, inputs), weight.reshape(*weight.shape[:3], groups, maps // groups)
    together: Array = jax.vmap(partial(by_products, stride=stride), in_axes=3, out_axes=3)(*apart)
    return together.reshape(*together.shape[:3], maps)


def by_products(
    x: Float[Array, "N H W C"], weight: Float[Array, "kh kw C maps"], stride: Pair
) -> Float[Array, "N h w maps"]:
    """Products of matrices, in the cheaper of two ways."""
    height, width, inputs, _ = weight.shape
    few = inputs <= _MOST_PLANE_MAPS and height * width * inputs <= _MOST_PLANES
    return (by_planes if few else by_rows)(x, weight, stride)


def by_planes(
    x: Float[Array, "N H W C"], weight: Float[Array, "kh kw C maps"], stride: Pair
) -> Float[Array, "N h w maps"]:
    """One product with a matrix that has a row for each kernel element and a column for each output place."""
    height, width, inputs, maps = weight.shape
    planes = [
        plane[..., channel]
        for rows in shifts(x, ROWS, height, stride[0])
        for plane in shifts(rows, COLUMNS, width, stride[1])
        for channel in range(inputs)
    ]
    places = planes[0].shape
    matrix = jnp.stack(planes).reshape(len(planes), -1)
    product = jax.lax.dot_general(matrix, weight.reshape(len(planes), maps), (((0,), (0,)), ((), ())))
    return product.reshape(*places, maps)


def by_rows(
    x: Float[Array, "N H W C"], weight: Float[Array, "kh kw C maps"], stride: Pair
) -> Float[Array, "N h w maps"]:
    """The sum of one product for each kernel row; a product's inner axis is that row's elements in all input maps."""
    height, width, inputs, maps = weight.shape
    columns = jnp.concatenate(shifts(x, COLUMNS, width, stride[1]), axis=-1)
    kernel_rows = weight.reshape(height, width * inputs, maps)
    products = map(jnp.matmul, shifts(columns, ROWS, height, stride[0]), kernel_rows)
    return jax.tree.reduce(jnp.add, list(products))
