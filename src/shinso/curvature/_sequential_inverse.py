"""The inverse of the outer-product Hessian by one pass through the data."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, ArrayLike, Float

from shinso._numbers import number_leaf
from shinso.curvature._dense import LIMIT, refuse_large
from shinso.curvature._operator import DenseOperator
from shinso.curvature._output_curvature import OutputCurvature, fisher
from shinso.curvature._problem import one_output_each
from shinso.objectives import Objective

RANK = 128
"""Vectors b taken together: enough for matrix products to run at full speed, few enough for the small factor."""


def inverse_outer_product(
    model: Callable[..., Any], objective: Objective, data: Any, *, alpha: ArrayLike, limit: int = LIMIT
) -> DenseOperator:
    """Return (Σ_m b_m b_mᵀ + αI + ∇∇ penalties)⁻¹ by one pass through the data, as a dense operator.

    The vectors b are the columns of √(w_n/Σw) J_nᵀ M_n^½, K for each example: ∇a_n for a Gaussian likelihood with one
    output. From H₀ = αI + ∇∇ penalties, each vector updates

        H⁻¹ ← H⁻¹ − H⁻¹b bᵀH⁻¹ / (1 + bᵀH⁻¹b);

    about 128 of them are taken together by Woodbury's identity, which is the same sequence in exact arithmetic and runs
    at the speed of matrix products: 4NKW² operations, memory of W² and 128·W numbers. The result inverts
    `fisher(model, objective, data)` + αI, which for canonical links is `gauss_newton` + αI.

    Args:
        model: Maps a batch to outputs `[N, K]` example by example. It runs in prediction mode.
        objective: The cost; the second derivative of its penalties must be diagonal and not negative, as of L2, L1 and ARD.
        data: `(X, y)`, `(X, y, weights)`, a `Batch` or a `Dataset`.
        alpha: α > 0. In float32 the result loses meaning when α is below 10⁻⁷ times the largest eigenvalue.
        limit: Bytes the matrix may take.

    Raises:
        TypeError: `objective` or `data` is something else.
        ValueError: As `hessian`; α is not positive, a penalty is another one, or the matrix is larger than `limit`.

    Source: Bishop, PRML (5.86)–(5.89).
    """
    alpha = number_leaf("alpha", alpha, above=0.0)
    for penalty in objective.penalties if isinstance(objective, Objective) else ():
        if not (penalty.convex and penalty.separable):
            raise ValueError(
                "penalties must be convex and sums over single numbers for inverse_outer_product; "
                f"got {type(penalty).__name__}."
            )
    operator = fisher(model, objective, data)
    made = one_output_each("inverse_outer_product", operator.problem)
    refuse_large(operator, limit)
    block = min(max(RANK // operator.vectors, 1), len(made.batch.weights))
    return DenseOperator(_inverse(replace(operator, problem=replace(made, chunk=block)), alpha), made.parameters, True)


@eqx.filter_jit
def _inverse(operator: OutputCurvature, alpha: Float[Array, ""]) -> Float[Array, "W W"]:
    problem = operator.problem
    theta, _ = ravel_pytree(problem.parameters)
    ones = jax.tree.map(jnp.ones_like, problem.parameters)
    start = alpha.astype(theta.dtype) + ravel_pytree(problem.penalty_product(ones))[0]

    def update(inverse: Array, first: Array) -> tuple[Array, None]:
        rows = operator.square_root(*problem.piece(first))
        return _woodbury(inverse, rows.reshape(-1, rows.shape[-1])), None

    starts = jnp.arange(0, len(problem.batch.weights), problem.length)
    return jax.lax.scan(update, jnp.diag(1 / start), starts)[0]


def _woodbury(inverse: Float[Array, "W W"], vectors: Float[Array, "R W"]) -> Float[Array, "W W"]:
    """Return (H + BᵀB)⁻¹ = H⁻¹ − ZᵀZ with LLᵀ = I + BH⁻¹Bᵀ, LZ = BH⁻¹."""
    images = jnp.matmul(vectors, inverse)
    factor = jnp.linalg.cholesky(jnp.eye(len(vectors), dtype=inverse.dtype) + jnp.matmul(images, vectors.T))
    z = jax.scipy.linalg.solve_triangular(factor, images, lower=True)
    return inverse - jnp.matmul(z.T, z)
