"""Pictures of choosing."""

import math

import pytest

from shinso.report import rate_figure, tuning_figure
from shinso.settings import Settings
from shinso.tuning import RateSearch, Trial, Tuning
from shinso.tuning._trials import TrialSpec


def tuning(*losses):
    trials = [
        Trial(TrialSpec({} if i == 0 else {"learning_rate": 0.1 * i}, "x"), loss, 0.9, math.nan, 1, 0.1)
        for i, loss in enumerate(losses)
    ]
    base = Settings(source="digits")
    return Tuning(base, {}, base, trials, "random", None, "done", False, 1.0, "accuracy")


def test_a_search():
    axes = tuning_figure(tuning(0.5, math.inf, 0.4, 0.45)).axes[0]
    assert list(axes.lines[0].get_ydata()) == [0.5, 0.4, 0.45]
    assert list(axes.lines[1].get_ydata()) == [0.5, 0.4, 0.4]
    with pytest.raises(ValueError, match="whole training that ended well"):
        tuning_figure(tuning(math.inf))


def test_a_rate():
    rows = [
        {"learning_rate": rate, "epoch": float(epoch), "cost": cost}
        for rate, end in ((0.1, 0.5), (1.0, 0.2), (10.0, math.inf))
        for epoch, cost in enumerate((1.0, end))
    ]
    axes = rate_figure(RateSearch("book", 0.5, 1.0, rows)).axes[0]
    assert list(axes.lines[0].get_ydata()) == [0.5, 0.2]
    rows = [{"step": k, "learning_rate": 10.0**k, "cost": 3.0 - k, "smoothed": 3.0 - 0.5 * k} for k in range(3)]
    axes = rate_figure(RateSearch("range", 1.0, math.inf, rows)).axes[0]
    assert list(axes.lines[1].get_ydata()) == [3.0, 2.5, 2.0]
