"""Operators on flat vectors: what dense and Krylov methods work on."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import lineax as lx
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PyTree

Vector = Float[Array, " W"]


def flatten(tree: PyTree[Any]) -> Vector:
    """Return all numbers of a parameter tree in one vector, in the order of its leaves."""
    flat: Array = ravel_pytree(tree)[0]
    return flat


def flattening(operator: lx.AbstractLinearOperator) -> tuple[Vector, Callable[[Vector], PyTree[Any]]]:
    """Return a vector of zeros of the operator's size and type, and the way back from vectors to parameter trees."""
    zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), operator.in_structure())
    flat, unflatten = ravel_pytree(zeros)
    return flat, unflatten


def flat_product(operator: lx.AbstractLinearOperator) -> Callable[[Vector], Vector]:
    """Return the operator's product as a function of flat vectors."""
    _, unflatten = flattening(operator)
    return lambda vector: flatten(operator.mv(unflatten(vector)))
