"""Operators as dense matrices, and what only dense matrices give."""

import functools
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx
from jaxtyping import Array, Float

from shinso._fork import computing
from shinso.curvature._flat import flat_product, flattening

LIMIT = 2**31
"""Bytes a dense matrix may take, unless a call says otherwise: W = 23,170 in float32, 16,384 in float64."""
COLUMNS = 32
"""Unit vectors multiplied together; memory is that of as many products."""


def dense(operator: lx.AbstractLinearOperator, *, limit: int = LIMIT) -> Float[Array, "W W"]:
    """Return the operator's matrix, found by W products with unit vectors or a shorter way that the operator knows.

    Rows and columns follow the leaves of the parameter tree, each in C order (`jax.flatten_util.ravel_pytree`). `hessian`,
    `gauss_newton`, `outer_product` and `fisher` are symmetric: columns of a layer's parameters go through that layer and
    those behind it alone. The last three take one backward pass for each example and output instead, if these are few.

    Args:
        operator: A square operator.
        limit: Bytes the matrix may take.

    Raises:
        ValueError: The matrix would take more.
    """
    computing()
    refuse_large(operator, limit)
    matrix: Array = flat_matrix(operator)
    return matrix


def eigenvalues(operator: lx.AbstractLinearOperator, *, limit: int = LIMIT) -> Float[Array, " W"]:
    """Return all eigenvalues of a symmetric operator, ascending, from its dense matrix.

    Raises:
        ValueError: The matrix would take more than `limit` bytes.
    """
    values: Array = jnp.linalg.eigvalsh(dense(operator, limit=limit))
    return values


def condition_number(operator: lx.AbstractLinearOperator, *, limit: int = LIMIT) -> Float[Array, ""]:
    """Return max|λ| / min|λ| of a symmetric operator, from its dense matrix; infinite if it is exactly singular.

    A number above 1/ε (8·10⁶ in float32, 4·10¹⁵ in float64) says no more than that. Source: Goodfellow et al., §8.2.1.

    Raises:
        ValueError: The matrix would take more than `limit` bytes.
    """
    sizes = jnp.abs(eigenvalues(operator, limit=limit))
    return jnp.max(sizes) / jnp.min(sizes)


def log_determinant(operator: lx.AbstractLinearOperator, *, limit: int = LIMIT) -> Float[Array, ""]:
    """Return ln det of a positive definite operator, by Cholesky: 2 Σ ln L_ii.

    Raises:
        ValueError: The matrix would take more than `limit` bytes, or it is not positive definite.
    """
    matrix = dense(operator, limit=limit)
    factor = jnp.linalg.cholesky(matrix)
    if not bool(jnp.isfinite(factor).all()):
        least = float(jnp.linalg.eigvalsh(matrix)[0])
        raise ValueError(
            f"operator must be positive definite for a log-determinant; its smallest eigenvalue is {least:.3g}. "
            "Take gauss_newton or fisher for hessian, or add a multiple of the identity."
        )
    return 2 * jnp.sum(jnp.log(jnp.diagonal(factor)))


def refuse_large(operator: lx.AbstractLinearOperator, limit: int) -> None:
    """Refuse a matrix that would take more than `limit` bytes.

    Raises:
        ValueError: It would.
    """
    vector, _ = jax.eval_shape(lambda: (flattening(operator)[0], None))
    taken = vector.size**2 * vector.dtype.itemsize
    if taken > limit:
        raise ValueError(
            f"limit must be at least {taken:,} bytes ({taken / 2**30:,.1f} GiB) for the dense matrix of "
            f"{vector.size:,} parameters; got {limit:,}. Products, diagonal, trace_estimate, extreme_eigenvalues and "
            "spectral_density need no matrix."
        )


@functools.singledispatch
def flat_matrix(operator: lx.AbstractLinearOperator) -> Float[Array, "W W"]:
    """Return the matrix; operators that know a shorter way register it."""
    return _columns(operator)


def over_units(
    operator: lx.AbstractLinearOperator, read: Callable[[Float[Array, " W"], Float[Array, " W"]], Array]
) -> Float[Array, "W *shape"]:
    """Return `read(e_i, A e_i)` for every unit vector e_i, `COLUMNS` at a time."""
    product = flat_product(operator)
    return over_basis(lambda unit: read(unit, product(unit)), flattening(operator)[0])


def over_basis(function: Callable[[Float[Array, " w"]], Array], like: Float[Array, " w"]) -> Float[Array, "w *shape"]:
    """Return what `function` makes of every unit vector of the size and type of `like`, `COLUMNS` at a time."""
    places = jnp.arange(like.size)
    block = min(COLUMNS, like.size)
    padded = jnp.arange(-(-like.size // block) * block).reshape(-1, block)

    def one(place: Array) -> Array:
        return function((places == place).astype(like.dtype))  # beyond the last place it is zero: padding

    found: Array = jax.lax.map(jax.vmap(one), padded)
    rows: Array = found.reshape(-1, *found.shape[2:])
    return rows[: like.size]


@eqx.filter_jit
def _columns(operator: lx.AbstractLinearOperator) -> Float[Array, "W W"]:
    return over_units(operator, lambda _, column: column).T
