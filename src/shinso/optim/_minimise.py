"""Minimising a cost to the end: compiled stretches of iterations, the host between them."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int, PyTree

from shinso import curvature
from shinso._checks import real, whole_number
from shinso._fork import computing
from shinso._interrupt import Interrupt
from shinso._stretches import Stretches
from shinso.optim._cost import Cost, ProblemCost, cost_of_function, flat, unflatten
from shinso.optim._method import (
    COST_STEADY,
    GOING_ON,
    GRADIENT_SMALL,
    NOT_FINITE,
    STEP_SMALL,
    STUCK,
    Method,
    State,
)
from shinso.optim._minimisers import method_named

ROWS = 512
"""Iterations whose costs one stretch can hold."""
UNLIMITED = 2**31 - 1

_REASONS = {
    GRADIENT_SMALL: ("gradient", "The gradient is within gradient_tolerance"),
    STEP_SMALL: ("step", "The last step was within step_tolerance"),
    COST_STEADY: ("cost", "The last step lowered the cost by no more than cost_tolerance"),
    STUCK: ("no_descent", "No step lowers the cost any more: rounding, a corner of the cost, or a wrong gradient"),
    NOT_FINITE: ("not_finite", "The cost or its gradient is not finite"),
}

_OVER = {"seconds": "max_seconds are over", "interrupted": "Interrupted"}


@dataclass(frozen=True, eq=False)
class Minimum:
    """Where a method is, and why it stopped there.

    Attributes:
        point: y, in the structure of the start.
        value: the cost there.
        gradient_norm: max |∂E/∂y_i| there.
        steps: iterations made.
        evaluations: of the cost with its gradient.
        products: of a matrix of second derivatives with a vector; a dense matrix counts as many as it has columns.
        reason: "gradient", "step", "cost" (converged), "no_descent", "not_finite", "steps", "evaluations", "seconds",
            "interrupted", or "running".
        message: the reason as a sentence.
        history: the cost at the start and after each iteration.
        seconds: taken, compilation included.
    """

    point: PyTree[Any]
    value: float
    gradient_norm: float
    steps: int
    evaluations: int
    products: int
    reason: str
    message: str
    history: np.ndarray
    seconds: float

    @property
    def converged(self) -> bool:
        """Whether one of the tolerances was met."""
        return self.reason in ("gradient", "step", "cost")


def minimise(
    fn: Callable[[PyTree[Any]], PyTree[Any]] | curvature.Problem,
    start: PyTree[Any] = None,
    method: str | Method = "bfgs",
    *,
    max_steps: int = 1000,
    max_evaluations: int | None = None,
    max_seconds: float | None = None,
    progress: Callable[[Minimum], object] | None = None,
    **settings: Any,
) -> Minimum:
    """Return the minimum of E(y) that is found from `start`.

    Args:
        fn: y → the cost, a scalar; or y → residuals r, any arrays with an axis, for E = ½‖r‖²; or the `Problem` that
            `curvature.problem(model, objective, data)` makes, over all its data in chunks.
        start: y at first, any tree of real arrays; None for a `Problem`, which starts at its parameters.
        method: a name in `MINIMISERS`, or one of its methods.
        max_steps: iterations at most, ≥ 1.
        max_evaluations: of the cost with its gradient, ≥ 1, kept to within one iteration; None for any number.
        max_seconds: > 0, kept to within a fifth of a second or one iteration; None for any.
        progress: called between stretches of iterations with the `Minimum` so far.
        settings: of the method if it is named: `gradient_tolerance` (1e-5), `step_tolerance`, `cost_tolerance` (see
            `Method`), and its own.

    Returns:
        The lowest point reached. Ctrl-C returns it too, with the reason "interrupted".

    Raises:
        TypeError: a method on residuals is given a scalar cost, or settings go with a method that has its own.
        ValueError: an unknown method or setting, a budget of 0, a negative tolerance, a start without numbers or where the
            cost is not finite, too many parameters for a dense method, or a corner in a cost that must be smooth.

    Source: Goodfellow et al., §8.6; notes on neural networks, §2.2.4; for each method see its class.
    """
    chosen = method if isinstance(method, Method) else method_named(method, **settings)
    if isinstance(method, Method) and settings:
        raise TypeError(f"{', '.join(settings)} goes with a method's name; this method already has its own settings.")
    whole_number("max_steps", max_steps, least=1)
    evaluations = UNLIMITED if max_evaluations is None else whole_number("max_evaluations", max_evaluations, least=1)
    seconds = math.inf if max_seconds is None else real("max_seconds", max_seconds, above=0)
    computing()
    like = _start(fn, start)
    chosen.check(_cost(fn, like), flat(like).size)
    with Interrupt() as interrupt:
        began = time.monotonic()
        session = _Session(fn, like, chosen, began, Stretches(interrupt, began + seconds))
        session.begin()
        return session.run(max_steps, evaluations, progress)


def _start(fn: Any, start: PyTree[Any]) -> PyTree[Any]:
    if start is None and isinstance(fn, curvature.Problem):
        start = fn.parameters
    like = jax.tree.map(lambda leaf: leaf if _is_real(leaf) else jnp.asarray(leaf, dtype=float), start)
    if not jax.tree.leaves(like):
        raise ValueError(f"start must be a tree of real arrays; got {start!r}.")
    return like


def _is_real(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array) and bool(jnp.issubdtype(leaf.dtype, jnp.floating))


def _cost(fn: Any, like: PyTree[Any]) -> Cost:
    return ProblemCost(fn) if isinstance(fn, curvature.Problem) else cost_of_function(fn, like)


@eqx.filter_jit
def _begin(fn: Any, like: PyTree[Any], method: Method) -> State:
    return method.start(_cost(fn, like), flat(like))


@eqx.filter_jit
def _advance(
    fn: Any,
    like: PyTree[Any],
    method: Method,
    state: State,
    until: Int[Array, ""],
    evaluations: Int[Array, ""],
) -> tuple[State, Float[Array, " R"]]:
    """Iterate until `until` iterations are made in all, the evaluations are spent, or the method has ended."""
    cost = _cost(fn, like)
    began = state.steps

    def unfinished(now: tuple[State, Array]) -> Array:
        state = now[0]
        more = (state.steps < until) & (state.steps - began < ROWS) & (state.evaluations < evaluations)
        return more & (state.code == GOING_ON)

    def one(now: tuple[State, Array]) -> tuple[State, Array]:
        state = method.iterate(cost, now[0])
        return state, now[1].at[state.steps - began - 1].set(state.point.cost)

    rows = jnp.zeros(ROWS, state.point.cost.dtype)
    end: tuple[State, Array] = lax.while_loop(unfinished, one, (state, rows))
    return end


class _Session:
    """One call of `minimise`."""

    def __init__(self, fn: Any, like: PyTree[Any], method: Method, began: float, stretches: Stretches) -> None:
        self.fn, self.like, self.method, self.began, self.stretches = fn, like, method, began, stretches
        self.state: State
        self.history: list[float] = []

    def begin(self) -> None:
        self.state = _begin(self.fn, self.like, self.method)
        self.history = [float(self.state.point.cost)]
        if int(self.state.code) == NOT_FINITE:
            raise ValueError(f"fn must be finite at start, with a finite gradient; got {self.history[0]:g}.")

    def run(self, steps: int, evaluations: int, progress: Callable[[Minimum], object] | None) -> Minimum:
        while (reason := self._over(steps, evaluations)) is None:
            before, since = int(self.state.steps), time.monotonic()
            self._stretch(min(before + self.stretches.size, steps), evaluations)
            self.stretches.made(int(self.state.steps) - before, time.monotonic() - since)
            if progress is not None:
                progress(self.minimum("running", f"{int(self.state.steps)} steps are made."))
        return self.minimum(reason[0], f"{reason[1]}, after {int(self.state.steps)} steps.")

    def _stretch(self, until: int, evaluations: int) -> None:
        limits = (jnp.asarray(number, jnp.int32) for number in (until, evaluations))
        state, rows = _advance(self.fn, self.like, self.method, self.state, *limits)
        made = int(state.steps) - int(self.state.steps)
        self.history += [float(cost) for cost in np.asarray(rows)[:made]]
        self.state = state

    def _over(self, steps: int, evaluations: int) -> tuple[str, str] | None:
        if int(self.state.code) != GOING_ON:
            return _REASONS[int(self.state.code)]
        if int(self.state.steps) >= steps:
            return "steps", "max_steps is reached"
        if int(self.state.evaluations) >= evaluations:
            return "evaluations", "max_evaluations is reached"
        over = self.stretches.over
        return None if over is None else (over, _OVER[over])

    def minimum(self, reason: str, message: str) -> Minimum:
        state = self.state
        return Minimum(
            point=unflatten(self.like, state.point.at),
            value=float(state.point.cost),
            gradient_norm=float(jnp.max(jnp.abs(state.point.gradient))),
            steps=int(state.steps),
            evaluations=int(state.evaluations),
            products=int(state.products),
            reason=reason,
            message=message,
            history=np.asarray(self.history),
            seconds=time.monotonic() - self.began,
        )
