"""Learning curves."""

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from shinso._words import SPACE, phrase, plain
from shinso.report._history import Series, best_row, epochs, first_broken_row, score_name, series
from shinso.report._palette import FAILED, FONT_SIZE, INK, MUTED, OTHERS, PAPER, TRAINING, VALIDATION, canvas, dress
from shinso.training import Run

_LOG_FROM = 10.0  # largest / smallest value from which a logarithmic axis shows more


def learning_curves(run: Run) -> Figure:
    """Return a figure of loss and score by epoch, for training, validation and monitored data, the best epoch marked.

    The loss has a logarithmic axis when its values span more than a factor of 10. A score that is a multiple of the
    loss gives way to the gradient norm. Not-finite values are gaps; the first epoch with one is marked.
    """
    quantities = panels(run)
    figure = canvas(5.2 * len(quantities), 3.1)
    for axes, quantity in zip(figure.subplots(1, len(quantities), squeeze=False)[0], quantities, strict=True):
        draw(axes, run, quantity)
    return figure


def curve(run: Run, quantity: str) -> Figure:
    """Draw one quantity of the history (`"loss"`, `"accuracy"`, `"gradient_norm"`) against epochs."""
    figure = canvas(5.2, 3.1)
    draw(figure.subplots(), run, quantity)
    return figure


def panels(run: Run) -> list[str]:
    """Return the quantities worth a panel: the loss, and the score or else the gradient norm."""
    score = score_name(run)
    candidates = [score, "gradient_norm"]
    if score != "accuracy" and _proportional(series(run, "loss"), series(run, score)):
        candidates.remove(score)
    return ["loss", *[name for name in candidates if series(run, name)][:1]]


def draw(axes: Axes, run: Run, quantity: str) -> None:
    """Draw one quantity of the history into `axes`."""
    curves = series(run, quantity)
    x = epochs(run)
    dress(axes, phrase(quantity).capitalize())
    axes.set_xlabel("epoch", fontsize=FONT_SIZE, color=MUTED, loc="right")
    for index, (item, colour) in enumerate(zip(curves, _colours(curves), strict=True)):
        few = np.isfinite(item.values).sum() <= 12
        axes.plot(
            x,
            np.where(np.isfinite(item.values), item.values, np.nan),
            color=colour,
            linewidth=2.2 if item.label == "validation" else 1.6,
            solid_capstyle="round",
            marker="o" if few else None,
            markersize=4.0,
            zorder=3 + index,
        )
    _limit_epochs(axes, x)
    _scale(axes, curves, quantity)
    _mark_best(axes, run, curves)
    _mark_broken(axes, run)
    _label_ends(axes, x, curves)


def first_epochs_cut(run: Run, quantity: str) -> float | None:
    """Return where the axis of an accuracy starts if earlier, lower values lie below it; else None."""
    return _floor(series(run, quantity)) if quantity == "accuracy" else None


def logarithmic(run: Run, quantity: str) -> bool:
    """Say whether `quantity` is drawn on a logarithmic axis."""
    return quantity != "accuracy" and _log_helps(series(run, quantity))


def _colours(curves: list[Series]) -> list[str]:
    others = iter(OTHERS * (1 + len(curves) // len(OTHERS)))
    known = {"training": TRAINING, "validation": VALIDATION}
    return [known.get(item.label) or next(others) for item in curves]


def _proportional(losses: list[Series], scores: list[Series]) -> bool:
    """Say whether each score is the same multiple of its loss (squared error, and half of it)."""
    if not scores or [item.label for item in losses] != [item.label for item in scores]:
        return False
    below = np.concatenate([loss.values for loss in losses])
    ratios = np.concatenate([score.values for score in scores]) / np.where(below == 0.0, np.nan, below)
    ratios = ratios[np.isfinite(ratios)]
    return bool(ratios.size) and bool(np.ptp(ratios) <= 0.02 * np.abs(ratios).max())


def _finite(curves: list[Series]) -> Float[np.ndarray, "values"]:
    values = np.concatenate([item.values for item in curves]) if curves else np.empty(0)
    return values[np.isfinite(values)]


def _log_helps(curves: list[Series]) -> bool:
    values = _finite(curves)
    return bool(values.size) and values.min() > 0.0 and bool(values.max() / values.min() >= _LOG_FROM)


def _floor(curves: list[Series]) -> float | None:
    """Return a lower limit that leaves out a steep start, where that shows the rest at least three times larger."""
    values = _finite(curves)
    if values.size < 8:
        return None
    top = values.max()
    start = float(np.quantile(values, 0.15))
    if top - values.min() < 3.0 * (top - start) or top == start:
        return None
    return float(start - 0.15 * (top - start))


def _limit_epochs(axes: Axes, x: Float[np.ndarray, "rows"]) -> None:
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
    if not x.size:
        return
    first, last = float(x.min()), float(x.max())
    axes.set_xlim((first - 0.5, last + 0.5) if first == last else (first - 0.02 * (last - first), last))


def _scale(axes: Axes, curves: list[Series], quantity: str) -> None:
    """Choose the vertical axis: percentages for an accuracy, logarithmic where that helps."""
    values = _finite(curves)
    if quantity == "accuracy":
        if values.size:
            low = _floor(curves)
            bottom = float(values.min()) if low is None else low
            top = float(values.max())
            axes.set_ylim(max(0.0, bottom - 0.04 * (top - bottom) - 1e-3), min(1.0, top) + 0.04 * (top - bottom) + 1e-3)
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
        axes.yaxis.set_major_formatter(FuncFormatter(_percentage))
        return
    if not _log_helps(curves):
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
        axes.yaxis.set_major_formatter(FuncFormatter(_mark))
        return
    axes.set_yscale("log")
    decades = np.log10(values.max() / values.min())
    subs = (1.0, 2.0, 5.0) if decades < 2.5 else (1.0,)
    axes.yaxis.set_major_locator(LogLocator(subs=subs, numticks=8))
    axes.yaxis.set_major_formatter(FuncFormatter(_mark))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _percentage(value: float, _: object) -> str:
    return f"{plain(100.0 * value)}{SPACE}%" if value <= 1.0 + 1e-9 else ""


def _mark(value: float, _: object) -> str:
    return plain(value)


def _mark_best(axes: Axes, run: Run, curves: list[Series]) -> None:
    """Mark the epoch with the best monitored value on the validation curve."""
    row = best_row(run)
    watched = [item for item in curves if item.label == "validation"]
    if row is None or not watched or not np.isfinite(watched[0].values[row]):
        return
    x, y = epochs(run)[row], watched[0].values[row]
    axes.axvline(x, color=MUTED, linewidth=0.9, linestyle=(0, (3, 3)), zorder=2)
    axes.plot(
        [x],
        [y],
        "o",
        markersize=7,
        color=VALIDATION,
        markeredgecolor=PAPER,
        markeredgewidth=1.6,
        zorder=9,
        clip_on=False,
    )
    left = x > 0.6 * axes.get_xlim()[1] + 0.4 * axes.get_xlim()[0]
    rising = watched[0].values[row] > np.nanmedian(axes.get_ylim())  # then the room for words is below
    axes.annotate(
        f"{'best' if run.stop.best_epoch is None else 'kept'}, epoch {x:g}",
        (x, 0.0 if rising else 1.0),
        xycoords=axes.get_xaxis_transform(),
        xytext=(-5 if left else 5, 5 if rising else -3),
        textcoords="offset points",
        ha="right" if left else "left",
        va="bottom" if rising else "top",
        fontsize=FONT_SIZE - 0.5,
        color=MUTED,
    )


def _mark_broken(axes: Axes, run: Run) -> None:
    """Mark the first epoch in which the training loss or its gradient was not finite."""
    row = first_broken_row(run)
    if row is None:
        return
    x = epochs(run)[row]
    axes.axvline(x, color=FAILED, linewidth=1.4, zorder=2)
    axes.annotate(
        "not finite",
        (x, 0.0),
        xycoords=axes.get_xaxis_transform(),
        xytext=(-5, 6),
        textcoords="offset points",
        ha="right",
        va="bottom",
        fontsize=FONT_SIZE - 0.5,
        color=FAILED,
    )


def _label_ends(axes: Axes, x: Float[np.ndarray, "rows"], curves: list[Series]) -> None:
    """Name each curve at its right end, the names pushed apart where the curves meet."""
    low, high = (axes.transData.transform((0.0, y))[1] for y in axes.get_ylim())
    height = 3.1 * 72.0 * 0.7  # of the axes in points, roughly
    ends = []
    for item, colour in zip(curves, _colours(curves), strict=True):
        last = np.flatnonzero(np.isfinite(item.values))[-1]
        place = axes.transData.transform((x[last], item.values[last]))[1]
        ends.append([height * (place - low) / (high - low), item.label, colour, x[last], item.values[last]])
    ends.sort(key=lambda end: end[0])
    wanted = [end[0] for end in ends]
    gap = 1.25 * FONT_SIZE
    for index in range(1, len(ends)):
        wanted[index] = max(wanted[index], wanted[index - 1] + gap)
    if len(ends) > 1:
        shift = np.mean([place - end[0] for place, end in zip(wanted, ends, strict=True)])
        wanted = [place - shift for place in wanted]
    for place, (own, label, colour, _, value) in zip(wanted, ends, strict=True):
        axes.annotate(
            label,
            (1.0, value),
            xycoords=axes.get_yaxis_transform(),
            xytext=(6.0, place - own),
            textcoords="offset points",
            va="center",
            fontsize=FONT_SIZE,
            color=colour if len(curves) > 1 else INK,
            annotation_clip=False,
            parse_math=False,
        )
