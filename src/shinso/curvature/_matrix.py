"""Matrices of operators that derivatives make: layer by layer, or as a sum of squares."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Int

from shinso.curvature._dense import over_basis
from shinso.curvature._flat import Vector, flatten, flattening
from shinso.curvature._restrict import leaf_paths, narrowed
from shinso.objectives import Batch

PIECES = 8
"""Groups of layers at most: each is a program to compile."""
ROWS = 1024
"""Rows of a square root held together."""


@eqx.filter_jit
def by_layers(operator: Any) -> Float[Array, "W W"]:
    """Return the matrix of an operator that has a `problem`, the columns of one layer's parameters after another's.

    Of a layer's columns the rows of the layers in front of it are known already: nothing is propagated through those,
    forward or back. It takes less time than W products do, the less the more parameters are in later layers.
    """
    paths = leaf_paths(operator.point())
    size = flattening(operator)[0].size
    starts = [place for place, path in enumerate(paths) if place == 0 or _owner(path) != _owner(paths[place - 1])]
    starts = starts[:: -(-len(starts) // PIECES)]
    upper = []
    for first, end in pairwise([*starts, len(paths)]):
        rows = _columns(operator, paths, first, end)
        upper.append(jnp.pad(rows, ((0, 0), (size - rows.shape[1], 0))))
    matrix = jnp.concatenate(upper)
    return jnp.triu(matrix) + jnp.triu(matrix, 1).T


def _owner(path: str) -> str:
    return path.rpartition(".")[0]


def _columns(operator: Any, paths: list[str], first: int, end: int) -> Float[Array, "w rest"]:
    """Return the columns of the leaves `first` to `end`, of them the rows from `first` on."""
    problem = operator.problem
    later = replace(operator, problem=narrowed(problem, lambda path, _: paths.index(path) >= first))
    own = narrowed(problem, lambda path, _: first <= paths.index(path) < end).parameters
    zeros, unflatten = ravel_pytree(own)
    # These stay out of `vmap`: no tangent of theirs is carried along.
    still = jax.tree.map(jnp.zeros_like, later.point())

    def column(unit: Vector) -> Vector:
        return flatten(later.product(eqx.combine(unflatten(unit), still)))

    return over_basis(column, zeros)


@eqx.filter_jit
def by_roots(operator: Any) -> Float[Array, "W W"]:
    """Return the matrix Σ RᵀR + ∇∇ penalties of an operator that has a `square_root`, `ROWS` rows of R together."""
    problem = operator.problem
    problem = replace(problem, chunk=min(problem.chunk, max(ROWS // operator.vectors, 1)))

    def of_examples(batch: Batch, indices: Int[Array, " n"]) -> Float[Array, "W W"]:
        rows = operator.square_root(batch, indices)
        rows = rows.reshape(-1, rows.shape[-1])
        return jnp.matmul(rows.T, rows, precision=jax.lax.Precision.HIGHEST)

    zeros, unflatten = flattening(operator)
    of_penalties = over_basis(lambda unit: flatten(problem.penalty_product(unflatten(unit))), zeros)
    matrix = problem.over_chunks(of_examples) + of_penalties
    symmetric: Array = 0.5 * (matrix + matrix.T)
    return symmetric
