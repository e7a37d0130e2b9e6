"""The door: arrays of any kind become a checked `Batch` on the device."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import narwhals as nw
import numpy as np
from jaxtyping import PyTree

from shinso import nn
from shinso.objectives._batch import Batch
from shinso.objectives._bernoulli import Bernoulli
from shinso.objectives._book import SigmoidCrossEntropy, SigmoidQuadratic
from shinso.objectives._categorical import Categorical
from shinso.objectives._likelihood import Likelihood
from shinso.objectives._poisson import Poisson


def as_batch(name: str, data: Any, likelihood: Likelihood) -> Batch:
    """Return `data` as a checked batch of floating inputs, targets that suit `likelihood`, and weights.

    Values that JAX is tracing are not known yet; their shapes are checked.

    Args:
        name: how messages call the data: "data", "validation", …
        data: ``(X, y)``, ``(X, y, weights)``, `Batch`, or what has `inputs` and `targets`, such as a `Dataset`; arrays of
            NumPy or JAX, lists, or DataFrames.
        likelihood: says what targets have to be.

    Raises:
        TypeError: not one of these forms, or entries that are not numbers.
        ValueError: lengths that differ, no example, values that are not finite, negative weights, or targets out of range.
    """
    if not isinstance(data, tuple) and hasattr(data, "inputs") and hasattr(data, "targets"):
        data = (data.inputs, data.targets)
    if not isinstance(data, tuple) or len(data) not in (2, 3):
        raise TypeError(f"{name} must be (X, y), (X, y, weights), a Batch or a Dataset; got {type(data).__name__}.")
    if data[1] is None:
        raise TypeError(f"{name} must have targets; got None.")
    inputs = as_inputs(f"inputs of {name}", data[0])
    targets = _targets(f"targets of {name}", data[1], likelihood)
    examples = len(targets)
    if examples == 0:
        raise ValueError(f"{name} must have at least one example; got none.")
    alone = isinstance(inputs, np.ndarray | jax.Array)
    for leaf in jax.tree.leaves(inputs):
        if leaf.ndim < (2 if alone else 1) or len(leaf) != examples:
            raise ValueError(
                f"inputs of {name} must be [N, …] with N={examples}, as many as targets; got shape {leaf.shape}."
            )
    weights = _weights(f"weights of {name}", data[2] if len(data) == 3 else None, examples)
    return Batch(jax.tree.map(jnp.asarray, inputs), jnp.asarray(targets), jnp.asarray(weights))


def as_inputs(name: str, inputs: Any) -> PyTree:
    """Return inputs as finite floating arrays; whole numbers in a pytree, such as lengths of sequences, stay whole numbers.

    Raises:
        TypeError: entries that are not numbers.
        ValueError: NaN or infinity, or lengths of `Sequences` that are not from 1 to the padded length.
    """
    arrays = as_arrays(inputs)
    if isinstance(arrays, np.ndarray | jax.Array):
        return floating(name, arrays)
    if isinstance(arrays, nn.Sequences):
        nn.check_sequences(name, arrays)
    return jax.tree.map(lambda leaf: _whole(leaf) if _is_whole(leaf) else floating(name, leaf), arrays)


def _is_whole(leaf: Any) -> bool:
    return (leaf if isinstance(leaf, jax.Array) else np.asarray(leaf)).dtype.kind in "iu"


def _whole(leaf: Any) -> Any:
    return leaf if isinstance(leaf, jax.Array) else np.asarray(leaf).astype(np.int32, copy=False)


def as_arrays(inputs: Any) -> PyTree:
    """Return a DataFrame as one array, a list as an array, and any other pytree of arrays as it is."""
    if isinstance(inputs, Mapping | tuple):
        return inputs
    frame = nw.from_native(inputs, pass_through=True)
    if isinstance(frame, nw.DataFrame | nw.Series):
        return frame.to_numpy()
    return inputs if isinstance(inputs, jax.Array) else np.asarray(inputs)


def floating(name: str, values: Any) -> Any:
    """Return an array in JAX's default real type, or as it is if it is floating already; refuse what is not finite.

    Raises:
        TypeError: entries that are not numbers.
        ValueError: NaN or infinity, with the place of the first.
    """
    array = values if isinstance(values, jax.Array) else np.asarray(values)
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
    if _known(array) and not np.isfinite(array.sum()) and not bool(np.isfinite(array).all()):
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(np.asarray(array)))[0])
        raise ValueError(f"{name} must be finite; got {np.asarray(array)[place]} at index {place}.")
    return array


def _known(array: Any) -> bool:
    return not isinstance(array, jax.core.Tracer)


def _first_odd(array: Any) -> object:
    for entry in np.asarray(array).flat:
        try:
            float(entry)
        except (TypeError, ValueError):
            return entry
    return array


def _targets(name: str, targets: Any, likelihood: Likelihood) -> Any:
    array = as_arrays(targets)
    if isinstance(likelihood, Categorical):
        return _class_indices(name, array)
    if isinstance(likelihood, SigmoidQuadratic | SigmoidCrossEntropy) and array.ndim == 1 and array.dtype.kind in "iu":
        return _class_indices(name, array)
    array = floating(name, array)
    if not _known(array):
        return array
    values = np.asarray(array)
    if isinstance(likelihood, Bernoulli) and not bool(((values == 0) | (values == 1)).all()):
        raise ValueError(f"{name} must be 0 or 1; got {values[(values != 0) & (values != 1)].flat[0]:g}.")
    if isinstance(likelihood, Poisson) and values.min(initial=0) < 0:
        raise ValueError(f"{name} must be counts ≥ 0; got {values.min():g}.")
    return array


def _class_indices(name: str, array: Any) -> Any:
    if array.dtype.kind not in "iub" or array.ndim not in (1, 2):
        raise TypeError(
            f"{name} must be class indices 0, 1, …: whole numbers of shape [N], or [N, T] for every step; "
            f"got {array.dtype} of shape {array.shape}."
        )
    if array.size and _known(array) and int(array.min()) < 0:
        raise ValueError(f"{name} must be class indices 0, 1, …; got {int(array.min())}.")
    return array.astype(np.int32, copy=False)


def _weights(name: str, weights: Any, examples: int) -> Any:
    if weights is None:
        return np.ones(examples, dtype=jax.dtypes.canonicalize_dtype(float))
    array = floating(name, as_arrays(weights))
    if array.shape != (examples,):
        raise ValueError(f"{name} must have shape [{examples}]; got {list(array.shape)}.")
    if _known(array) and (array.min() < 0 or not array.sum() > 0):
        raise ValueError(f"{name} must be ≥ 0 and not all 0; the least is {array.min():g}.")
    return array
