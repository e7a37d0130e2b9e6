"""Leaves of a pytree by dotted path, such as `layers.0.weight`: how parameters are named everywhere."""

from collections.abc import Callable
from typing import Any

import jax


def dotted(path: tuple[Any, ...]) -> str:
    """Return a key path of JAX as names and numbers with dots between; "" for a tree that is a leaf."""
    return jax.tree_util.keystr(path, simple=True, separator=".")


def leaves_by_path(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> dict[str, Any]:
    """Return the leaves by dotted path, in the tree's order."""
    return {dotted(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(tree, is_leaf=is_leaf)}
