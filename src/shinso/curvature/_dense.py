"""Operators as dense matrices, and what only dense matrices give."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx
from jaxtyping import Array, Float

from shinso.curvature._flat import flat_product, flattening

LIMIT = 2**31
"""Bytes a dense matrix may take, unless a call says otherwise: W = 23,170 in float32, 16,384 in float64."""
COLUMNS = 32
"""Unit vectors multiplied together; memory is that of as many products."""


def dense(operator: lx.AbstractLinearOperator, *, limit: int = LIMIT) -> Float[Array, "W W"]:
    """Return the operator's matrix, found by W products with unit vectors.

    Rows and columns follow the leaves of the parameter tree, each in C order (`jax.flatten_util.ravel_pytree`).

    Args:
        operator: A square operator.
        limit: Bytes the matrix may take.

    Raises:
        ValueError: The matrix would take more.
    """
    refuse_large(operator, limit)
    matrix: Array = _columns(operator)
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

    A number above 1/ε (8·10⁶ in float32, 4·10¹⁵ in float64) says no more than that. Source: S3 §8.2.1.

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


def over_units(
    operator: lx.AbstractLinearOperator, read: Callable[[Float[Array, " W"], Float[Array, " W"]], Array]
) -> Float[Array, "W *shape"]:
    """Return `read(e_i, A e_i)` for every unit vector e_i, `COLUMNS` at a time."""
    zeros, _ = flattening(operator)
    product = flat_product(operator)
    places = jnp.arange(zeros.size)

    def one(place: Array) -> Array:
        unit = (places == place).astype(zeros.dtype)  # beyond the last place it is zero: padding
        return read(unit, product(unit))

    block = min(COLUMNS, zeros.size)
    padded = jnp.arange(-(-zeros.size // block) * block).reshape(-1, block)
    found: Array = jax.lax.map(jax.vmap(one), padded)
    rows: Array = found.reshape(-1, *found.shape[2:])
    return rows[: zeros.size]


@eqx.filter_jit
def _columns(operator: lx.AbstractLinearOperator) -> Float[Array, "W W"]:
    return over_units(operator, lambda _, column: column).T
