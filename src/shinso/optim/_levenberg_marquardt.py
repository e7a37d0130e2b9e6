"""Levenberg–Marquardt: Gauss–Newton within a trust region."""

from typing import Any, ClassVar, NamedTuple

import jax.numpy as jnp
import optimistix
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from shinso.optim._cost import Cost
from shinso.optim._line_search import Point
from shinso.optim._method import Method, Moved, positive
from shinso.optim._precision import epsilon, smallest
from shinso.optim._selection import choose

Vector = Float[Array, " W"]

TRIALS = 20
"""Radii one iteration tries; each is at most half the one before."""


class _Region(NamedTuple):
    """Δ, and the scale D of each parameter; Δ = 0 before the first iteration."""

    radius: Float[Array, ""]
    scale: Vector


class _Trial(NamedTuple):
    point: Point
    radius: Float[Array, ""]
    evaluations: Int[Array, ""]
    taken: Bool[Array, ""]
    over: Bool[Array, ""]


class LevenbergMarquardt(Method, optimistix.AbstractLeastSquaresSolver[Any, Any, Any, Any]):
    """p = −(G + μD²)⁻¹ g, with μ ≥ 0 the least for which ‖Dp‖ ≤ Δ, and Δ fitted to how well the model foretold E.

    G is JᵀJ for residuals, and for a likelihood Σ w JᵀMJ / Σ w + ∇∇ penalties. D_i is the largest √G_ii so far, so that
    the scale of a parameter does not matter. An iteration shortens Δ until E falls: one matrix and its eigenvalues, a few
    evaluations.

    Attributes:
        radius: the first Δ is this times ‖Dθ‖ (or this, at θ = 0), > 0.

    Source: S0 §2.2.4; Levenberg (1944), Marquardt (1963); Moré (1978), as MINPACK's lmder.
    """

    radius: Float[Array, ""] = positive("radius", 100.0)

    needs_matrix: ClassVar[bool] = True
    needs_gauss_newton: ClassVar[bool] = True

    def remember(self, at: Vector) -> _Region:
        """Return a region without a radius."""
        return _Region(jnp.zeros((), at.dtype), jnp.zeros_like(at))

    def move(self, cost: Cost, point: Point, memory: _Region) -> Moved:
        """Shorten the step until the cost falls."""
        dtype = point.at.dtype
        matrix = cost.gauss_newton(point.at)
        scale = jnp.maximum(memory.scale, jnp.sqrt(jnp.maximum(jnp.diagonal(matrix), 0)))
        divisor = jnp.where(scale > 0, scale, 1)
        values, vectors = jnp.linalg.eigh(matrix / jnp.outer(divisor, divisor))
        values = jnp.maximum(values, epsilon(dtype) * jnp.maximum(values[-1], smallest(dtype)))
        slopes = (point.gradient / divisor) @ vectors
        size = jnp.linalg.norm(scale * point.at)
        radius = jnp.where(memory.radius > 0, memory.radius, self.radius * jnp.where(size > 0, size, 1))
        noise = 10 * epsilon(dtype) * jnp.abs(point.cost)

        def attempt(now: _Trial) -> _Trial:
            shift = _shift(values, slopes, now.radius)
            parts = -slopes / (values + shift)
            length = jnp.linalg.norm(parts)
            at = point.at + (vectors @ parts) / divisor
            value, gradient = cost.evaluate(at)
            finite = jnp.isfinite(value) & jnp.all(jnp.isfinite(gradient))
            fall = jnp.where(finite, point.cost - value, -jnp.inf)
            foretold = 0.5 * jnp.sum(values * parts**2) + shift * length**2
            # Where costs differ by rounding alone, the gradient tells what is better, and the region stays as it is.
            rounding = finite & (jnp.abs(fall) <= noise) & (foretold <= noise)
            better = jnp.linalg.norm(gradient) < jnp.linalg.norm(point.gradient)
            ratio = jnp.where(rounding, jnp.where(better, 0.5, 0), fall / jnp.where(foretold > 0, foretold, 1))
            slope = -slopes @ parts
            shorter = jnp.clip(0.5 * slope / jnp.maximum(slope - jnp.where(finite, fall, 0), slope), 0.1, 0.5)
            shorter = jnp.where(finite, jnp.where(fall >= 0, 0.5, shorter), 0.1)
            longer = jnp.where((ratio >= 0.75) | (shift == 0), 2 * length, now.radius)
            radius = jnp.where(ratio <= 0.25, shorter * jnp.minimum(now.radius, 10 * length), longer)
            taken = ratio > 1e-4
            evaluations = now.evaluations + 1
            return _Trial(
                choose(taken, Point(at, value, gradient), point),
                radius.astype(dtype),
                evaluations,
                taken,
                taken | (evaluations >= TRIALS),
            )

        none, no = jnp.zeros((), jnp.int32), jnp.asarray(False)
        first = _Trial(point, radius.astype(dtype), none, no, no)
        end = lax.while_loop(lambda now: ~now.over, attempt, first)
        products = jnp.asarray(point.at.size, jnp.int32)
        return Moved(end.point, _Region(end.radius, scale), end.evaluations, products, end.taken)


def _shift(values: Vector, slopes: Vector, radius: Float[Array, ""]) -> Float[Array, ""]:
    """Return the least μ ≥ 0 for which ‖(Λ + μ)⁻¹ b‖ ≤ Δ, to a tenth of Δ: Newton's method on 1/‖·‖ from below."""

    def nearer(_: Any, shift: Float[Array, ""]) -> Float[Array, ""]:
        parts = slopes / (values + shift)
        length = jnp.linalg.norm(parts)
        curvature = jnp.sum(parts**2 / (values + shift))
        correction = (length / radius - 1) * length**2 / jnp.where(curvature > 0, curvature, 1)
        return jnp.where(length > 1.1 * radius, shift + correction, shift)

    found: Array = lax.fori_loop(0, 10, nearer, jnp.zeros((), values.dtype))
    return found
