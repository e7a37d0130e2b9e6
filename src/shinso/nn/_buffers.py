"""What of a model gradients move, what training carries along, and what stays as it is."""

import math
from typing import Any, Self

import equinox as eqx
import jax
from jaxtyping import Array, PRNGKeyArray, PyTree

from shinso._paths import leaves_by_path
from shinso.nn._layer import Layer


class Buffers(eqx.Module):
    """Arrays of a model that training updates but no gradient moves, such as the statistics of batch normalization.

    A layer holds them in a field of a subclass and returns them anew from `Layer.call_and_update`.
    """

    def restarted(self) -> Self:
        """Return them as they are before they have seen any example; itself for buffers that belong to no parameters."""
        return self


def is_buffers(node: Any) -> bool:
    """Return whether a node of a model is `Buffers`."""
    return isinstance(node, Buffers)


def trainable(model: PyTree[Any]) -> PyTree[bool]:
    """Return a tree of booleans: True for arrays of real numbers outside `Buffers`, the parameters."""
    return _mask(model, inside=False)


def parameters(model: PyTree[Any]) -> tuple[Any, Any]:
    """Return (the parameters, everything else), each a copy of `model` with None for what the other has.

    `equinox.combine` puts them together again.
    """
    parts: tuple[Any, Any] = eqx.partition(model, trainable(model))
    return parts


def buffers(model: PyTree[Any]) -> Any:
    """Return a copy of `model` with None for everything but the arrays of its `Buffers`."""
    return eqx.filter(model, buffers_filter(model))


def buffers_filter(model: PyTree[Any]) -> PyTree[bool]:
    """Return a tree of booleans: True for the arrays of `Buffers`."""
    return _mask(model, inside=True)


def call_and_update(model: Any, x: PyTree[Any], *, key: PRNGKeyArray | None) -> tuple[Any, Any]:
    """Return ``model(x, key=key)`` and the model with its buffers brought up to date; see `Layer.call_and_update`."""
    if isinstance(model, Layer):
        return model.call_and_update(x, key=key)
    return model(x, key=key), model


def restarted_buffers(model: PyTree[Any]) -> Any:
    """Return the model with all its buffers restarted: for other parameters they have to be made anew."""
    return jax.tree.map(lambda node: node.restarted() if is_buffers(node) else node, model, is_leaf=is_buffers)


def unchanged_buffers(before: PyTree[Any], after: PyTree[Any]) -> list[str]:
    """Return the dotted paths of buffers that `call_and_update` has handed on as they were, by identity."""
    same = {id(leaf) for leaf in jax.tree.leaves(buffers(after))}
    return [path for path, leaf in leaves_by_path(buffers(before)).items() if id(leaf) in same]


def parameter_count(model: PyTree[Any]) -> int:
    """Return the number of trainable numbers in `model`: the sizes of its parameters added up."""
    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(parameters(model)[0]))


def _mask(model: PyTree[Any], *, inside: bool) -> PyTree[bool]:
    def of_node(node: Any) -> Any:
        if is_buffers(node):
            return jax.tree.map(lambda leaf: inside and eqx.is_array(leaf), node)
        return not inside and _is_parameter(node)

    return jax.tree.map(of_node, model, is_leaf=is_buffers)


def _is_parameter(leaf: Array | Any) -> bool:
    return bool(eqx.is_inexact_array(leaf))
