"""The LASSO of a linear readout, by coordinate descent until the duality gap closes."""

import functools
import warnings
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, ArrayLike, Float, Int

from shinso import _checks
from shinso.optim._coordinate_descent import sweep
from shinso.optim._readout import centred, in_double


class Lasso(NamedTuple):
    """A sparse readout: `weight` `[M, K]`, `bias` `[K]`, and how it was reached.

    `gap` `[K]` bounds how far each output's cost lies above its minimum, in units of ½Σ w_n(y_n − ȳ)²; `sweeps` `[K]` is
    how often every weight was visited.
    """

    weight: Float[Array, "M K"]
    bias: Float[Array, " K"]
    gap: Float[Array, " K"]
    sweeps: Int[Array, " K"]


def lasso(
    features: Float[ArrayLike, "N M"],
    targets: Float[ArrayLike, "N K"],
    strength: ArrayLike,
    *,
    weights: Float[ArrayLike, " N"] | None = None,
    bias: bool = True,
    tolerance: float = 1e-12,
    max_sweeps: int = 10_000,
) -> Lasso:
    """Return W and b that minimize ½ Σ_n w_n ‖y_n − Wᵀφ_n − b‖² + λ‖W‖₁, by coordinate descent.

    With A = ΦᵀΦ and c = ΦᵀY on centred data, w_j ← S(c_j − Σ_{i≠j} A_ji w_i, λ)/A_jj until the duality gap
    P(w) − D(θ) is small, where r = y − Φw, P = ½‖r‖² + λ‖w‖₁, θ = r·min(1, λ/‖Φᵀr‖_∞) and D = ½‖y‖² − ½‖y − θ‖².
    Weights that the penalty removes are exactly 0; λ ≥ ‖c‖_∞ removes all. Computed in float64 whatever JAX's default
    is, as `least_squares`.

    The bias is not penalized. scikit-learn's `Lasso(alpha)` is λ = alpha·N; in the mean cost of `shinso.Objective` λ is
    `L1(λ / Σw)`.

    Args:
        features: Φ, `[N, M]`.
        targets: Y, `[N, K]` or `[N]` (K = 1); the outputs are fitted each for itself.
        strength: λ > 0; for 0 there is `least_squares`.
        weights: w ≥ 0, `[N]`; None is 1 for each.
        bias: whether b is fitted; otherwise it is 0.
        tolerance: the gap at which to stop, in units of ½‖y‖² of the centred targets, > 0.
        max_sweeps: when to stop at the latest; a warning says so.

    Raises:
        TypeError: `strength` is not a number.
        ValueError: λ ≤ 0, a tolerance or `max_sweeps` out of range, or what `least_squares` refuses.

    Source: Notes on neural networks, §2.1.3.1; Goodfellow et al., §8.7.2.
    """
    if not isinstance(strength, jax.core.Tracer):
        strength = _checks.real("strength", strength, above=0.0)
    tolerance = _checks.real("tolerance", tolerance, above=0.0)
    most = _checks.whole_number("max_sweeps", max_sweeps, least=1)
    solve = functools.partial(_solve, tolerance=tolerance, most=most, bias=bias)
    fit: Lasso = in_double(solve, features, targets, weights, strength)
    if not isinstance(fit.gap, jax.core.Tracer) and float(np.max(fit.gap)) > max(tolerance, _FLOOR):
        message = f"lasso stopped after {most} sweeps with a relative duality gap of {float(np.max(fit.gap)):.1g}."
        warnings.warn(f"{message} Raise max_sweeps or strength.", stacklevel=2)
    return fit


_FLOOR = 1e-14
"""A relative gap that float64 cannot tell from 0."""


@functools.partial(jax.jit, static_argnames="bias")
def _solve(
    features: Array, targets: Array, weights: Array, strength: Array, *, tolerance: Array, most: Array, bias: bool
) -> Lasso:
    problem = centred(features, targets, weights, bias=bias)
    matrix, vectors = problem.features.T @ problem.features, problem.features.T @ problem.targets
    norms = jnp.sum(problem.targets**2, axis=0)
    precise = np.finfo(features.dtype).bits == 64
    enough = jnp.maximum(tolerance, _FLOOR if precise else 1e-6)

    def gap_of(w: Array, vector: Array, norm: Array) -> Array:
        slope = vector - matrix @ w
        squared = norm - vector @ w - w @ slope
        shrink = jnp.minimum(1, strength / jnp.maximum(jnp.max(jnp.abs(slope)), np.finfo(norm.dtype).tiny))
        primal = 0.5 * squared + strength * jnp.sum(jnp.abs(w))
        dual = shrink * (norm - vector @ w) - 0.5 * shrink**2 * squared
        return jnp.where(norm > 0, (primal - dual) / (0.5 * jnp.where(norm > 0, norm, 1)), 0)

    def one_output(vector: Array, norm: Array) -> tuple[Array, Array, Array]:
        def unfinished(state: tuple[Array, Array, Array]) -> Array:
            return (state[1] > enough) & (state[2] < most)

        def again(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
            w = sweep(matrix, vector, state[0], strength)
            return w, gap_of(w, vector, norm), state[2] + 1

        start = jnp.zeros_like(vector)
        return lax.while_loop(unfinished, again, (start, gap_of(start, vector, norm), jnp.zeros((), jnp.int32)))

    weight, gap, sweeps = jax.vmap(one_output, in_axes=(1, 0), out_axes=(1, 0, 0))(vectors, norms)
    return Lasso(weight, problem.bias(weight), jnp.maximum(gap, 0), sweeps)
