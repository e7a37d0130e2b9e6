"""Predictions of numbers: how far off, and where."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import AsinhLocator, FuncFormatter, MaxNLocator, NullFormatter

from shinso._words import plain
from shinso.report._palette import FONT_SIZE, INK, MUTED, RULE, TRAINING, canvas, dress
from shinso.training import Evaluation

_SKEWED, _FAR = 2.0, 10.0


@dataclass(frozen=True)
class Residuals:
    """Statistics of target − prediction.

    Attributes:
        n: how many pairs.
        mean: mean; away from 0 the predictions are off to one side.
        deviation: standard deviation (n − 1 in the denominator; NaN for one pair).
        median_size: half of the predictions miss by less than this.
        most_size: 95 % of the predictions miss by less than this.
        largest: the largest miss.
    """

    n: int
    mean: float
    deviation: float
    median_size: float
    most_size: float
    largest: float


def residuals(evaluation: Evaluation) -> Residuals:
    """Return statistics of target − prediction over the stored points (first output).

    Raises:
        ValueError: the evaluation has no finite points.
    """
    target, prediction = _points(evaluation).T
    difference = target - prediction
    size = np.abs(difference)
    return Residuals(
        n=len(difference),
        mean=float(difference.mean()),
        deviation=float(difference.std(ddof=1)) if len(difference) > 1 else float("nan"),
        median_size=float(np.median(size)),
        most_size=float(np.quantile(size, 0.95)),
        largest=float(size.max()),
    )


def regression_figure(evaluation: Evaluation, target_name: str = "target") -> Figure:
    """Return a figure of predicted against true values, and of the distribution of target − prediction.

    Args:
        evaluation: `run.evaluations["test"]`, say.
        target_name: what was predicted.

    Raises:
        ValueError: the evaluation has no finite points.
    """
    points = _points(evaluation)
    figure = canvas(9.2, 4.2)
    left, right = figure.subplots(1, 2)
    draw_agreement(left, points, target_name)
    draw_residuals(right, points)
    return figure


def agreement_figure(evaluation: Evaluation, target_name: str = "target") -> Figure:
    """Draw predicted against true values with the line of identity."""
    figure = canvas(4.6, 4.0)
    draw_agreement(figure.subplots(), _points(evaluation), target_name)
    return figure


def residuals_figure(evaluation: Evaluation) -> Figure:
    """Draw the distribution of target − prediction."""
    figure = canvas(4.6, 4.0)
    draw_residuals(figure.subplots(), _points(evaluation))
    return figure


def skewed(evaluation: Evaluation) -> bool:
    """Say whether logarithmic axes are needed: third standardized moment above 2, largest target above 10 medians."""
    return _skewed(_points(evaluation))


def _skewed(points: Float[np.ndarray, "n 2"]) -> bool:
    target = points[:, 0]
    deviation = target.std()
    if deviation == 0.0:
        return False
    skewness = float(np.mean(((target - target.mean()) / deviation) ** 3))
    size = np.abs(target)
    return abs(skewness) > _SKEWED and float(size.max()) > _FAR * float(np.median(size))


def draw_agreement(axes: Axes, points: Float[np.ndarray, "n 2"], target_name: str) -> None:
    """Draw predicted (vertical) against true values (horizontal) on equal axes, logarithmic ones for skewed targets."""
    dress(axes, "Predicted against true")
    axes.grid(axis="x", color=RULE, linewidth=0.8)
    limits = _limits(axes, points) if _skewed(points) else _even_limits(axes, points)
    axes.plot(limits, limits, color=MUTED, linewidth=1.0, zorder=2)
    radius = 4.2 if len(points) <= 300 else 3.0
    axes.plot(*points.T, "o", color=TRAINING, alpha=0.45, markersize=radius, markeredgewidth=0, zorder=3)
    axes.set(xlim=limits, ylim=limits, aspect="equal", anchor="W")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(_mark))
        axis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(f"true {target_name}", fontsize=FONT_SIZE, color=MUTED, parse_math=False)
    axes.set_ylabel("predicted", fontsize=FONT_SIZE, color=MUTED)


def _even_limits(axes: Axes, points: Float[np.ndarray, "n 2"]) -> tuple[float, float]:
    """Return the ends of linear axes."""
    low, high = float(points.min()), float(points.max())
    margin = 0.04 * (high - low) or 0.5
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(nbins=5))
    return low - margin, high + margin


def _limits(axes: Axes, points: Float[np.ndarray, "n 2"]) -> tuple[float, float]:
    """Make axes logarithmic, linear around 0 where values are not all positive, and return their ends."""
    low, high = float(points.min()), float(points.max())
    if low > 0.0:
        axes.set(xscale="log", yscale="log")
        return low / 1.2, high * 1.2
    width = _linear_width(points[:, 0], 0.1)
    axes.set_xscale("asinh", linear_width=width)
    axes.set_yscale("asinh", linear_width=width)
    return 1.2 * low - width / 10, 1.2 * high


def _linear_width(values: Float[np.ndarray, "n"], share: float) -> float:
    """Return below what size an axis is linear: that of so large a share of the values."""
    size = np.abs(values[values != 0.0])
    return float(np.quantile(size, share)) if size.size else 1.0


def draw_residuals(axes: Axes, points: Float[np.ndarray, "n 2"]) -> None:
    """Draw a histogram of target − prediction; bins by the rule of Freedman and Diaconis, 5 to 40 of them.

    Those of skewed targets have a logarithmic axis, linear around 0, and 30 bins of equal width on it.
    """
    dress(axes, "Target − prediction")
    difference = points[:, 0] - points[:, 1]
    if _skewed(points):
        width = _linear_width(difference, 0.5)
        ends = np.arcsinh(np.array([difference.min(), difference.max()]) / width)
        bins: Any = np.sinh(np.linspace(ends[0], ends[1] + 1e-9, 31)) * width
        axes.set_xscale("asinh", linear_width=width)
        axes.xaxis.set_major_locator(AsinhLocator(width, numticks=5))
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        spread = float(np.ptp(difference))
        width = 2.0 * float(np.subtract(*np.quantile(difference, (0.75, 0.25)))) / len(difference) ** (1 / 3)
        bins = int(np.clip(np.ceil(spread / width), 5, 40)) if width > 0.0 else 5
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6))
    axes.hist(difference, bins=bins, color=TRAINING, alpha=0.75, rwidth=0.92)
    axes.axvline(0.0, color=INK, linewidth=1.0)
    axes.xaxis.set_major_formatter(FuncFormatter(_mark))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    axes.set_ylabel("examples", fontsize=FONT_SIZE, color=MUTED)


def _mark(value: float, _: object) -> str:
    return plain(value)


def _points(evaluation: Evaluation) -> Float[np.ndarray, "n 2"]:
    points = np.asarray(evaluation.points if evaluation.points is not None else [], dtype=np.float64).reshape(-1, 2)
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        raise ValueError("evaluation must hold finite points (target, prediction), as a regression's does; got none.")
    return points
