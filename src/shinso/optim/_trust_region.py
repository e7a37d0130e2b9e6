"""Trust-region Newton with Steihaug's conjugate gradients."""

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import jax.numpy as jnp
import optimistix
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from shinso.optim._cost import Cost
from shinso.optim._line_search import Point
from shinso.optim._method import Method, Moved, positive
from shinso.optim._precision import epsilon
from shinso.optim._selection import choose

Vector = Float[Array, " W"]


class TrustRegion(Method, optimistix.AbstractMinimiser[Any, Any, Any]):
    """Minimise m(p) = E + gᵀp + ½ pᵀHp over ‖p‖ ≤ Δ, go there if E falls enough, and fit Δ to how well m foretold it.

    With r = (E(θ) − E(θ+p)) / (m(0) − m(p)): Δ is quartered if r < ¼ and doubled if r > ¾ at the boundary; the step is
    taken if r > 0.15. The minimum is Steihaug's: conjugate gradients on Hp = −g until the residual is
    ≤ min(½, √‖g‖) ‖g‖, the boundary is reached, or a direction of negative curvature leads to it. H is met in products
    alone, and a saddle with a gradient is left along negative curvature.

    One iteration is one trial, so some leave θ where it is.

    Attributes:
        radius: Δ at first, > 0.
        largest_radius: Δ at most, > 0.

    Source: Notes on neural networks, Goodfellow et al., §8.6.1; Steihaug (1983); Nocedal and Wright, algorithms 4.1 and 7.2.
    """

    radius: Float[Array, ""] = positive("radius", 1.0)
    largest_radius: Float[Array, ""] = positive("largest_radius", 1000.0)

    needs_hessian: ClassVar[bool] = True

    def remember(self, at: Vector) -> Float[Array, ""]:
        """Return the first radius."""
        return self.radius.astype(at.dtype)

    def move(self, cost: Cost, point: Point, memory: Float[Array, ""]) -> Moved:
        """Make one trial."""
        solved = steihaug(lambda vector: cost.hessian_product(point.at, vector), point.gradient, memory)
        at = point.at + solved.step
        value, gradient = cost.evaluate(at)
        good = jnp.isfinite(value) & jnp.all(jnp.isfinite(gradient))
        fall = jnp.where(good, point.cost - value, -jnp.inf)
        # Where costs differ by rounding alone, the gradient tells what is better, and the region stays as it is.
        noise = 10 * epsilon(at.dtype) * jnp.abs(point.cost)
        rounding = good & (jnp.abs(fall) <= noise) & (solved.fall <= noise)
        better = jnp.linalg.norm(gradient) < jnp.linalg.norm(point.gradient)
        ratio = jnp.where(rounding, jnp.where(better, 0.5, 0), fall / jnp.where(solved.fall > 0, solved.fall, 1))
        length = jnp.linalg.norm(solved.step)
        radius = jnp.where(ratio < 0.25, 0.25 * jnp.minimum(memory, length), memory)
        radius = jnp.where((ratio > 0.75) & solved.at_boundary, jnp.minimum(2 * memory, self.largest_radius), radius)
        taken = choose(ratio > 0.15, Point(at, value, gradient), point)
        possible = radius > epsilon(at.dtype) * jnp.maximum(jnp.linalg.norm(point.at), 1e-30)
        return Moved(taken, radius, jnp.ones((), jnp.int32), solved.products, possible)


class _Solved(NamedTuple):
    step: Vector
    fall: Float[Array, ""]
    at_boundary: Bool[Array, ""]
    products: Int[Array, ""]


class _Krylov(NamedTuple):
    step: Vector
    residual: Vector
    direction: Vector
    fall: Float[Array, ""]
    products: Int[Array, ""]
    at_boundary: Bool[Array, ""]
    over: Bool[Array, ""]


def steihaug(product: Callable[[Vector], Vector], gradient: Vector, radius: Float[Array, ""]) -> _Solved:
    """Return about the least of gᵀp + ½ pᵀHp over ‖p‖ ≤ Δ, and by how much it is below 0."""
    norm = jnp.linalg.norm(gradient)
    enough = jnp.minimum(0.5, jnp.sqrt(norm)) * norm
    most = 2 * gradient.size + 10

    def look(now: _Krylov) -> _Krylov:
        image = product(now.direction)
        curvature = now.direction @ image
        square = now.residual @ now.residual
        inside = square / jnp.where(curvature > 0, curvature, 1)
        boundary = _to_boundary(now.step, now.direction, radius)
        leaves = (curvature <= 0) | (jnp.linalg.norm(now.step + inside * now.direction) >= radius)
        length = jnp.where(leaves, boundary, inside)
        residual = now.residual + length * image
        # Along d from p: the slope is −‖residual‖², since conjugate gradients keep residualᵀd = −‖residual‖².
        fall = now.fall + length * square - 0.5 * length**2 * curvature
        products = now.products + 1
        beta = (residual @ residual) / square
        done = leaves | (jnp.linalg.norm(residual) <= enough) | (products >= most)
        step = now.step + length * now.direction
        return _Krylov(step, residual, beta * now.direction - residual, fall, products, leaves, done)

    zeros, no = jnp.zeros_like(gradient), jnp.asarray(False)
    start = _Krylov(zeros, gradient, -gradient, jnp.zeros_like(norm), jnp.zeros((), jnp.int32), no, no)
    end = lax.while_loop(lambda now: ~now.over, look, start)
    return _Solved(end.step, end.fall, end.at_boundary, end.products)


def _to_boundary(step: Vector, direction: Vector, radius: Float[Array, ""]) -> Float[Array, ""]:
    """Return the τ ≥ 0 with ‖p + τ d‖ = Δ."""
    a, b, c = direction @ direction, step @ direction, step @ step - radius**2
    root = jnp.sqrt(jnp.maximum(b**2 - a * c, 0))
    return jnp.where(b > 0, -c / (b + root), (root - b) / a)
