"""Pictures of choosing: a search for settings, and a search for a learning rate."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from shinso.report._palette import FAILED, FONT_SIZE, MUTED, TRAINING, VALIDATION, canvas, dress
from shinso.tuning import RateSearch, Tuning


def tuning_figure(tuning: Tuning) -> Figure:
    """Return a figure of every whole training's loss in a search, in order, the best so far, and that of the defaults.

    Trials that diverged are not drawn.

    Raises:
        ValueError: the search has no whole training that ended well.
    """
    whole = [trial for trial in tuning.trials if trial.spec.whole and math.isfinite(trial.loss)]
    if not whole:
        raise ValueError("tuning must have a whole training that ended well; got none.")
    losses = np.array([trial.loss for trial in whole])
    numbers = np.arange(1, len(whole) + 1)
    figure = canvas(6.4, 3.1)
    axes = figure.subplots()
    dress(axes, "Loss on held-out examples")
    axes.plot(numbers, losses, "o", color=TRAINING, markersize=4)
    axes.step(numbers, np.minimum.accumulate(losses), where="post", color=VALIDATION, linewidth=1.8)
    for trial in whole:
        if not trial.spec.changes:
            axes.axhline(trial.loss, color=MUTED, linewidth=1.0, linestyle=(0, (3, 3)))
            axes.annotate(
                "defaults", (1.0, trial.loss), xycoords=axes.get_yaxis_transform(), fontsize=FONT_SIZE, color=MUTED
            )
            break
    if losses.min() > 0 and losses.max() > 10 * losses.min():
        axes.set_yscale("log")
    axes.set_xlabel("whole training", fontsize=FONT_SIZE, color=MUTED, loc="right")
    return figure


def rate_figure(search: RateSearch) -> Figure:
    """Return a figure of what a search for a learning rate saw, the threshold and the suggested rate marked.

    Book: the cost of the last of the first epochs against the rate, and that before training. Range: the cost of each
    step, and smoothed, against the rate of that step.
    """
    figure = canvas(6.4, 3.1)
    axes = figure.subplots()
    dress(axes, "Training cost")
    draw = _draw_book if search.method == "book" else _draw_range
    draw(axes, search)
    axes.set_xscale("log")
    axes.axvline(search.rate, color=VALIDATION, linewidth=1.4)
    if math.isfinite(search.threshold):
        axes.axvline(search.threshold, color=FAILED, linewidth=1.0, linestyle=(0, (3, 3)))
    axes.set_xlabel(f"learning rate; suggested {search.rate:.2g}", fontsize=FONT_SIZE, color=MUTED, loc="right")
    return figure


def _draw_book(axes: Axes, search: RateSearch) -> None:
    last = max(row["epoch"] for row in search.rows)
    first = search.rows[0]["cost"]
    ends = [(row["learning_rate"], row["cost"]) for row in search.rows if row["epoch"] == last]
    rates, costs = np.array([(rate, cost) for rate, cost in ends if math.isfinite(cost) and cost < 4 * abs(first)]).T
    axes.plot(rates, costs, "o-", color=TRAINING, markersize=4, linewidth=1.6)
    axes.axhline(first, color=MUTED, linewidth=1.0, linestyle=(0, (3, 3)))


def _draw_range(axes: Axes, search: RateSearch) -> None:
    rates, costs, smoothed = (
        np.array([row[name] for row in search.rows]) for name in ("learning_rate", "cost", "smoothed")
    )
    axes.plot(rates, costs, color=TRAINING, linewidth=0.8, alpha=0.5)
    axes.plot(rates, smoothed, color=TRAINING, linewidth=1.8)
    axes.set_ylim(min(0.0, float(smoothed.min())), 2 * float(smoothed[0]) or None)
