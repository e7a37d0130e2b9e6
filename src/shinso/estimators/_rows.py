"""Rows of examples on their way into a compiled program."""

from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import PyTree
from scipy import sparse
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.validation import check_array, column_or_1d

from shinso._sequences import Sequences
from shinso.objectives import Batch, Likelihood
from shinso.training import in_chunks


def bucket(n: int) -> int:
    """Return the smallest power of two ≥ n, at least 8: data sets of similar size then share one compiled program."""
    return max(8, 1 << (n - 1).bit_length())


def dense(X: Any) -> np.ndarray:
    """Return `X` as a dense array. A sparse matrix is densified whole: n_samples × n_features numbers in memory."""
    return np.asarray(X.toarray() if sparse.issparse(X) else X)


def column_if_one(y: np.ndarray) -> np.ndarray:
    """Return `[N, 1]` as `[N]`, with scikit-learn's warning."""
    return np.asarray(column_or_1d(y, warn=True)) if y.ndim == 2 and y.shape[1] == 1 else y


def host_batch(inputs: Any, targets: Any, weights: Any) -> Batch:
    """Return NumPy arrays as a `Batch`, which is annotated for arrays on the device."""
    return Batch(inputs, targets, weights)


def padded(batch: Batch, rows: int) -> Batch:
    """Return `batch` with `rows` rows: copies of its first example, of weight 0, are appended."""
    more = rows - len(batch.weights)
    inputs, targets = jax.tree.map(
        lambda array: np.concatenate([array, np.broadcast_to(array[:1], (more, *array.shape[1:]))]),
        (batch.inputs, batch.targets),
    )
    return host_batch(inputs, targets, np.concatenate([batch.weights, np.zeros(more, batch.weights.dtype)]))


def as_numpy(model: PyTree) -> PyTree:
    """Return a model with NumPy's arrays for JAX's."""
    return jax.tree.map(lambda leaf: np.asarray(leaf) if eqx.is_array(leaf) else leaf, model)


def taken(tree: PyTree, chosen: Any) -> PyTree:
    """Return the rows `chosen`, indices or a slice, of every array in `tree`."""
    return jax.tree.map(lambda array: array[chosen], tree)


def real_type(inputs: PyTree) -> np.dtype[Any]:
    """Return the type of the first array of `inputs`, the real numbers that an estimator computes with."""
    dtype: np.dtype[Any] = jax.tree.leaves(inputs)[0].dtype
    return dtype


def example_weights(sample_weight: Any, n: int, dtype: np.dtype[Any]) -> np.ndarray:
    """Return the weight of each of `n` examples; None means 1 for each.

    Raises:
        ValueError: not one number ≥ 0 for each example, or all of them zero.
    """
    if sample_weight is None:
        return np.ones(n, dtype)
    weights = check_array(sample_weight, ensure_2d=False, dtype=dtype, input_name="sample_weight")
    if weights.shape != (n,):
        raise ValueError(f"sample_weight must hold one number for each of {n} examples; got shape {weights.shape}.")
    if np.any(weights < 0):
        raise ValueError(f"sample_weight must not be negative; got {weights.min()}.")
    if not np.any(weights):
        raise ValueError("sample_weight must contain a weight above zero; all of them are zero.")
    return np.asarray(weights)


def class_weights(class_weight: Any, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return `weights` multiplied by each example's class weight (scikit-learn's `class_weight`)."""
    if class_weight is None:
        return weights
    return np.asarray(weights * compute_sample_weight(class_weight, y), dtype=weights.dtype)


@eqx.filter_jit
def _means(model: Any, likelihood: Likelihood, inputs: PyTree) -> jax.Array:
    outputs = model(inputs)
    return likelihood.mean(outputs.values if isinstance(outputs, Sequences) else outputs)


def predicted_means(model: Any, likelihood: Likelihood, inputs: PyTree) -> np.ndarray:
    """Return the means or probabilities `[N, K]`."""
    return in_chunks(eqx.Partial(_means, model, likelihood), inputs)
