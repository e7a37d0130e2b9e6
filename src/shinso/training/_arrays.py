"""The arrays of a model or a state by name, and back into their places."""

from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from shinso._paths import leaves_by_path


def named_arrays(tree: PyTree) -> dict[str, np.ndarray]:
    """Return the array leaves by dotted path, such as ``layers.0.weight``."""
    return {name: np.asarray(leaf) for name, leaf in _named(tree).items()}


def fill(tree: PyTree, arrays: dict[str, np.ndarray], where: Path) -> PyTree:
    """Return `tree` with its array leaves, or the shapes in their places, replaced by arrays of the same dotted path.

    Raises:
        ValueError: names or shapes differ; the message says which.
    """
    dynamic, static = eqx.partition(tree, _is_array)
    expected = _named(dynamic)
    if expected.keys() != arrays.keys():
        odd = sorted(expected.keys() ^ arrays.keys())[0]
        raise ValueError(f"{where} does not belong to this model: {odd!r} is in only one of them.")
    for name, leaf in expected.items():
        if leaf.shape != arrays[name].shape:
            raise ValueError(
                f"{where} does not belong to this model: {name} is {arrays[name].shape}, not {leaf.shape}."
            )
    filled = [jnp.asarray(arrays[name], dtype=leaf.dtype) for name, leaf in expected.items()]
    return eqx.combine(jax.tree.unflatten(jax.tree.structure(dynamic), filled), static)


def _named(tree: PyTree) -> dict[str, Any]:
    return leaves_by_path(eqx.filter(tree, _is_array))


def _is_array(leaf: Any) -> bool:
    return eqx.is_array(leaf) or isinstance(leaf, jax.ShapeDtypeStruct)
