"""Numbers as array leaves, so that a new value compiles nothing, and back again."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, PyTree

from shinso._checks import real


def number_leaf(argument: str, value: ArrayLike, *, least: float = -math.inf, above: float = -math.inf) -> Array:
    """Return `value` as a scalar array of JAX's default real type, checked unless it is being traced.

    Raises:
        TypeError: `value` is not a single number.
        ValueError: `value` is not finite or is out of range.
    """
    if isinstance(value, jax.core.Tracer):
        return value if jnp.issubdtype(value.dtype, jnp.floating) else value.astype(float)
    if np.ndim(value) != 0:
        raise TypeError(f"{argument} must be a single number; got an array of shape {np.shape(value)}.")
    return device_array(real(argument, value, least=least, above=above))


def device_array(numbers: ArrayLike, dtype: Any = float) -> Array:
    """Return numbers as an array of JAX's own `dtype`, made by NumPy: no program is compiled for its shape."""
    if isinstance(numbers, jax.Array):
        return numbers.astype(dtype)
    # JAX on a CPU may go on using the memory it is given, so it gets a copy.
    placed: Array = jax.device_put(np.array(numbers, jax.dtypes.canonicalize_dtype(dtype)))
    return placed


def placed(tree: PyTree) -> PyTree:
    """Return a tree with its NumPy arrays on the device, in JAX's own types; nothing is compiled for it."""
    return jax.tree.map(lambda leaf: device_array(leaf, leaf.dtype) if isinstance(leaf, np.ndarray) else leaf, tree)


def as_numpy(array: Any) -> Any:
    """Return an array as NumPy sees it where that copies nothing: on another device, or traced, it stays what it is."""
    if isinstance(array, jax.core.Tracer) or not isinstance(array, jax.Array):
        return array
    return np.asarray(array) if all(device.platform == "cpu" for device in array.devices()) else array


def plain_number(leaf: Float[Array, ""]) -> float:
    """Return the shortest decimal that reads back as the same bits: 0.1, not 0.10000000149."""
    array = np.asarray(leaf)
    return int(array) if array.dtype.kind == "i" else float(str(array[()]))
