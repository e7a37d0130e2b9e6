"""Pictures of how sure a network is: a reliability diagram, a predictive band, a spectrum."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from shinso.curvature import SpectralDensity
from shinso.report._palette import FONT_SIZE, MUTED, OTHERS, TRAINING, VALIDATION, canvas, dress

COLOURS = (TRAINING, VALIDATION, *OTHERS)
POINTS = 1000
"""Of a smeared spectrum."""


class Bins(Protocol):
    """What a reliability diagram shows: mean confidence, share of right ones and their number in each bin, `[B]`."""

    @property
    def confidence(self) -> Any: ...

    @property
    def accuracy(self) -> Any: ...

    @property
    def counts(self) -> Any: ...


def reliability_figure(bins: Mapping[str, Bins]) -> Figure:
    """Return a figure of how often predictions are right by how sure they are, and how many there are of each confidence.

    On the diagonal confidence is what it says; below it the network is overconfident.

    Args:
        bins: one or several reliabilities by name (`shinso.bayes.reliability`).

    Raises:
        ValueError: there is none.
    """
    if not bins:
        raise ValueError("bins must hold at least one reliability; got none.")
    figure = canvas(4.4, 4.6)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    dress(above, "Accuracy")
    dress(below, "Share of the predictions")
    above.plot([0, 1], [0, 1], color=MUTED, linewidth=1.0, linestyle=(0, (3, 3)))
    width = 1 / len(next(iter(bins.values())).counts)
    for (name, one), colour in zip(bins.items(), COLOURS, strict=False):
        filled = np.asarray(one.counts) > 0
        shares = np.asarray(one.counts) / np.sum(one.counts)
        x = np.asarray(one.confidence)[filled]
        above.plot(x, np.asarray(one.accuracy)[filled], "o-", color=colour, markersize=4, linewidth=1.6, label=name)
        below.stairs(shares, np.arange(len(shares) + 1) * width, color=colour, linewidth=1.6)
    above.set(xlim=(0, 1), ylim=(0, 1.02))
    below.set_ylim(0, None)
    above.legend(loc="upper left", frameon=False, fontsize=FONT_SIZE, labelcolor=MUTED)
    for axes in (above, below):
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    below.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    below.set_xlabel("confidence", fontsize=FONT_SIZE, color=MUTED, loc="right")
    return figure


def band_figure(
    x: Any, mean: Any, low: Any, high: Any, *, data: tuple[Any, Any] | None = None, functions: Any = None
) -> Figure:
    """Return a figure of a predictive mean with its band over one input, the data, and functions drawn from the posterior.

    Args:
        x: `[N]`, ascending.
        mean: `[N]`.
        low: lower end of the band, `[N]`.
        high: upper end of the band, `[N]`.
        data: `(x, y)` of the training examples.
        functions: `[S, N]`.

    Raises:
        ValueError: lengths differ.
    """
    places, centre, bottom, top = (np.asarray(one, dtype=np.float64) for one in (x, mean, low, high))
    if not places.shape == centre.shape == bottom.shape == top.shape or places.ndim != 1:
        shapes = ", ".join(str(list(one.shape)) for one in (places, centre, bottom, top))
        raise ValueError(f"x, mean, low and high must have one shape [N]; got {shapes}.")
    figure = canvas(6.4, 3.6)
    axes = figure.subplots()
    dress(axes, "Prediction")
    axes.fill_between(places, bottom, top, color=TRAINING, alpha=0.18, linewidth=0, label="band")
    if functions is not None:
        axes.plot(places, np.asarray(functions).T, color=TRAINING, linewidth=0.7, alpha=0.5)
    axes.plot(places, centre, color=TRAINING, linewidth=2.0, label="mean")
    if data is not None:
        axes.plot(*(np.ravel(one) for one in data), "o", color=VALIDATION, markersize=3.5, label="data")
    axes.legend(frameon=False, fontsize=FONT_SIZE, labelcolor=MUTED)
    axes.set_xlabel("input", fontsize=FONT_SIZE, color=MUTED, loc="right")
    return figure


def spectrum_figure(density: SpectralDensity) -> Figure:
    """Return a figure of how eigenvalues are distributed, on a logarithmic axis, so that single large ones are seen."""
    values = np.asarray(density.values, dtype=np.float64)
    margin = 0.05 * (np.ptp(values) or abs(float(values.max())) or 1.0)
    places = np.linspace(values.min() - margin, values.max() + margin, POINTS)
    heights = np.asarray(density(places), dtype=np.float64)
    figure = canvas(6.4, 3.1)
    axes = figure.subplots()
    dress(axes, "Density of eigenvalues")
    axes.plot(places, heights, color=TRAINING, linewidth=1.6)
    floor = heights.max() * 1e-6
    axes.fill_between(places, floor, np.maximum(heights, floor), color=TRAINING, alpha=0.18, linewidth=0)
    axes.set_yscale("log")
    axes.set_ylim(floor, 2 * heights.max())
    axes.axvline(0.0, color=MUTED, linewidth=1.0, linestyle=(0, (3, 3)))
    axes.set_xlabel("eigenvalue", fontsize=FONT_SIZE, color=MUTED, loc="right")
    return figure
