"""Cost surfaces of two parameters on which optimizers differ, and the way an optimizer takes over one."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from shinso import _checks
from shinso.optim import Optimizer


class Surface(NamedTuple):
    """A cost C(x, y), where descent starts, and the part of the plane that shows it: least and greatest x and y."""

    cost: Callable[[Float[Array, "2"]], Float[Array, ""]]
    start: tuple[float, float]
    view: tuple[float, float, float, float]


def _ill_conditioned(p: Float[Array, "2"]) -> Float[Array, ""]:
    return 0.5 * (p[0] ** 2 + 25.0 * p[1] ** 2)


def _saddle(p: Float[Array, "2"]) -> Float[Array, ""]:
    return 0.5 * p[0] ** 2 - 0.5 * p[1] ** 2 + 0.1 * p[1] ** 4


def _cliff(p: Float[Array, "2"]) -> Float[Array, ""]:
    return 4.0 * jax.nn.sigmoid(20.0 * (p[0] - 1.0)) + 0.1 * p[0] ** 2 + 0.2 * p[1] ** 2 + 0.05 * (p[0] - 1.2) ** 2


SURFACES: Mapping[str, Surface] = MappingProxyType(
    {
        "ill-conditioned": Surface(_ill_conditioned, (-4.0, 1.5), (-5.0, 5.0, -2.0, 2.0)),
        "saddle": Surface(_saddle, (1.5, 0.01), (-2.0, 2.0, -2.5, 2.5)),
        "cliff": Surface(_cliff, (1.06, 1.5), (-3.0, 2.0, -2.0, 2.0)),
    }
)
"""A long valley of condition 25, ½(x² + 25y²); a saddle with minima at y = ±√2.5, x²/2 − y²/2 + y⁴/10; and a plain
that ends in a cliff of height 4. Source: Goodfellow et al., §8.2.1, §8.2.3 and §8.2.4."""


def way_over(surface: Surface, optimizer: Optimizer, steps: int) -> Float[Array, "steps+1 2"]:
    """Return the points that an optimizer visits on a surface, the start first; a step that is not finite is not taken.

    Args:
        surface: one of `SURFACES`, or your own.
        optimizer: of `shinso.optim`.
        steps: ≥ 1.
    """
    found: Array = _way(surface, optimizer, _checks.whole_number("steps", steps, least=1))
    return found


@eqx.filter_jit
def _way(surface: Surface, optimizer: Optimizer, steps: int) -> Array:
    start = jnp.asarray(surface.start, jnp.float32)

    def cost(p: Array) -> tuple[Array, None]:
        return surface.cost(p), None

    def step(carry: tuple[Array, object], number: Array) -> tuple[tuple[Array, object], Array]:
        point, state = carry
        made = optimizer.step(cost, point, state, number, jnp.asarray(1.0))
        kept = jax.tree.map(
            lambda new, old: jnp.where(made.finite, new, old), (made.params, made.state), (point, state)
        )
        return kept, kept[0]

    points = jax.lax.scan(step, (start, optimizer.init(start)), jnp.arange(steps))[1]
    return jnp.concatenate([start[None], points])
