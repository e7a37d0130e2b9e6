"""Coordinate descent on a quadratic, with soft thresholding."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, ArrayLike, Float

from shinso import _checks


def soft_threshold(x: Float[Array, "*shape"], threshold: ArrayLike) -> Float[Array, "*shape"]:
    """Return sgn(x) max(|x| − t, 0), the minimum over u of ½(u − x)² + t|u|."""
    return jnp.sign(x) * jnp.maximum(jnp.abs(x) - threshold, 0)


def sweep(
    matrix: Float[Array, "M M"], vector: Float[Array, " M"], x: Float[Array, " M"], threshold: ArrayLike
) -> Float[Array, " M"]:
    """Return x after each coordinate, in order, has been set to its minimum; one without curvature is set to 0."""
    curvature = jnp.diagonal(matrix)
    curved = curvature > 0
    divisor = jnp.where(curved, curvature, 1)

    def move(j: Array, x: Array) -> Array:
        rest = vector[j] - matrix[j] @ x + curvature[j] * x[j]
        return x.at[j].set(jnp.where(curved[j], soft_threshold(rest, threshold) / divisor[j], 0))

    moved: Array = lax.fori_loop(0, x.shape[0], move, x)
    return moved


def coordinate_descent(
    matrix: Float[ArrayLike, "M M"],
    vector: Float[ArrayLike, " M"],
    *,
    start: Float[ArrayLike, " M"] | None = None,
    threshold: float = 0.0,
    sweeps: int = 100,
) -> Float[Array, "S M"]:
    """Return the way to the minimum of ½ xᵀAx − bᵀx + t‖x‖₁, one coordinate after the other.

    x_j ← S(b_j − Σ_{i≠j} A_ji x_i, t) / A_jj with S(u, t) = sgn(u) max(|u| − t, 0), for j = 1, …, M in turn: a Gauss–Seidel
    sweep when t = 0. The cost never rises, and the error falls by a fixed factor each sweep, which nears 1 as the
    coordinates depend on each other: for (x₁ − x₂)² + α(x₁² + x₂²) it is (1 + α)⁻².

    Args:
        matrix: A, symmetric, with a positive diagonal.
        vector: b.
        start: where to begin; None is 0.
        threshold: t ≥ 0.
        sweeps: S ≥ 1, how often every coordinate is visited.

    Returns:
        x at the start and after each sweep, `[S + 1, M]`, in JAX's default real type.

    Raises:
        ValueError: A is not a symmetric matrix with a positive diagonal, lengths differ, t < 0 or S < 1.

    Source: Goodfellow et al., §8.7.2.
    """
    A, b = np.asarray(matrix, dtype=float), np.asarray(vector, dtype=float)
    if A.ndim != 2 or not A.size or A.shape[0] != A.shape[1] or not np.allclose(A, A.T) or not (A.diagonal() > 0).all():
        raise ValueError(f"matrix must be symmetric with a positive diagonal; got {matrix!r}.")
    x = np.zeros(len(A)) if start is None else np.asarray(start, dtype=float)
    for name, given in (("vector", b), ("start", x)):
        if given.shape != A.shape[:1]:
            raise ValueError(f"{name} must have shape [{len(A)}], as the matrix; got {list(given.shape)}.")
    _checks.real("threshold", threshold, least=0.0)
    _checks.whole_number("sweeps", sweeps, least=1)
    real = jnp.result_type(float)
    path: Array = _path(jnp.asarray(A, real), jnp.asarray(b, real), jnp.asarray(x, real), threshold, sweeps=sweeps)
    return path


@functools.partial(jax.jit, static_argnames="sweeps")
def _path(matrix: Array, vector: Array, start: Array, threshold: ArrayLike, *, sweeps: int) -> Array:
    def step(x: Array, _: None) -> tuple[Array, Array]:
        moved = sweep(matrix, vector, x, threshold)
        return moved, moved

    _, path = lax.scan(step, start, length=sweeps)
    return jnp.concatenate([start[None], path])
