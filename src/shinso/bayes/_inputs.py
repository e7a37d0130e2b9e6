"""Inputs and training data as arrays, and whether they are those of a run."""

from typing import Any

import jax
import numpy as np
from jaxtyping import PyTree

from shinso import data as sources
from shinso.experiment import data_of_run
from shinso.nn import Sequences
from shinso.training import Run


def as_inputs(inputs: Any) -> PyTree[Any]:
    """Return lists and DataFrames as arrays, and a pytree of arrays as it is.

    Raises:
        ValueError: numbers that are not finite, or no example.
    """
    arrays = _arrays(inputs)
    for leaf in jax.tree.leaves(arrays):
        if np.ndim(leaf) == 0 or len(leaf) == 0:
            raise ValueError(f"inputs must be [N, …] with at least one example; got shape {list(np.shape(leaf))}.")
        if leaf.dtype.kind == "f" and not np.isfinite(np.asarray(leaf)).all():
            raise ValueError("inputs must be finite; got NaN or infinity.")
    return arrays


def training_data(fitted: Any, data: Any) -> Any:
    """Return the data as curvature functions take them: the given ones, or those of a stored experiment.

    Raises:
        TypeError: data have to be given, or are something else.
        ValueError: they are not those the run was trained on.
    """
    if data is None:
        data = _of_experiment(fitted)
    given = (data.inputs, data.targets, data.weights) if isinstance(data, sources.Dataset) else data
    if not isinstance(given, tuple) or len(given) not in (2, 3):
        raise TypeError(f"data must be (X, y), (X, y, weights), a Batch or a Dataset; got {type(data).__name__}.")
    parts = tuple(_arrays(part) for part in given if part is not None)
    if isinstance(fitted, Run):
        _refuse_other_data(fitted, parts)
    _refuse_constant(parts[1])
    return parts


def _of_experiment(fitted: Any) -> sources.Dataset:
    if not isinstance(fitted, Run) or fitted.data.get("encoder") is None or fitted.folder is None:
        raise TypeError(
            "data must be given, the (X, y) of training: only the run folder of an experiment knows its data."
        )
    return data_of_run(fitted).training


def _refuse_other_data(run: Run, parts: tuple[Any, ...]) -> None:
    examples, trained = len(parts[1]), run.data.get("n_training")
    if trained is not None and examples != trained:
        raise ValueError(f"data must be what the run was trained on, {trained} examples; got {examples}.")
    shape = run.data.get("input_shape")
    inputs = parts[0]
    leaves = jax.tree.leaves(inputs.values if isinstance(inputs, Sequences) else inputs)
    if shape is not None and (len(leaves) != 1 or list(leaves[0].shape[1:]) != list(shape)):
        found = list(leaves[0].shape)
        raise ValueError(f"data must be what the run was trained on, inputs [N, {_listed(shape)}]; got shape {found}.")


def _refuse_constant(targets: Any) -> None:
    values = np.asarray(targets)
    if len(values) and (values == values[:1]).all():
        what = "classes" if values.dtype.kind in "iub" else "values"
        raise ValueError(
            f"targets must have at least two different {what}: from one alone nothing is learned of the noise or the "
            f"boundary; all {len(values)} are {values[0]}."
        )


def _arrays(values: Any) -> PyTree[Any]:
    if isinstance(values, list):
        return np.asarray(values)
    alone = jax.tree_util.all_leaves([values])  # an array or a DataFrame, not a tree of arrays
    return np.asarray(values) if alone and not isinstance(values, jax.Array) else values


def _listed(shape: list[int]) -> str:
    return ", ".join(map(str, shape))
