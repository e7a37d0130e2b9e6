"""The door: arrays of any kind become a checked `Batch` on the device."""

from typing import Any

import jax
import numpy as np
from jaxtyping import PyTree

from shinso import nn
from shinso._fork import computing
from shinso._numbers import as_numpy, placed
from shinso.objectives._arrays import as_arrays, floating, is_known
from shinso.objectives._batch import Batch
from shinso.objectives._likelihood import Likelihood


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
    computing()
    if not isinstance(data, tuple) and hasattr(data, "inputs") and hasattr(data, "targets"):
        data = (data.inputs, data.targets, getattr(data, "weights", None))
    if not isinstance(data, tuple) or len(data) not in (2, 3):
        raise TypeError(f"{name} must be (X, y), (X, y, weights), a Batch or a Dataset; got {type(data).__name__}.")
    if data[1] is None:
        raise TypeError(f"{name} must have targets; got None.")
    inputs = as_inputs(f"inputs of {name}", data[0])
    targets = likelihood.target.checked(f"targets of {name}", as_arrays(data[1]))
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
    batch: Batch = placed(Batch(inputs, targets, weights))
    return batch


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


def _weights(name: str, weights: Any, examples: int) -> Any:
    if weights is None:
        return np.ones(examples, dtype=jax.dtypes.canonicalize_dtype(float))
    array = floating(name, as_arrays(weights))
    if array.shape != (examples,):
        raise ValueError(f"{name} must have shape [{examples}]; got {list(array.shape)}.")
    seen = as_numpy(array)
    if is_known(seen) and (seen.min() < 0 or not seen.sum() > 0):
        raise ValueError(f"{name} must be ≥ 0 and not all 0; the least is {seen.min():g}.")
    return array
