"""Arrays of a model or a state by name, back into their places."""

from pathlib import Path

import equinox as eqx
import jax
import numpy as np
from jaxtyping import PyTree

from shinso._numbers import device_array
from shinso._paths import array_leaves, is_array


def fill(tree: PyTree, arrays: dict[str, np.ndarray], where: Path) -> PyTree:
    """Return `tree` with its array leaves, or the shapes in their places, replaced by arrays of the same dotted path.

    Raises:
        ValueError: names or shapes differ; the message says which.
    """
    dynamic, static = eqx.partition(tree, is_array)
    expected = array_leaves(dynamic)
    if expected.keys() != arrays.keys():
        odd = sorted(expected.keys() ^ arrays.keys())[0]
        raise ValueError(f"{where} does not belong to this model: {odd!r} is in only one of them.")
    for name, leaf in expected.items():
        if leaf.shape != arrays[name].shape:
            raise ValueError(
                f"{where} does not belong to this model: {name} is {arrays[name].shape}, not {leaf.shape}."
            )
    filled = [device_array(arrays[name], leaf.dtype) for name, leaf in expected.items()]
    return eqx.combine(jax.tree.unflatten(jax.tree.structure(dynamic), filled), static)
