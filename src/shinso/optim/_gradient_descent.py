"""Steepest descent with a line search, and nonlinear conjugate gradients."""

from functools import partial
from typing import Any, ClassVar, Literal, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import optimistix
from jaxtyping import Array, Float, Int

from shinso._checks import one_of
from shinso.optim._cost import Cost
from shinso.optim._descent import Descent, Direction, count
from shinso.optim._line_search import Found, Point

Vector = Float[Array, " W"]
FORMULAS = ("polak_ribiere", "fletcher_reeves", "hestenes_stiefel")


class GradientDescent(Descent, optimistix.AbstractMinimiser[Any, Any, Any]):
    """Steepest descent: d = −g.

    On a quadratic of condition κ the cost falls by a factor near ((κ−1)/(κ+1))² a step. Source: Notes on neural
    networks; Goodfellow et al., §8.6.2; Nocedal and Wright, §3.3.
    """

    curvature: ClassVar[float] = 0.1
    unit_step: ClassVar[bool] = False

    def first(self, at: Vector) -> None:
        """Nothing is kept."""
        return

    def direction(self, cost: Cost, point: Point, kept: None, age: Int[Array, ""]) -> Direction:
        """Return −g."""
        return Direction(-point.gradient, jnp.zeros((), jnp.int32))


class _Last(NamedTuple):
    """The direction before, and the gradient where it was chosen."""

    direction: Vector
    gradient: Vector


class ConjugateGradient(Descent, optimistix.AbstractMinimiser[Any, Any, Any]):
    """Nonlinear conjugate gradients: d_t = −g_t + β_t d_{t−1}, with β = 0 at the first step and at every restart.

    | formula | β, with y = g_t − g_{t−1} |
    |---|---|
    | ``polak_ribiere`` | max(0, gᵀy / g_{t−1}ᵀg_{t−1}) |
    | ``fletcher_reeves`` | gᵀg / g_{t−1}ᵀg_{t−1} |
    | ``hestenes_stiefel`` | max(0, gᵀy / d_{t−1}ᵀy) |

    A β below 0 is a restart (Gilbert and Nocedal, 1992), and so is a direction that does not descend.

    Attributes:
        formula: one of the three.
        restart_every: steps after which β is 0 again, ≥ 1; the source's k.

    Source: Goodfellow et al., §8.6.2, algorithm 8.9 (β = 0 at the first step, where the source's would be 0/0); Nocedal
    and Wright, §5.2.
    """

    formula: Literal["polak_ribiere", "fletcher_reeves", "hestenes_stiefel"] = eqx.field(
        default="polak_ribiere", static=True, kw_only=True
    )
    restart_every: Int[Array, ""] = count("restart_every", 2**31 - 1)

    curvature: ClassVar[float] = 0.4
    unit_step: ClassVar[bool] = False

    def __check_init__(self) -> None:
        """Refuse an unknown formula."""
        one_of("formula", self.formula, FORMULAS)

    def first(self, at: Vector) -> _Last:
        """Return zeros."""
        return _Last(jnp.zeros_like(at), jnp.zeros_like(at))

    def direction(self, cost: Cost, point: Point, kept: _Last, age: Int[Array, ""]) -> Direction:
        """Return −g + β d."""
        gradient, last = point.gradient, kept.gradient
        change = gradient - last
        over, under = {
            "polak_ribiere": (gradient @ change, last @ last),
            "fletcher_reeves": (gradient @ gradient, last @ last),
            "hestenes_stiefel": (gradient @ change, kept.direction @ change),
        }[self.formula]
        anew = (age % self.restart_every == 0) | (under == 0)
        beta = jnp.where(anew, 0, jnp.maximum(over / jnp.where(under == 0, 1, under), 0))
        return Direction(-gradient + beta * kept.direction, jnp.zeros((), jnp.int32))

    def learn(self, kept: _Last, before: Point, found: Found, chosen: Direction, age: Int[Array, ""]) -> _Last:
        """Keep the direction and the gradient."""
        return _Last(chosen.vector, before.gradient)


fletcher_reeves = partial(ConjugateGradient, formula="fletcher_reeves")
hestenes_stiefel = partial(ConjugateGradient, formula="hestenes_stiefel")
