"""Numbers as array leaves, so that a new value compiles nothing, and back again."""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

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
    return jnp.asarray(real(argument, value, least=least, above=above), dtype=float)


def plain_number(leaf: Float[Array, ""]) -> float:
    """Return the shortest decimal that reads back as the same bits: 0.1, not 0.10000000149."""
    array = np.asarray(leaf)
    return int(array) if array.dtype.kind == "i" else float(str(array[()]))
