"""Arrays as they come: lists and DataFrames as arrays, numbers in JAX's real types, refused where they are not finite."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import narwhals as nw
import numpy as np
from jaxtyping import PyTree

from shinso._numbers import as_numpy


def as_arrays(inputs: Any) -> PyTree:
    """Return a DataFrame as one array, a list as an array, and any other pytree of arrays as it is."""
    if isinstance(inputs, Mapping | tuple):
        return inputs
    frame = nw.from_native(inputs, pass_through=True)
    if isinstance(frame, nw.DataFrame | nw.Series):
        return frame.to_numpy()
    return inputs if isinstance(inputs, jax.Array) else native(np.asarray(inputs))


def native(array: np.ndarray) -> np.ndarray:
    """Return an array in the byte order of the machine, which JAX needs."""
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def floating(name: str, values: Any) -> Any:
    """Return an array in JAX's default real type, or as it is if it is floating already; refuse what is not finite.

    Raises:
        TypeError: entries that are not numbers.
        ValueError: NaN or infinity, with the place of the first.
    """
    array = values if isinstance(values, jax.Array) else native(np.asarray(values))
    if array.dtype == object:
        try:
            array = np.asarray(array, dtype=float)
        except (TypeError, ValueError) as error:
            raise TypeError(f"{name} must be numbers; got {_first_odd(array)!r}.") from error
    if array.dtype.kind not in "biuf" and array.dtype != jnp.bfloat16:
        raise TypeError(f"{name} must be numbers; got entries of type {array.dtype}.")
    target = jax.dtypes.canonicalize_dtype(array.dtype if array.dtype.kind == "f" else float)
    array = array.astype(target, copy=False)
    # A sum is finite only if every entry is; where it overflows, the entries are looked at one by one.
    seen = as_numpy(array)
    if is_known(seen) and not np.isfinite(seen.sum()) and not bool(np.isfinite(seen).all()):
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(np.asarray(seen)))[0])
        raise ValueError(f"{name} must be finite; got {np.asarray(seen)[place]} at index {place}.")
    return array


def is_known(array: Any) -> bool:
    """Return whether an array has values: one that JAX is tracing has not."""
    return not isinstance(array, jax.core.Tracer)


def _first_odd(array: Any) -> object:
    for entry in np.asarray(array).flat:
        try:
            float(entry)
        except (TypeError, ValueError):
            return entry
    return array
