"""The book's search for a learning rate: orders of magnitude, then the threshold."""

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

from shinso.objectives import Objective
from shinso.optim import Optimizer
from shinso.training import Run, train_many
from shinso.tuning._rate_search import RateSearch, whole

DECADES = tuple(10.0**power for power in range(-5, 3))
"""Orders of magnitude that the book's procedure compares."""
_FIRST = 0.01
_STILL = 1e-30  # changes no 32-bit parameter: its cost is that of the untrained model
_NOISE = 0.01  # of the fall so far: a smaller rise is no rise

Curves = dict[float, list[float]]


def costs_by_rate(
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
    still, *runs = map(whole, train_many([model] * len(rules), objective, data, optimizer=rules, **settings))
    first = float(still.history["cost"][0])
    return {rate: [first, *_costs_of(run, epochs)] for rate, run in zip(rates, runs, strict=True)}


def _costs_of(run: Run, epochs: int) -> list[float]:
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


def book_rate(compare: Callable[[Sequence[float]], Curves]) -> RateSearch:
    """Return the book's rate; `compare` gives the costs of some rates. See `find_learning_rate`."""
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
