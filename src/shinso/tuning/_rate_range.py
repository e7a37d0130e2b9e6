"""The range test: one training while the rate rises."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PyTree

from shinso import optim
from shinso._checks import real, whole_number
from shinso.objectives import Objective
from shinso.optim import Optimizer, Step
from shinso.training import train
from shinso.tuning._rate_search import RateSearch, whole

_SMOOTHING = 0.9
_DIVERGED = 4.0


def rising(lowest: float, highest: float, steps: int) -> optim.Exponential:
    """Return the rate that rises from `lowest` to `highest` by the same factor each step."""
    real("lowest", lowest, above=0)
    real("highest", highest, above=lowest)
    whole_number("steps", steps, least=10)
    return optim.Exponential(lowest, highest, steps - 1)


class _Recorded(NamedTuple):
    """The rule's state, and the cost of each step so far (NaN for steps not made)."""

    rule: PyTree
    costs: Float[Array, " steps"]


class _Recorder(Optimizer):
    """A rule that also writes down the cost of each step."""

    rule: Optimizer
    steps: int = eqx.field(static=True)

    def init(self, params: PyTree) -> _Recorded:
        return _Recorded(self.rule.init(params), jnp.full(self.steps, jnp.nan, dtype=float))

    def step(self, cost: Any, params: PyTree, state: _Recorded, count: Int[Array, ""], scale: Float[Array, ""]) -> Step:
        made = self.rule.step(cost, params, state.rule, count, scale)
        costs = state.costs.at[count].set(made.cost.astype(state.costs.dtype), mode="drop")
        result = jnp.where(count + 1 < self.steps, made.result, optim.CONVERGED)
        return made._replace(state=_Recorded(made.state, costs), result=result.astype(jnp.int32))

    def learning_rate_at(self, count: Int[Array, ""], scale: Float[Array, ""]) -> Float[Array, ""]:
        return self.rule.learning_rate_at(count, scale)

    @property
    def recipe(self) -> dict[str, Any]:
        return self.rule.recipe


def recorded_costs(
    model: Callable[..., Any], objective: Objective, data: Any, rule: Optimizer, steps: int, common: dict[str, Any]
) -> np.ndarray:
    """Return the cost of each of `steps` steps; NaN from where it was not finite."""
    # An epoch has at least one step, so these are epochs enough; the recorder says when it has all it wants.
    run = train(model, objective, data, optimizer=_Recorder(rule, steps), epochs=steps, **common)
    state = whole(run).state
    assert state is not None
    return np.asarray(state.optimizer.costs, dtype=float)


def rate_in_range(costs: np.ndarray, schedule: optim.Exponential) -> RateSearch:
    """Return what the costs of the steps of a rising rate say; see `find_learning_rate`."""
    lowest, highest = float(schedule.initial), float(schedule.final)
    rates = np.geomspace(lowest, highest, len(costs))
    smoothed = smooth(costs)
    least = np.minimum.accumulate(np.where(np.isnan(smoothed), np.inf, smoothed))
    apart = np.flatnonzero(~(smoothed <= least + (_DIVERGED - 1) * np.abs(least)))
    end = int(apart[0]) if len(apart) else len(costs)
    if end < 3:
        raise ValueError(
            f"the cost diverges already at a learning rate of {rates[end]:.3g}; start from a lowest below it."
        )
    threshold = float(rates[end]) if end < len(costs) else math.inf
    slope = np.gradient(smoothed[:end], np.log(rates[:end]))
    if slope.min() >= 0:
        raise ValueError(f"the cost falls at no learning rate from {lowest:g} to {highest:g}.")
    rate = min(float(rates[int(slope.argmin())]), threshold / 10)
    rows = [
        {"step": float(k), "learning_rate": float(rates[k]), "cost": float(costs[k]), "smoothed": float(smoothed[k])}
        for k in range(len(costs))
        if math.isfinite(costs[k])
    ]
    return RateSearch("range", rate, threshold, rows)


def smooth(costs: Float[np.ndarray, " steps"]) -> Float[np.ndarray, " steps"]:
    """Return S_k = Σ_j 0.9^{k−j} C_j / Σ_j 0.9^{k−j}, j ≤ k; NaN from the first cost that is NaN."""
    smoothed = np.empty_like(costs)
    total = weight = 0.0
    for k, cost in enumerate(costs):
        total, weight = _SMOOTHING * total + cost, _SMOOTHING * weight + 1.0
        smoothed[k] = total / weight
    return smoothed
