"""Windows that slide over images: sizes, strides, padding, and the strided slices that make them up."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from shinso import _checks

Pair = tuple[int, int]
Pads = tuple[Pair, Pair]

ROWS, COLUMNS = 1, 2
"""Axes of an image batch `[N, H, W, C]`."""


def pair(argument: str, value: object, *, least: int) -> Pair:
    """Return `value` as (height, width); one number stands for both.

    Raises:
        TypeError: not whole numbers.
        ValueError: not one or two numbers, or one below `least`.
    """
    values = tuple(value) if isinstance(value, tuple | list) else (value, value)
    if len(values) != 2:
        raise ValueError(f"{argument} must be one whole number or a pair (height, width); got {value!r}.")
    height, width = (_checks.whole_number(argument, number, least=least) for number in values)
    return height, width


def count(size: int, window: int, stride: int) -> int:
    """How many whole windows fit along an axis."""
    return (size - window) // stride + 1


def shifts(x: Float[Array, "N H W C"], axis: int, window: int, stride: int) -> list[Float[Array, "N h w C"]]:
    """One array for each place in a one-dimensional window: the first element of every window, the second, and so on."""
    last = stride * (count(x.shape[axis], window, stride) - 1) + 1
    return [jax.lax.slice_in_dim(x, place, place + last, stride, axis) for place in range(window)]


def copied(x: Float[Array, "N H W C"], size: Pair, stride: Pair) -> Float[Array, "N h w kh kw C"]:
    """Copy every window out."""
    rows = [jnp.stack(shifts(row, COLUMNS, size[1], stride[1]), axis=3) for row in shifts(x, ROWS, size[0], stride[0])]
    return jnp.stack(rows, axis=3)


def added(windows: Float[Array, "N h w kh kw C"], shape: tuple[int, ...], stride: Pair) -> Float[Array, "N H W C"]:
    """Add every window into images of zeros where it was copied from: the transpose of `copied`."""
    x, (height, width) = jnp.zeros(shape, windows.dtype), windows.shape[1:3]
    for row in range(windows.shape[3]):
        for column in range(windows.shape[4]):
            rows = slice(row, row + stride[0] * (height - 1) + 1, stride[0])
            columns = slice(column, column + stride[1] * (width - 1) + 1, stride[1])
            x = x.at[:, rows, columns].add(windows[:, :, :, row, column])
    return x


def padding(value: object) -> str | Pads:
    """Return a checked padding: "valid", "same" or ((top, bottom), (left, right)).

    Raises:
        TypeError: not whole numbers.
        ValueError: none of those, nor a number, nor a pair (rows, columns).
    """
    if isinstance(value, str):
        return _checks.one_of("padding", value, ("valid", "same"))
    if isinstance(value, tuple | list) and len(value) == 2 and all(isinstance(side, tuple | list) for side in value):
        return pair("padding", value[0], least=0), pair("padding", value[1], least=0)
    rows, columns = pair("padding", value, least=0)
    return (rows, rows), (columns, columns)


def pads(padding: str | Pads, size: tuple[int, ...], window: tuple[int, ...], stride: Pair) -> Pads:
    """Zeros to add as ((top, bottom), (left, right)) to an image of the given size."""
    if not isinstance(padding, str):
        return padding
    if padding == "valid":
        return (0, 0), (0, 0)
    return _same(size[0], window[0], stride[0]), _same(size[1], window[1], stride[1])


def _same(size: int, window: int, stride: int) -> Pair:
    missing = max((-(-size // stride) - 1) * stride + window - size, 0)
    return missing // 2, missing - missing // 2
