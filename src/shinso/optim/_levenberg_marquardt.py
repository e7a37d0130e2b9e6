"""Levenberg–Marquardt: Gauss–Newton within a trust region."""

from typing import Any, ClassVar, NamedTuple

import jax.numpy as jnp
import optimistix
from jax import lax
from jax.scipy.linalg import cho_solve, solve_triangular
from jaxtyping import Array, Bool, Float, Int

from shinso.optim._cost import Cost
from shinso.optim._line_search import Point
from shinso.optim._method import Method, Moved, positive
from shinso.optim._precision import epsilon, smallest
from shinso.optim._selection import choose

Vector = Float[Array, " W"]

TRIALS = 20
"""Radii one iteration tries; each is at most half the one before."""
FACTORS = 12
"""Cholesky factors that finding one step may take; two do as a rule."""


class _Region(NamedTuple):
    """Δ, the scale D of each parameter, and the last μ; Δ = 0 before the first iteration."""

    radius: Float[Array, ""]
    scale: Vector
    shift: Float[Array, ""]


class _Trial(NamedTuple):
    point: Point
    radius: Float[Array, ""]
    shift: Float[Array, ""]
    evaluations: Int[Array, ""]
    taken: Bool[Array, ""]
    over: Bool[Array, ""]


class _Step(NamedTuple):
    """Dp, its length, and μ; `lowest` is the least μ for which the matrix is positive definite in its rounding."""

    step: Vector
    length: Float[Array, ""]
    shift: Float[Array, ""]
    lowest: Float[Array, ""]
    tries: Int[Array, ""]
    over: Bool[Array, ""]


class LevenbergMarquardt(Method, optimistix.AbstractLeastSquaresSolver[Any, Any, Any, Any]):
    """p = −(G + μD²)⁻¹ g, with μ ≥ 0 the least for which ‖Dp‖ ≤ Δ, and Δ fitted to how well the model foretold E.

    G is JᵀJ for residuals, and for a likelihood Σ w JᵀMJ / Σ w + ∇∇ penalties. D_i is the largest √G_ii so far, so that
    the scale of a parameter does not matter. An iteration shortens Δ until E falls: one matrix, a few evaluations, and a
    few Cholesky factors of G + μD² for each.

    Attributes:
        radius: the first Δ is this times ‖Dθ‖ (or this, at θ = 0), > 0.

    Source: Notes on neural networks, §2.2.4; Levenberg (1944), Marquardt (1963); Moré (1978), as MINPACK's lmder.
    """

    radius: Float[Array, ""] = positive("radius", 100.0)

    needs_matrix: ClassVar[bool] = True
    needs_gauss_newton: ClassVar[bool] = True

    def remember(self, at: Vector) -> _Region:
        """Return a region without a radius."""
        none = jnp.zeros((), at.dtype)
        return _Region(none, jnp.zeros_like(at), none)

    def move(self, cost: Cost, point: Point, memory: _Region) -> Moved:
        """Shorten the step until the cost falls."""
        dtype = point.at.dtype
        matrix = cost.gauss_newton(point.at)
        scale = jnp.maximum(memory.scale, jnp.sqrt(jnp.maximum(jnp.diagonal(matrix), 0)))
        divisor = jnp.where(scale > 0, scale, 1)
        matrix, slopes = matrix / jnp.outer(divisor, divisor), point.gradient / divisor
        size = jnp.linalg.norm(scale * point.at)
        radius = jnp.where(memory.radius > 0, memory.radius, self.radius * jnp.where(size > 0, size, 1))
        noise = 10 * epsilon(dtype) * jnp.abs(point.cost)

        def attempt(now: _Trial) -> _Trial:
            found = _step(matrix, slopes, now.radius, now.shift)
            shift, length = found.shift, found.length
            at = point.at + found.step / divisor
            value, gradient = cost.evaluate(at)
            finite = jnp.isfinite(value) & jnp.all(jnp.isfinite(gradient))
            fall = jnp.where(finite, point.cost - value, -jnp.inf)
            slope = -slopes @ found.step
            foretold = 0.5 * (slope + shift * length**2)
            # Where costs differ by rounding alone, the gradient tells what is better, and the region stays as it is.
            rounding = finite & (jnp.abs(fall) <= noise) & (foretold <= noise)
            better = jnp.linalg.norm(gradient) < jnp.linalg.norm(point.gradient)
            ratio = jnp.where(rounding, jnp.where(better, 0.5, 0), fall / jnp.where(foretold > 0, foretold, 1))
            shorter = jnp.clip(0.5 * slope / jnp.maximum(slope - jnp.where(finite, fall, 0), slope), 0.1, 0.5)
            shorter = jnp.where(finite, jnp.where(fall >= 0, 0.5, shorter), 0.1)
            longer = jnp.where((ratio >= 0.75) | (shift <= found.lowest), 2 * length, now.radius)
            radius = jnp.where(ratio <= 0.25, shorter * jnp.minimum(now.radius, 10 * length), longer)
            taken = ratio > 1e-4
            evaluations = now.evaluations + 1
            return _Trial(
                choose(taken, Point(at, value, gradient), point),
                radius.astype(dtype),
                shift,
                evaluations,
                taken,
                taken | (evaluations >= TRIALS),
            )

        none, no = jnp.zeros((), jnp.int32), jnp.asarray(False)
        first = _Trial(point, radius.astype(dtype), memory.shift, none, no, no)
        end = lax.while_loop(lambda now: ~now.over, attempt, first)
        products = jnp.asarray(point.at.size, jnp.int32)
        return Moved(end.point, _Region(end.radius, scale, end.shift), end.evaluations, products, end.taken)


def _step(matrix: Float[Array, "W W"], slopes: Vector, radius: Float[Array, ""], shift: Float[Array, ""]) -> _Step:
    """Return p = −(G + μI)⁻¹ b with μ ≥ 0 the least for which ‖p‖ ≤ Δ, to a tenth of Δ: Newton's method on 1/‖p‖.

    Where rounding leaves G + μI without a Cholesky factor, μ is raised.
    """
    identity = jnp.eye(len(matrix), dtype=matrix.dtype)
    rounding = epsilon(matrix.dtype) * jnp.maximum(jnp.trace(matrix), smallest(matrix.dtype))

    def nearer(now: _Step) -> _Step:
        factor = jnp.linalg.cholesky(matrix + (now.shift + rounding) * identity)
        step = -cho_solve((factor, True), slopes)
        half = solve_triangular(factor, step, lower=True)
        length, curvature = jnp.linalg.norm(step), half @ half
        definite = jnp.isfinite(length)
        correction = (length / radius - 1) * length**2 / jnp.where(curvature > 0, curvature, 1)
        lowest = jnp.where(definite, now.lowest, 10 * jnp.maximum(now.shift, rounding))
        fits = definite & (length <= 1.1 * radius) & ((length >= 0.9 * radius) | (now.shift <= lowest))
        shift = jnp.where(definite, jnp.maximum(now.shift + correction, lowest), lowest)
        over = fits | (now.tries + 1 >= FACTORS)
        return _Step(step, length, jnp.where(over, now.shift, shift), lowest, now.tries + 1, over)

    none = jnp.zeros((), matrix.dtype)
    first = _Step(slopes, none, shift, none, jnp.zeros((), jnp.int32), jnp.asarray(False))
    found: _Step = lax.while_loop(lambda now: ~now.over, nearer, first)
    definite = jnp.isfinite(found.length)
    return found._replace(length=jnp.where(definite, found.length, radius), step=jnp.where(definite, found.step, 0))
