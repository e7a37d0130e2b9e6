"""Methods that choose a direction and search along it."""

import abc
from functools import partial
from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PyTree

from shinso._checks import whole_number
from shinso.optim._cost import Cost
from shinso.optim._line_search import Found, Point, line_search
from shinso.optim._method import Method, Moved
from shinso.optim._selection import choose

Vector = Float[Array, " W"]


class Memory(NamedTuple):
    """Iterations since the method began anew, by how much the last one lowered the cost, and what the method keeps."""

    age: Int[Array, ""]
    fall: Float[Array, ""]
    kept: PyTree[Any]


class Direction(NamedTuple):
    """Where to search, the products of matrix and vector that finding it took, and what `learn` is to know of it."""

    vector: Vector
    products: Int[Array, ""]
    note: PyTree[Any] = None


def count(name: str, default: int) -> Any:
    """Return the field of a whole number ≥ 1 that is traced."""

    def leaf(value: Any) -> Any:
        return value if eqx.is_array(value) else jnp.asarray(whole_number(name, value, least=1), jnp.int32)

    return eqx.field(default=default, converter=leaf, kw_only=True)


class Descent(Method):
    """θ ← θ + ε d with ε from a line search for the strong Wolfe conditions.

    A direction that does not descend is replaced by −g. When the search finds nothing lower, a method with a memory
    forgets it and begins anew; one that has nothing to forget has ended.

    Attributes:
        max_line_search: evaluations one search may take.
    """

    max_line_search: Int[Array, ""] = count("max_line_search", 20)

    curvature: ClassVar[float] = 0.9
    unit_step: ClassVar[bool] = True

    @abc.abstractmethod
    def first(self, at: Vector) -> PyTree[Any]:
        """Return what is kept before the first iteration."""

    @abc.abstractmethod
    def direction(self, cost: Cost, point: Point, kept: PyTree[Any], age: Int[Array, ""]) -> Direction:
        """Return where to search."""

    def learn(
        self, kept: PyTree[Any], before: Point, found: Found, chosen: Direction, age: Int[Array, ""]
    ) -> PyTree[Any]:
        """Return what is kept after a step."""
        return kept

    def remember(self, at: Vector) -> Memory:
        """Return an empty memory."""
        return Memory(jnp.zeros((), jnp.int32), jnp.zeros((), at.dtype), self.first(at))

    def move(self, cost: Cost, point: Point, memory: Memory) -> Moved:
        """Search along the direction."""
        chosen = self.direction(cost, point, memory.kept, memory.age)
        slope = point.gradient @ chosen.vector
        descends = (slope < 0) & jnp.isfinite(slope)
        chosen = chosen._replace(vector=jnp.where(descends, chosen.vector, -point.gradient))
        first = self._first_step(point, memory, chosen.vector, descends)
        search = partial(line_search, cost.evaluate, curvature=self.curvature, most=self.max_line_search)
        found = search(point, chosen.vector, first)
        kept = self.learn(memory.kept, point, found, chosen, memory.age)
        later = Memory(memory.age + 1, point.cost - found.point.cost, kept)
        return Moved(
            found.point,
            choose(found.lower, later, self.remember(point.at)),
            found.evaluations,
            chosen.products,
            found.lower | (memory.age > 0),
        )

    def _first_step(
        self, point: Point, memory: Memory, direction: Vector, descends: Bool[Array, ""]
    ) -> Float[Array, ""]:
        """Return the first ε to try: 1, or what would lower the cost as much as the last step (Nocedal & Wright, 3.60)."""
        short = 1 / jnp.linalg.norm(direction)
        if self.unit_step:
            return jnp.where(descends, 1.0, short)
        alike = jnp.minimum(1.0, -2.02 * memory.fall / (point.gradient @ direction))
        return jnp.where((memory.age > 0) & (alike > 0), alike, short)
