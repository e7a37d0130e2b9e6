"""Hessian-free optimization: conjugate gradients on Gauss–Newton products."""

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import jax.numpy as jnp
import optimistix
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from shinso.optim._cost import Cost
from shinso.optim._descent import Descent, Direction, count
from shinso.optim._line_search import Found, Point
from shinso.optim._method import positive
from shinso.optim._precision import epsilon

Vector = Float[Array, " W"]


class _Kept(NamedTuple):
    """λ and the last direction p."""

    damping: Float[Array, ""]
    direction: Vector


class HessianFree(Descent, optimistix.AbstractLeastSquaresSolver[Any, Any, Any, Any]):
    """Conjugate gradients on (G + λI) p = −g, a line search along p, and λ fitted to how well G foretold the cost.

    With r = (E(θ+εp) − E(θ)) / (ε gᵀp + ½ ε² pᵀGp): λ ← 3/2 λ if r < ¼, λ ← 2/3 λ if r > ¾. Conjugate gradients begin at
    0.95 of the last p and end after i products when φ(p_i) < 0 and (φ(p_i) − φ(p_{i−k})) / φ(p_i) < 0.0005 k, with
    φ(p) = ½ pᵀ(G+λI)p + gᵀp and k = max(10, i/10). G is met in products alone: any number of parameters.

    Attributes:
        damping: λ at first, > 0.
        max_products: products one iteration may take.

    Source: Notes on neural networks, §2.2.4; Martens (2010), §4.1–4.7, without his preconditioner, mini-batches and
    backtracking over the conjugate gradients' iterates.
    """

    damping: Float[Array, ""] = positive("damping", 1.0)
    max_products: Int[Array, ""] = count("max_products", 250)

    needs_gauss_newton: ClassVar[bool] = True

    def first(self, at: Vector) -> _Kept:
        """Return λ and no direction."""
        return _Kept(self.damping.astype(at.dtype), jnp.zeros_like(at))

    def direction(self, cost: Cost, point: Point, kept: _Kept, age: Int[Array, ""]) -> Direction:
        """Return p."""

        def product(vector: Vector) -> Vector:
            return cost.gauss_newton_product(point.at, vector) + kept.damping * vector

        step, curvature, products = martens(product, point.gradient, 0.95 * kept.direction, self.max_products)
        return Direction(step, products, curvature)

    def learn(self, kept: _Kept, before: Point, found: Found, chosen: Direction, age: Int[Array, ""]) -> _Kept:
        """Fit λ."""
        direction, slope = chosen.vector, before.gradient @ chosen.vector
        curvature = jnp.maximum(chosen.note - kept.damping * (direction @ direction), 0)
        foretold = found.step * slope + 0.5 * found.step**2 * curvature
        ratio = (found.point.cost - before.cost) / jnp.where(foretold < 0, foretold, -1)
        factor = jnp.where(ratio < 0.25, 1.5, jnp.where(ratio > 0.75, 2 / 3, 1.0))
        return _Kept(kept.damping * factor, direction)


class _Solving(NamedTuple):
    step: Vector
    residual: Vector
    direction: Vector
    values: Float[Array, " h"]
    products: Int[Array, ""]
    over: Bool[Array, ""]


def martens(
    product: Callable[[Vector], Vector], gradient: Vector, start: Vector, most: Int[Array, ""]
) -> tuple[Vector, Float[Array, ""], Int[Array, ""]]:
    """Return about the least p of φ(p) = ½ pᵀAp + gᵀp for a positive definite A, pᵀAp, and the products used.

    The first product places the start; it is made in the loop, with a direction of 0, so that the product is compiled once.
    """
    places = 128
    enough = 10 * epsilon(gradient.dtype) * jnp.linalg.norm(gradient)

    def look(now: _Solving) -> _Solving:
        begins = now.products == 0
        image = product(jnp.where(begins, now.step, now.direction))
        square = now.residual @ now.residual
        bend = now.direction @ image
        length = jnp.where(begins | (bend <= 0), 0, square / jnp.where(bend > 0, bend, 1))
        step = now.step + length * now.direction
        residual = jnp.where(begins, gradient + image, now.residual + length * image)
        beta = jnp.where(begins, 0, residual @ residual / jnp.where(square > 0, square, 1))
        value = 0.5 * step @ (residual + gradient)
        i = now.products
        span = jnp.clip(i // 10, 10, places - 1)
        past = now.values[(i - span) % places]
        settled = (i > span) & (value < 0) & (value - past > 0.0005 * span * value)
        values = now.values.at[i % places].set(value)
        broken = ~begins & (bend <= 0)
        over = settled | broken | (i + 1 >= most) | (jnp.linalg.norm(residual) <= enough)
        return _Solving(step, residual, beta * now.direction - residual, values, i + 1, over)

    none, no = jnp.zeros((), jnp.int32), jnp.asarray(False)
    first = _Solving(start, gradient, -gradient, jnp.zeros(places, gradient.dtype), none, no)
    end = lax.while_loop(lambda now: ~now.over, look, first)
    return end.step, end.step @ (end.residual - gradient), end.products
