"""A full-batch method as what the training loop asks of an optimizer."""

from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int, PyTree

from shinso import curvature
from shinso._checks import one_of, whole_number
from shinso._kinds import MINIMISERS
from shinso._numbers import device_array, plain_number
from shinso.optim._cost import ProblemCost, flat
from shinso.optim._method import COST_STEADY, GOING_ON, GRADIENT_SMALL, NOT_FINITE, STEP_SMALL, STUCK, Method, State
from shinso.optim._minimisers import method_named, settings_of
from shinso.optim._optimizer import BUDGET_SPENT, CONVERGED, NO_DESCENT, RUNNING, Optimizer, Step

UNLIMITED = 2**31 - 1

_RESULTS = {
    GOING_ON: RUNNING,
    GRADIENT_SMALL: CONVERGED,
    STEP_SMALL: CONVERGED,
    COST_STEADY: CONVERGED,
    STUCK: NO_DESCENT,
    NOT_FINITE: RUNNING,  # `Step.finite` says so
}


class _Progress(NamedTuple):
    """The method's state, and whether the cost has been evaluated at all."""

    method: State
    begun: Bool[Array, ""]


class FullBatch(Optimizer):
    """One step is one iteration of a full-batch method on the cost of the whole training set.

    The model is in prediction mode, without noise: an iteration compares costs, so they must be those of one function.

    Args:
        method: one of `MINIMISERS`.
        max_evaluations: stop when the cost and its gradient have been evaluated this often; None means no limit.
    """

    method: Method
    max_evaluations: Int[Array, ""]
    name: str = eqx.field(static=True)

    def __init__(self, method: Method, *, max_evaluations: int | None = None) -> None:
        self.method = method
        self.name = _name_of(method)
        limit = UNLIMITED if max_evaluations is None else max_evaluations
        self.max_evaluations = device_array(whole_number("max_evaluations", limit, least=1), jnp.int32)

    def init(self, params: PyTree) -> _Progress:
        """Return the method's state with nothing evaluated."""
        return _Progress(self.method.blank(flat(params)), jnp.asarray(False))

    def step(
        self,
        cost: curvature.Problem,  # type: ignore[override]  # the loop gives a full-batch method the whole problem
        params: PyTree,
        state: _Progress,
        count: Int[Array, ""],
        scale: Float[Array, ""],
    ) -> Step:
        """Make one iteration.

        Args:
            cost: the `curvature.Problem` of the whole training set.
            params: where to start.
            state: from `init` or the step before.
            count: steps taken before; not read.
            scale: not read: a line search chooses each step's length.

        Returns:
            The step; its cost and the norm of its gradient are those it has reached.

        Raises:
            ValueError: too many parameters for a dense method, or corners under a method that uses the Hessian.
        """
        full, at = ProblemCost(cost), flat(params)
        self.method.check(full, at.size)
        begin = partial(self.method.start, full, at)
        before: State = lax.cond(state.begun, lambda: state.method, begin)
        after = self.method.iterate(full, before)
        spent = (after.evaluations >= self.max_evaluations) & (after.code == GOING_ON)
        codes = jnp.asarray([_RESULTS[code] for code in range(len(_RESULTS))], jnp.int32)
        return Step(
            params=full.tree(after.point.at),
            state=_Progress(after, jnp.asarray(True)),
            cost=after.point.cost,
            auxiliary=None,
            gradient_norm=jnp.linalg.norm(after.point.gradient),
            finite=before.code != NOT_FINITE,
            result=jnp.where(spent, BUDGET_SPENT, codes[after.code]).astype(jnp.int32),
        )

    def learning_rate_at(self, count: Int[Array, ""], scale: Float[Array, ""]) -> Float[Array, ""]:
        """Return NaN: the method chooses each step's length."""
        return jnp.asarray(jnp.nan)

    @property
    def full_batch(self) -> bool:
        """True: iterations compare values of one and the same cost."""
        return True

    @property
    def recipe(self) -> dict[str, Any]:
        """The plain dictionary: name and settings."""
        settings = {name: getattr(self.method, name) for name in settings_of(self.name)}
        plain = {name: plain_number(value) if eqx.is_array(value) else value for name, value in settings.items()}
        return {"name": self.name, **plain, "max_evaluations": self.max_evaluations.item()}


def full_batch(name: str, *, max_evaluations: int | None = None, **settings: Any) -> FullBatch:
    """Return the full-batch optimizer called `name`.

    Raises:
        TypeError: a setting is not a number.
        ValueError: an unknown name or setting, or a number out of its range.
    """
    for key in settings:
        one_of(f"hyperparameter of {name}", key, (*settings_of(name), "max_evaluations"))
    return FullBatch(method_named(name, **settings), max_evaluations=max_evaluations)


def _name_of(method: Method) -> str:
    """Return the name under which `MINIMISERS` makes such a method."""
    for name, make in MINIMISERS.items():
        if isinstance(make, partial):
            if make.func is type(method) and all(getattr(method, key) == value for key, value in make.keywords.items()):
                return name
        elif make is type(method) and getattr(method, "formula", "polak_ribiere") == "polak_ribiere":
            return name
    raise TypeError(f"method must be one of optim.MINIMISERS; got {type(method).__name__}.")
