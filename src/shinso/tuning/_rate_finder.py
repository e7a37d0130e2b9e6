"""A learning rate before training: the book's procedure, and the range test."""

import itertools
import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PyTree

from shinso import optim
from shinso._checks import one_of, real, whole_number
from shinso.objectives import Objective
from shinso.optim import Optimizer, Step
from shinso.training import Run, TrainingWarning, train, train_many

DECADES = tuple(10.0**power for power in range(-5, 3))
"""Orders of magnitude that the book's procedure compares."""
_FIRST = 0.01
_STILL = 1e-30  # changes no 32-bit parameter: its cost is that of the untrained model
_NOISE = 0.01  # of the fall so far: a smaller rise is no rise
_SMOOTHING = 0.9
_DIVERGED = 4.0


@dataclass(frozen=True)
class RateSearch:
    """What a search for a learning rate found.

    Attributes:
        method: ``"book"`` or ``"range"``.
        rate: the suggested learning rate.
        threshold: the largest rate at which the cost still falls (book), or the one at which it diverges (range; infinite
            where it never does).
        rows: the curves. Book: ``learning_rate``, ``epoch`` (0 before training), ``cost``. Range: ``step``,
            ``learning_rate``, ``cost``, ``smoothed``.
    """

    method: str
    rate: float
    threshold: float
    rows: list[dict[str, float]]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return vars(self).copy()


def find_learning_rate(
    model: Callable[..., Any],
    objective: Objective,
    data: Any,
    *,
    optimizer: str | Optimizer = "adam",
    method: str = "book",
    epochs: int = 4,
    steps: int = 100,
    lowest: float = 1e-6,
    highest: float = 10.0,
    batch_size: int | None = None,
    seed: int = 0,
    device: str | None = None,
) -> RateSearch:
    """Suggest a learning rate from the training cost; model, optimizer and random state stay as they are.

    ``"book"`` (Nielsen, ch. 3, "How to choose a neural network's hyper-parameters"): start at 0.01. While the cost falls
    during the first epochs go up tenfold, to the first rate at which it rises or swings; if it does not even fall at 0.01,
    go down tenfold, to the first at which it does. Rates between the last good decade and the next then refine this to
    the threshold, and half of it is suggested, which lasts for more epochs. All rates are trained side by side. A rise of
    less than 1 % of the fall so far is no rise; the cost before training counts as the epoch before the first.

    ``"range"`` (Smith, 2017, §3.3; the rate on a logarithmic axis): one training of `steps` steps while the rate rises
    from `lowest` to `highest` by the same factor each step. The cost C_k is smoothed,
    S_k = Σ_j 0.9^{k−j} C_j / Σ_j 0.9^{k−j}; it diverges where S_k exceeds four times the least S before, or is not
    finite. Suggested is the rate where S falls steepest against log ε, at most a tenth of the rate of divergence.

    Args:
        model: as in `shinso.train`.
        objective: as in `shinso.train`.
        data: as in `shinso.train`; a slice of a large set is enough.
        optimizer: the name of a rule, or one that has a learning rate, whose value does not matter.
        method: ``"book"`` or ``"range"``.
        epochs: what "the first epochs" are, ≥ 1 (book).
        steps: optimizer updates, ≥ 10 (range).
        lowest: first rate > 0 (range).
        highest: last rate, above `lowest` (range).
        batch_size: as in `shinso.train`.
        seed: as in `shinso.train`.
        device: as in `shinso.train`.

    Raises:
        TypeError: the optimizer has no learning rate.
        ValueError: an argument is out of range, or the cost falls at no rate.
    """
    one_of("method", method, ("book", "range"))
    rule = optim.as_optimizer(optimizer)
    common: dict[str, Any] = {"batch_size": batch_size, "shuffle": "every_epoch", "seed": seed, "device": device}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainingWarning)  # that some rates diverge is the point
        if method == "book":
            whole_number("epochs", epochs, least=1)
            compare = partial(_costs, model, objective, data, rule, epochs=epochs, **common)
            return _book(compare)
        schedule = _rising(lowest, highest, steps)
        return _range(_record(model, objective, data, rule.with_learning_rate(schedule), steps, common), schedule)


Curves = dict[float, list[float]]


def _costs(
    model: Callable[..., Any],
    objective: Objective,
    data: Any,
    rule: Optimizer,
    rates: Sequence[float],
    **settings: Any,
) -> Curves:
    """Return, for each rate, the cost before training and of each epoch; infinite from where it was not finite."""
    epochs = settings["epochs"]
    rules = [rule.with_learning_rate(rate) for rate in (_STILL, *rates)]
    still, *runs = train_many([model] * len(rules), objective, data, optimizer=rules, **settings)
    first = float(still.history["cost"][0])
    return {rate: [first, *_whole(run, epochs)] for rate, run in zip(rates, runs, strict=True)}


def _whole(run: Run, epochs: int) -> list[float]:
    costs = [float(row["cost"]) for row in run.history.rows]
    return costs + [math.inf] * (epochs - len(costs))


def falls(costs: Sequence[float]) -> bool:
    """Say whether a curve of costs goes down, epoch after epoch, but for rises of 1 % of the fall so far."""
    lowest = costs[0]
    for before, cost in itertools.pairwise(costs):
        # A cost that is not finite compares false.
        if not cost <= before + _NOISE * (costs[0] - lowest) or not math.isfinite(cost):
            return False
        lowest = min(lowest, cost)
    return costs[-1] < costs[0]


def _book(compare: Callable[[Sequence[float]], Curves]) -> RateSearch:
    curves = compare(DECADES)
    good = [falls(curves[rate]) for rate in DECADES]
    place = DECADES.index(_FIRST)
    if good[place]:
        while place + 1 < len(DECADES) and good[place + 1]:
            place += 1
    else:
        while place >= 0 and not good[place]:
            place -= 1
    if place < 0:
        raise ValueError(
            f"the cost falls at no learning rate from {DECADES[0]:g} to {_FIRST:g}: look at the data, the initial weights "
            "and the objective first."
        )
    threshold = DECADES[place]
    if threshold < DECADES[-1]:
        between = [threshold * 10 ** (k / (len(DECADES) + 1)) for k in range(1, len(DECADES) + 1)]
        curves |= compare(between)
        for rate in between:
            if not falls(curves[rate]):
                break
            threshold = rate
    rows = [
        {"learning_rate": rate, "epoch": float(epoch), "cost": cost}
        for rate in sorted(curves)
        for epoch, cost in enumerate(curves[rate])
    ]
    return RateSearch("book", threshold / 2, threshold, rows)


def _rising(lowest: float, highest: float, steps: int) -> optim.Exponential:
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


def _record(
    model: Callable[..., Any], objective: Objective, data: Any, rule: Optimizer, steps: int, common: dict[str, Any]
) -> np.ndarray:
    """Return the cost of each of `steps` steps; NaN from where it was not finite."""
    # An epoch has at least one step, so these are epochs enough; the recorder says when it has all it wants.
    run = train(model, objective, data, optimizer=_Recorder(rule, steps), epochs=steps, **common)
    state = run.state
    assert state is not None
    return np.asarray(state.optimizer.costs, dtype=float)


def _range(costs: np.ndarray, schedule: optim.Exponential) -> RateSearch:
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
