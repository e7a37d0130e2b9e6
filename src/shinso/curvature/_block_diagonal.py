"""The exact diagonal blocks of an operator."""

from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np
from jaxtyping import Array, Float, Int

from shinso._checks import one_of
from shinso._fork import computing
from shinso.curvature._blocks import Block, BlockOperator
from shinso.curvature._dense import LIMIT, over_units
from shinso.curvature._hessian import hessian
from shinso.curvature._output_curvature import fisher, gauss_newton, outer_product
from shinso.curvature._restrict import leaf_paths
from shinso.objectives import Objective

OPERATORS = {"hessian": hessian, "gauss_newton": gauss_newton, "fisher": fisher, "outer_product": outer_product}


def block_diagonal(
    model: Callable[..., Any],
    objective: Objective,
    data: Any,
    *,
    of: str = "gauss_newton",
    blocks: str = "layers",
    chunk: int | None = None,
    limit: int = LIMIT,
) -> BlockOperator:
    """Return an operator's exact diagonal blocks, one for each layer or array, held by their eigenvectors.

    All second derivatives between blocks are left out. Costs W products and, for a block of w parameters, the O(w³)
    of its eigenvectors. Everything that follows (`BlockOperator`) is cheap.

    Args:
        model: Maps a batch to outputs `[N, K]`; the operator acts on its real arrays. It runs in prediction mode.
        objective: The cost; its penalties' second derivative is in the blocks.
        data: `(X, y)`, `(X, y, weights)`, a `Batch` or a `Dataset`.
        of: "gauss_newton", "fisher", "outer_product" or "hessian".
        blocks: "layers" for one block for all arrays of a layer (those that are fields of one module), "leaves" for one
            for each array, "all" for one block: the whole matrix.
        chunk: Examples looked at together, as for `hessian`.
        limit: Bytes all blocks may take, each counted as wide as the widest.

    Raises:
        TypeError: `objective` or `data` is something else.
        ValueError: As `hessian`; `of` or `blocks` is unknown, or the blocks would take more than `limit` bytes.

    Source: PRML §5.4 (the diagonal approximation, block by block); Martens and Grosse (2015), §4.2.
    """
    computing()
    make = OPERATORS[one_of("of", of, OPERATORS)]
    operator = make(model, objective, data, chunk=chunk)
    blocks = one_of("blocks", blocks, ("all", "layers", "leaves"))
    groups = _groups(leaf_paths(operator.point()), blocks)
    indices = _indices(operator.point(), groups)
    _refuse_large(operator.point(), groups, indices, limit)
    found = _decomposed(_columns(operator, *_rows(indices)), indices, operator.semidefinite)
    return BlockOperator(
        tuple(
            Block(vectors, jnp.ones((1, 1), vectors.dtype), values[:, None], tuple(group), tuple(group.values()))
            for group, (values, vectors) in zip(groups, found, strict=True)
        ),
        operator.point(),
        operator.semidefinite,
    )


def _groups(paths: list[str], blocks: str) -> list[dict[str, int]]:
    """Return the blocks' leaves: their paths and places."""
    groups: dict[str, dict[str, int]] = {}
    for place, path in enumerate(paths):
        owner = {"all": "", "layers": path.rpartition(".")[0], "leaves": path}[blocks]
        groups.setdefault(owner, {})[path] = place
    return list(groups.values())


def _indices(point: Any, groups: Sequence[dict[str, int]]) -> list[np.ndarray]:
    """Return where the parameters of each block stand in a flat vector."""
    sizes = [leaf.size for leaf in jax.tree.leaves(point)]
    starts = np.cumsum([0, *sizes])
    return [
        np.concatenate([np.arange(starts[place], starts[place + 1]) for place in group.values()]) for group in groups
    ]


def _rows(indices: Sequence[np.ndarray]) -> tuple[Array, Array]:
    """Return the blocks' indices, padded to the longest, and the block of each parameter."""
    longest = max(map(len, indices))
    padded = np.stack([np.pad(index, (0, longest - len(index))) for index in indices])
    owners = np.empty(sum(map(len, indices)), int)
    for number, index in enumerate(indices):
        owners[index] = number
    return jnp.asarray(padded), jnp.asarray(owners)


def _refuse_large(point: Any, groups: Sequence[dict[str, int]], indices: Sequence[np.ndarray], limit: int) -> None:
    sizes = [len(index) for index in indices]
    taken = sum(sizes) * max(sizes) * jnp.result_type(*jax.tree.leaves(point)).itemsize
    if taken > limit:
        names = ", ".join(groups[sizes.index(max(sizes))])
        raise ValueError(
            f"limit must be at least {taken:,} bytes ({taken / 2**30:,.1f} GiB) for these blocks, of which the largest, "
            f"{names}, has {max(sizes):,} parameters; got {limit:,}. `kronecker` is smaller."
        )


@eqx.filter_jit
def _columns(operator: lx.AbstractLinearOperator, rows: Int[Array, "B m"], owners: Int[Array, " W"]) -> Array:
    """Return for each parameter its column of the matrix, only the rows of its block."""
    return over_units(operator, lambda unit, column: column[rows[owners[jnp.argmax(unit)]]])


@eqx.filter_jit
def _decomposed(
    columns: Float[Array, "W m"], indices: Sequence[np.ndarray], semidefinite: bool
) -> list[tuple[Array, Array]]:
    """Return the eigenvalues and eigenvectors of each block."""
    found = []
    for index in indices:
        matrix = columns[index, : len(index)]
        values, vectors = jnp.linalg.eigh((matrix + matrix.T) / 2)
        # Rounding may leave an eigenvalue just below zero.
        found.append((jnp.maximum(values, 0) if semidefinite else values, vectors))
    return found
