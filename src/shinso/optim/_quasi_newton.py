"""BFGS, with the inverse Hessian as a matrix, and L-BFGS, with its last differences alone."""

from functools import partial
from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import optimistix
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from shinso._checks import whole_number
from shinso.optim._cost import Cost
from shinso.optim._descent import Descent, Direction
from shinso.optim._line_search import Found, Point
from shinso.optim._precision import epsilon

Vector = Float[Array, " W"]


class BFGS(Descent, optimistix.AbstractMinimiser[Any, Any, Any]):
    """d = −M g, with M ← (I − ρ s yᵀ) M (I − ρ y sᵀ) + ρ s sᵀ, ρ = 1/yᵀs, the inverse Hessian learnt from differences.

    s = θ_t − θ_{t−1} and y = g_t − g_{t−1}. M starts as the identity, unscaled: on an ill-conditioned quadratic a start
    scaled by yᵀs/yᵀy takes up to eight times the iterations. A pair with yᵀs ≤ 0 teaches nothing and is left out.

    Source: Goodfellow et al., §8.6.3 (the step is −ε M g; the source prints +); Nocedal and Wright, algorithm 6.1.
    """

    needs_matrix: ClassVar[bool] = True
    unit_step: ClassVar[bool] = False

    def first(self, at: Vector) -> Float[Array, "W W"]:
        """Return the identity."""
        return jnp.eye(at.size, dtype=at.dtype)

    def direction(self, cost: Cost, point: Point, kept: Array, age: Int[Array, ""]) -> Direction:
        """Return −M g, of length 1 at first."""
        return Direction(-kept @ point.gradient, jnp.zeros((), jnp.int32))

    def learn(self, kept: Array, before: Point, found: Found, chosen: Direction, age: Int[Array, ""]) -> Array:
        """Return the next M."""
        s, y, curved = _difference(before, found)
        product = jnp.where(curved, s @ y, 1)
        image = kept @ y
        scale = (1 + y @ image / product) / product
        later = kept + scale * jnp.outer(s, s) - (jnp.outer(s, image) + jnp.outer(image, s)) / product
        return jnp.where(curved, later, kept)


class _Pairs(NamedTuple):
    """The last differences, newest last; a pair not yet there has ρ = 0."""

    s: Float[Array, "m W"]
    y: Float[Array, "m W"]
    rho: Float[Array, " m"]
    scale: Float[Array, ""]


class LBFGS(Descent, optimistix.AbstractMinimiser[Any, Any, Any]):
    """BFGS's d = −M g with M built anew each step from the last m differences s, y and the start M₀ = (yᵀs/yᵀy) I.

    Attributes:
        memory: m ≥ 1, differences kept; 2 m W numbers.

    Source: Goodfellow et al., §8.6.3; Nocedal and Wright, algorithms 7.4 and 7.5.
    """

    memory: int = eqx.field(default=10, static=True, kw_only=True, converter=partial(whole_number, "memory", least=1))

    def first(self, at: Vector) -> _Pairs:
        """Return no pairs."""
        none = jnp.zeros((self.memory, at.size), at.dtype)
        return _Pairs(none, none, none[:, 0], jnp.ones((), at.dtype))

    def direction(self, cost: Cost, point: Point, kept: _Pairs, age: Int[Array, ""]) -> Direction:
        """Return −M g by the two loops over the pairs, of length 1 at first."""

        def back(vector: Vector, pair: tuple[Array, Array, Array]) -> tuple[Vector, Array]:
            s, y, rho = pair
            share = rho * (s @ vector)
            return vector - share * y, share

        def forth(vector: Vector, pair: tuple[Array, Array, Array, Array]) -> tuple[Vector, None]:
            s, y, rho, share = pair
            return vector + (share - rho * (y @ vector)) * s, None

        pairs = (kept.s, kept.y, kept.rho)
        vector, shares = lax.scan(back, point.gradient, pairs, reverse=True)
        vector, _ = lax.scan(forth, kept.scale * vector, (*pairs, shares))
        return Direction(_first_short(-vector, age), jnp.zeros((), jnp.int32))

    def learn(self, kept: _Pairs, before: Point, found: Found, chosen: Direction, age: Int[Array, ""]) -> _Pairs:
        """Return the pairs with the new one in place of the oldest."""
        s, y, curved = _difference(before, found)
        product = jnp.where(curved, s @ y, 1)

        def push(old: Array, new: Array) -> Array:
            return jnp.where(curved, jnp.concatenate([old[1:], new[None]]), old)

        scale = jnp.where(curved, product / jnp.where(curved, y @ y, 1), kept.scale)
        return _Pairs(push(kept.s, s), push(kept.y, y), push(kept.rho, 1 / product), scale)


def _first_short(direction: Vector, age: Int[Array, ""]) -> Vector:
    """Return the direction, cut to length 1 before anything has been learnt of the scale."""
    return direction * jnp.where(age == 0, jnp.minimum(1, 1 / jnp.linalg.norm(direction)), 1)


def _difference(before: Point, found: Found) -> tuple[Vector, Vector, Bool[Array, ""]]:
    """Return s, y, and whether the curvature yᵀs is safely positive."""
    s, y = found.point.at - before.at, found.point.gradient - before.gradient
    return s, y, s @ y > epsilon(s.dtype) * jnp.linalg.norm(s) * jnp.linalg.norm(y)
