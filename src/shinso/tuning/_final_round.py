"""The end of a search: the best again, with other seeds, and the winner against the defaults."""

import numpy as np

from shinso.tuning._estimates import SLOW, judges, seconds_again, seconds_compared
from shinso.tuning._folds import Fold
from shinso.tuning._result import Comparison, Margin, compare, losses_and_scores, margin
from shinso.tuning._search_run import SearchRun
from shinso.tuning._search_space import Point
from shinso.tuning._trial_runner import BudgetReached, TrialRunner
from shinso.tuning._trials import TrialSpec

_FINALISTS = 2


def winner_of(search: SearchRun) -> Point:
    """Return what the winner changes; nothing if the defaults are as good, or the time does not suffice.

    The best of many trials is partly the luckiest. So the two best (the best, where time is short) are trained again
    beside the defaults, with the same new seeds, and the one with the largest gain less its standard error wins if
    that is positive.
    """
    runner = search.runner
    specs = search.finalists[:_FINALISTS]
    # Where no whole trial was made, time is short: the hold-out, or one fold, has to do.
    folds = runner.folds if search.ranked else runner.folds[:1]
    if not specs or runner.deadline.interrupt.requested:
        return {}
    runner.deadline.until = search.budget.began + search.budget.seconds
    search.tell("the best again")
    margins: list[Margin] = []
    try:
        defaults = _losses(runner, {}, folds)
        for spec in specs:
            later = seconds_again(runner, spec) + sum(
                seconds_compared(runner, one) for one in (TrialSpec({}, ""), *specs[:1])
            )
            if not margins or SLOW * later < runner.deadline.left:
                margins.append(margin(defaults, _losses(runner, spec.changes, folds), -1.0))
    except BudgetReached:
        if not margins:
            return {}
    best = max(range(len(margins)), key=lambda index: margins[index].gain - margins[index].error)
    return specs[best].changes if margins[best].gain > margins[best].error else {}


def _losses(runner: TrialRunner, point: Point, folds: list[Fold]) -> np.ndarray:
    """Return losses `[S, N]` on all held-out examples of trainings with S seeds, which no trial has used."""
    seeds = [runner.base.seed + 500 + index for index in range(runner.width)]
    slots = [TrialSpec(point, "")] * runner.width
    parts = [
        losses_and_scores(runner.train(fold, slots, seeds), fold.validation)[0]
        for fold in folds
        if fold.validation is not None
    ]
    return np.concatenate(parts, axis=1)


def comparison_of(search: SearchRun, changes: Point) -> Comparison | None:
    """Train defaults and winner anew with the same seeds and compare them; None where the time does not suffice."""
    runner = search.runner
    prepared, examples, width = runner.prepared, judges(runner.prepared), runner.width
    if examples is None or runner.deadline.interrupt.requested:
        return None
    runner.deadline.until = search.budget.began + search.budget.seconds
    search.tell("winner against defaults")
    # Seeds that no trial has used; the split stays the same, and so does what is compiled for the hold-out.
    seeds = [runner.base.seed + 1000 + index for index in range(width)]
    fold = Fold(prepared.training, prepared.validation)
    try:
        runs = [runner.train(fold, [TrialSpec(point, "")] * width, seeds) for point in ({}, changes)]
    except BudgetReached:
        return None
    return compare("test" if examples is prepared.test else "validation", examples, *runs)
