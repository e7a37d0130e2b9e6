"""The Hessian by central differences: slow, and independent of second derivatives; a reference for checks."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from shinso._checks import one_of, real
from shinso.curvature._dense import LIMIT, refuse_large
from shinso.curvature._hessian import Hessian
from shinso.curvature._operator import DenseOperator
from shinso.curvature._problem import Problem, problem
from shinso.objectives import Objective

_SIGNS = np.array([(1, 1), (1, -1), (-1, 1), (-1, -1)])


def finite_difference(
    model: Callable[..., Any],
    objective: Objective,
    data: Any,
    *,
    of: str = "gradient",
    step: float | None = None,
    chunk: int | None = None,
    limit: int = LIMIT,
) -> DenseOperator:
    """Return the Hessian of the cost by central differences with step ε, as a dense operator.

    - `of="gradient"`: H_ij = (g_i(θ + εe_j) − g_i(θ − εe_j)) / 2ε, made symmetric; 2W gradients, O(W²).
    - `of="cost"`: H_ij = (E(++) − E(+−) − E(−+) + E(−−)) / 4ε², signs those of ±εe_i ±εe_j; 2W(W+1) costs, O(W³).

    The truncation error is O(ε²), the rounding error of order eps/ε for gradients and eps/ε² for costs; the default ε
    balances them: eps^(1/3) and eps^(1/4). In float32 that leaves about 3 digits and 1; use float64 for a reference.

    Args:
        model: Maps a batch to outputs `[N, K]`.
        objective: The cost.
        data: `(X, y)`, `(X, y, weights)`, a `Batch` or a `Dataset`.
        of: "gradient" or "cost".
        step: ε > 0, the same for all parameters.
        chunk: Examples looked at together, as for `hessian`.
        limit: Bytes the matrix may take.

    Raises:
        TypeError: `objective` or `data` is something else.
        ValueError: As `hessian`; `of` is unknown, `step` is not positive, or the matrix is larger than `limit`.

    Source: Bishop, PRML (5.90)–(5.91).
    """
    of = one_of("of", of, ("gradient", "cost"))
    made = problem(model, objective, data, chunk)
    refuse_large(Hessian(made), limit)
    eps = float(np.finfo(ravel_pytree(made.parameters)[0].dtype).eps)
    step = eps ** (1 / 3 if of == "gradient" else 1 / 4) if step is None else real("step", step, above=0.0)
    matrix = (_of_gradients if of == "gradient" else _of_costs)(made, jnp.asarray(step))
    return DenseOperator(0.5 * (matrix + matrix.T), made.parameters)


@eqx.filter_jit
def _of_gradients(problem: Problem, step: Float[Array, ""]) -> Float[Array, "W W"]:
    theta, unflatten = ravel_pytree(problem.parameters)
    step = step.astype(theta.dtype)

    def gradient(vector: Array) -> Array:
        flat: Array = ravel_pytree(problem.gradient(unflatten(vector)))[0]
        return flat

    def row(place: Array) -> Array:
        shift = jnp.where(jnp.arange(theta.size) == place, step, 0)
        ahead, behind = jax.vmap(gradient)(jnp.stack([theta + shift, theta - shift]))
        slope: Array = (ahead - behind) / (2 * step)
        return slope

    rows: Array = jax.lax.map(row, jnp.arange(theta.size))
    return rows


@eqx.filter_jit
def _of_costs(problem: Problem, step: Float[Array, ""]) -> Float[Array, "W W"]:
    theta, unflatten = ravel_pytree(problem.parameters)
    step, places = step.astype(theta.dtype), jnp.arange(theta.size)

    def entry(row: Array, column: Array) -> Array:
        first, second = jnp.where(places == row, step, 0), jnp.where(places == column, step, 0)
        corners = theta + _SIGNS[:, :1] * first + _SIGNS[:, 1:] * second
        costs = jax.vmap(lambda vector: problem.cost(unflatten(vector)))(corners)
        return jnp.sum(_SIGNS.prod(axis=1) * costs) / (4 * step**2)

    rows: Array = jax.lax.map(lambda row: jax.lax.map(lambda column: entry(row, column), places), places)
    return rows
