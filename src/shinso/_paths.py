"""Leaves of a pytree by dotted path, such as `layers.0.weight`: how parameters are named everywhere."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import numpy as np


def dotted(path: tuple[Any, ...]) -> str:
    """Return a key path of JAX as names and numbers with dots between; "" for a tree that is a leaf."""
    return jax.tree_util.keystr(path, simple=True, separator=".")


def leaves_by_path(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> dict[str, Any]:
    """Return the leaves by dotted path, in the tree's order."""
    return {dotted(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(tree, is_leaf=is_leaf)}


def is_array(leaf: Any) -> bool:
    """Return whether a leaf is an array, or a shape in its place."""
    return eqx.is_array(leaf) or isinstance(leaf, jax.ShapeDtypeStruct)


def array_leaves(tree: Any) -> dict[str, Any]:
    """Return the leaves that are arrays, or shapes in their places, by dotted path."""
    return {path: leaf for path, leaf in leaves_by_path(tree).items() if is_array(leaf)}


def named_arrays(tree: Any) -> dict[str, np.ndarray]:
    """Return the array leaves as NumPy's, by dotted path."""
    return {path: np.asarray(leaf) for path, leaf in array_leaves(tree).items()}
