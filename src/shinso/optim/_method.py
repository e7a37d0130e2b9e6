"""What every full-batch method is: a start, an iteration, and tests of convergence, behind Optimistix's interface."""

import abc
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optimistix
from jax import lax
from jaxtyping import Array, Bool, Float, Int, PyTree

from shinso._numbers import number_leaf
from shinso.optim._cost import LARGEST_DENSE, Cost, cost_of_function, flat
from shinso.optim._line_search import Point
from shinso.optim._selection import choose

GOING_ON, GRADIENT_SMALL, STEP_SMALL, COST_STEADY, STUCK, NOT_FINITE = range(6)
"""Why a method has ended, or that it has not."""


class State(NamedTuple):
    """Where a method is, what it remembers, and what it has used."""

    point: Point
    memory: PyTree[Any]
    steps: Int[Array, ""]
    evaluations: Int[Array, ""]
    products: Int[Array, ""]
    code: Int[Array, ""]


class Moved(NamedTuple):
    """What one iteration did; `possible` is false where nothing lower was found and nothing is left to try."""

    point: Point
    memory: PyTree[Any]
    evaluations: Int[Array, ""]
    products: Int[Array, ""]
    possible: Bool[Array, ""]


def tolerance(name: str, default: float) -> Any:
    """Return the field of a setting that is ≥ 0."""
    return eqx.field(default=default, converter=partial(number_leaf, name, least=0.0), kw_only=True)


def positive(name: str, default: float) -> Any:
    """Return the field of a setting that is > 0."""
    return eqx.field(default=default, converter=partial(number_leaf, name, above=0.0), kw_only=True)


class Method(optimistix.AbstractIterativeSolver[Any, Any, Any, Any]):
    """A full-batch method. It has converged when one of these holds, each switched off by 0.

    Attributes:
        gradient_tolerance: max |∂E/∂θ_i| ≤ this.
        step_tolerance: the last step was ‖Δθ‖ ≤ this · (this + ‖θ‖).
        cost_tolerance: it lowered the cost by ≤ this · max(|E before|, |E after|).
    """

    gradient_tolerance: Float[Array, ""] = tolerance("gradient_tolerance", 1e-5)
    step_tolerance: Float[Array, ""] = tolerance("step_tolerance", 0.0)
    cost_tolerance: Float[Array, ""] = tolerance("cost_tolerance", 0.0)

    needs_matrix: ClassVar[bool] = False
    needs_hessian: ClassVar[bool] = False
    needs_gauss_newton: ClassVar[bool] = False

    @abc.abstractmethod
    def remember(self, at: Float[Array, " W"]) -> PyTree[Any]:
        """Return the memory before the first iteration; only shape and type of `at` matter."""

    @abc.abstractmethod
    def move(self, cost: Cost, point: Point, memory: PyTree[Any]) -> Moved:
        """Make one iteration."""

    def blank(self, at: Float[Array, " W"]) -> State:
        """Return a state of the right shapes and types, at `at`, with nothing evaluated."""
        none = jnp.zeros((), jnp.int32)
        return State(Point(at, jnp.zeros((), at.dtype), at), self.remember(at), none, none, none, none)

    def start(self, cost: Cost, at: Float[Array, " W"]) -> State:
        """Return the state at `at`."""
        value, gradient = cost.evaluate(at)
        finite = jnp.isfinite(value) & jnp.all(jnp.isfinite(gradient))
        small = _size(gradient) <= self.gradient_tolerance
        code = jnp.where(finite, jnp.where(small, GRADIENT_SMALL, GOING_ON), NOT_FINITE).astype(jnp.int32)
        one = jnp.ones((), jnp.int32)
        return self.blank(at)._replace(point=Point(at, value, gradient), evaluations=one, code=code)

    def iterate(self, cost: Cost, state: State) -> State:
        """Return the state after one iteration; one that has ended stays as it is."""
        later: State = lax.cond(state.code == GOING_ON, partial(self._iterate, cost), lambda same: same, state)
        return later

    def _iterate(self, cost: Cost, state: State) -> State:
        before = state.point
        moved = self.move(cost, before, state.memory)
        after = choose(moved.point.cost < jnp.inf, moved.point, before)
        step = jnp.linalg.norm(after.at - before.at)
        fall = before.cost - after.cost
        size = jnp.maximum(jnp.abs(before.cost), jnp.abs(after.cost))
        gone = step > 0
        step_limit = self.step_tolerance * (self.step_tolerance + jnp.linalg.norm(after.at))
        code = jnp.select(
            [
                _size(after.gradient) <= self.gradient_tolerance,
                ~moved.possible,
                gone & (step <= step_limit),
                gone & (self.cost_tolerance > 0) & (fall <= self.cost_tolerance * size),
            ],
            [GRADIENT_SMALL, STUCK, STEP_SMALL, COST_STEADY],
            GOING_ON,
        )
        later = State(
            after,
            moved.memory,
            state.steps + 1,
            state.evaluations + moved.evaluations,
            state.products + moved.products,
            code,
        )
        kept: State = jax.tree.map(lambda new, old: jnp.asarray(new).astype(old.dtype), later, state)
        return kept

    def check(self, cost: Cost, size: int) -> None:
        """Refuse a cost that this method does not fit.

        Raises:
            TypeError: the method needs residuals, `cost` is a plain function.
            ValueError: the parameters are too many for a matrix, or the cost has corners.
        """
        name = type(self).__name__
        if self.needs_gauss_newton and not cost.has_gauss_newton:
            raise TypeError(f"fn must return residuals, an array with an axis, for {name}; it returns a scalar.")
        if self.needs_matrix and size > LARGEST_DENSE:
            raise ValueError(
                f"{name} needs at most {LARGEST_DENSE:,} parameters, for its matrix; got {size:,}. lbfgs, trust_region and "
                "hessian_free need no matrix."
            )
        corners = cost.corners() if self.needs_hessian else []
        if corners:
            raise ValueError(
                f"{name} needs a cost with second derivatives; this one has {', '.join(corners)}, with a corner each. "
                "Take smooth units such as tanh or softplus, or a quasi-Newton method such as lbfgs."
            )

    # What Optimistix asks for.

    @property  # type: ignore[misc]
    def rtol(self) -> Any:  # type: ignore[override]
        """The relative tolerance on steps."""
        return self.step_tolerance

    @property  # type: ignore[misc]
    def atol(self) -> Any:  # type: ignore[override]
        """The absolute tolerance on the gradient."""
        return self.gradient_tolerance

    @property  # type: ignore[misc]
    def norm(self) -> Callable[[PyTree[Any]], Any]:  # type: ignore[override]
        """Max |·|."""
        return optimistix.max_norm

    def init(
        self, fn: Any, y: Any, args: Any, options: Any, f_struct: Any, aux_struct: Any, tags: frozenset[object]
    ) -> State:
        """Return the state at `y`."""
        cost = cost_of_function(lambda y: fn(y, args)[0], y)
        self.check(cost, flat(y).size)
        return self.start(cost, flat(y))

    def step(
        self, fn: Any, y: Any, args: Any, options: Any, state: State, tags: frozenset[object]
    ) -> tuple[Any, State, Any]:
        """Return y, the state and what `fn` returns beside its value, after one iteration."""
        cost = cost_of_function(lambda y: fn(y, args)[0], y)
        later = self.iterate(cost, state)
        y = cost.tree(later.point.at)
        return y, later, fn(y, args)[1]

    def terminate(
        self, fn: Any, y: Any, args: Any, options: Any, state: State, tags: frozenset[object]
    ) -> tuple[Bool[Array, ""], optimistix.RESULTS]:
        """Return whether the method has ended, and how."""
        failed = (state.code == STUCK) | (state.code == NOT_FINITE)
        results = optimistix.RESULTS
        result = results.where(failed, results.nonlinear_divergence, results.successful)
        return state.code != GOING_ON, result

    def postprocess(
        self, fn: Any, y: Any, aux: Any, args: Any, options: Any, state: State, tags: frozenset[object], result: Any
    ) -> tuple[Any, Any, dict[str, Any]]:
        """Return y and the counts."""
        return y, aux, {"evaluations": state.evaluations, "products": state.products}


def _size(gradient: Float[Array, " W"]) -> Float[Array, ""]:
    return jnp.max(jnp.abs(gradient))
