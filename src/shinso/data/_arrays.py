"""Checks of arrays at the door: numbers, finite, of the expected shape."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float32, Float64, Shaped, UInt8


def number_array(argument: str, value: object) -> Float32[np.ndarray, "..."]:
    """Return anything array-like (NumPy, JAX, nested lists) as a float32 array of finite numbers.

    Args:
        argument: what the array is called in the error.
        value: the array; integers and booleans are converted.

    Raises:
        TypeError: the values are not real numbers (strings, objects, complex numbers).
        ValueError: a value is NaN, infinite or beyond the range of 32-bit floats.
    """
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise TypeError(f"{argument} must be an array of numbers; got rows of different lengths.") from error
    if array.dtype.kind in "OUS":
        array = _from_objects(argument, array)
    if array.dtype.kind in "cMm" or array.dtype.type is np.void:  # the small floats of accelerators are of kind V too
        raise TypeError(f"{argument} must be an array of real numbers; got dtype {array.dtype}.")
    with np.errstate(over="ignore"):
        numbers = np.asarray(array, dtype=np.float32)
    check_finite(argument, numbers, array)
    return numbers


def wide_array(argument: str, value: object) -> Float64[np.ndarray, "..."]:
    """Return what `number_array` accepts in float64, so that standardizing loses nothing to rounding.

    Raises:
        TypeError: the values are not real numbers.
        ValueError: a value is NaN, infinite or beyond the range of 32-bit floats.
    """
    numbers, original = number_array(argument, value), np.asarray(value)
    return (original if original.dtype.kind in "fiu" else numbers).astype(np.float64)


def _from_objects(argument: str, array: Shaped[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """Turn an array of objects that are all numbers into float64, or name the first that is not one."""
    for index, item in np.ndenumerate(array):
        if isinstance(item, str | bytes) or not hasattr(item, "__float__"):
            place = f"{argument}[{_index(index)}]" if index else "its place"
            raise TypeError(f"{argument} must be an array of numbers; got {_plain(item)!r} at {place}.")
    return array.astype(np.float64)


def unit_pixels(pixels: UInt8[np.ndarray, "..."]) -> Float32[np.ndarray, "..."]:
    """Return 8-bit pixels as float32 from 0 to 1."""
    scaled: Float32[np.ndarray, "..."] = np.divide(pixels, np.float32(255), dtype=np.float32)
    return scaled


def check_finite(
    argument: str, numbers: Float32[np.ndarray, "..."], original: Shaped[np.ndarray, "..."] | None = None
) -> None:
    """Raise unless every number is finite; the error names the first place where one is not.

    Args:
        argument: what the array is called in the error.
        numbers: the array checked.
        original: the array before conversion to float32, of the same shape, whose value the error quotes.

    Raises:
        ValueError: a number is NaN, infinite or beyond the range of 32-bit floats.
    """
    # The extremes carry NaN and infinity and need no array of booleans as large as the data.
    if numbers.size == 0 or (np.isfinite(numbers.min()) and np.isfinite(numbers.max())):
        return
    bad = np.argwhere(~np.isfinite(numbers))
    first = tuple(int(i) for i in bad[0])
    value = (numbers if original is None else original)[first]
    others = f" (and in {len(bad) - 1} other places)" if len(bad) > 1 else ""
    what = "NaN" if np.isnan(value) else f"{value}"
    raise ValueError(
        f"{argument} must hold finite numbers within the range of 32-bit floats; "
        f"got {what} at {argument}[{_index(first)}]{others}."
    )


def check_shape(argument: str, array: Shaped[np.ndarray, "N ..."], shape: Sequence[int]) -> None:
    """Raise unless `array` has shape `(N, *shape)` for some N.

    Raises:
        ValueError: the shape differs; the error names both.
    """
    expected = tuple(int(size) for size in shape)
    if array.ndim != len(expected) + 1 or array.shape[1:] != expected:
        wanted = ", ".join(["N", *(str(size) for size in expected)])
        raise ValueError(f"{argument} must have shape ({wanted}); got {tuple(array.shape)}.")


def check_inputs(inputs: object, input_shape: Sequence[int], argument: str = "inputs") -> Float32[np.ndarray, "N ..."]:
    """Return `inputs` as a finite float32 array of shape `(N, *input_shape)`, N ≥ 1.

    Args:
        inputs: array-like batch of examples.
        input_shape: the shape of one example, `(D,)` or `(H, W, C)`.
        argument: what the array is called in the error.

    Raises:
        TypeError: the values are not numbers.
        ValueError: the shape differs, there is no example, or a value is not finite.
    """
    array = number_array(argument, inputs)
    check_shape(argument, array, input_shape)
    if len(array) == 0:
        raise ValueError(f"{argument} must hold at least one example; got shape {array.shape}.")
    return array


def _index(index: tuple[int, ...]) -> str:
    return ", ".join(str(i) for i in index)


def _plain(item: object) -> object:
    return item.item() if isinstance(item, np.generic) else item
