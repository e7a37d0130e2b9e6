"""Runs side by side as one page."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from shinso._manifest import write_file
from shinso._version import __version__
from shinso._words import SPACE, called, count, interval, scored, seconds
from shinso.experiment import ComparedRun, Gain, RunComparison
from shinso.report._environment import environment
from shinso.report._palette import FONT_SIZE, MUTED, OTHERS, TRAINING, VALIDATION, canvas, dress
from shinso.report._svg import inline_svg

_COLOURS = (TRAINING, VALIDATION, *OTHERS)
_HEADS = (
    (f"Score and its 95{SPACE}% interval", False),
    ("Better than the first by", False),
    ("Loss", True),
    ("Epochs", True),
    ("Training", True),
    ("Parameters", True),
)
_STYLES = ("-", (0, (5, 2)), (0, (1, 1.5)))


def render_comparison(comparison: RunComparison) -> str:
    """Return runs side by side as one HTML document that loads nothing and runs no script.

    It shows scores with their intervals, paired differences to the first run, settings that differ, and learning curves.
    """
    column = _column(comparison)
    return (
        environment()
        .get_template("compare.html")
        .render(
            version=__version__,
            names=[run.name for run in comparison.runs],
            verdicts=[verdict(comparison, run) for run in comparison.runs[1:]],
            heads=_HEADS,
            rows=[_row(run) for run in comparison.runs],
            settings=[(name, [_value(one) for one in values]) for name, values in comparison.settings.items()],
            curve=None
            if column is None
            else inline_svg(comparison_figure(comparison), "runs", _told(comparison, column)),
        )
    )


def write_comparison(comparison: RunComparison, path: str | os.PathLike[str]) -> Path:
    """Return `path`, to which `render_comparison(comparison)` was written.

    Raises:
        OSError: the page cannot be written; an older one is untouched.
    """
    path = Path(path)
    write_file(path, render_comparison(comparison).encode(errors="replace"))
    return path


def verdict(comparison: RunComparison, run: ComparedRun) -> str:
    """Return in a sentence whether a run is better than the first one, and how sure that is."""
    first = comparison.runs[0]
    if run.gain is None or run.evaluation is None:
        return f"{run.name} cannot be compared with {first.name} row by row: {run.unpaired}."
    gain, judged = run.gain, run.evaluation
    size, ends = differences(judged.score_name, gain)
    sure = "better than" if gain.low > 0 else "worse than" if gain.high < 0 else "not told apart from"
    told = f"{called(judged.score_name)} {size}, 95{SPACE}% interval {ends}, on the same {count(judged.n)} {run.of} examples"
    return f"{run.name} is {sure} {first.name}: {told}."


def differences(score_name: str, gain: Gain) -> tuple[str, str]:
    """Return a gain with its sign and its interval in words; of shares in points of a per cent."""
    if score_name.endswith("accuracy"):
        value, low, high = (f"{100 * one:+.1f}".replace("-", "−") for one in (gain.value, gain.low, gain.high))
        return f"{value} points", f"{low} to {high}"
    sign = "+" if gain.value >= 0 else ""
    return f"{sign}{scored('gain', gain.value)}", interval("gain", (gain.low, gain.high))


def comparison_figure(comparison: RunComparison) -> Figure:
    """Return a figure of every run's loss by epoch: on validation examples where all have them, else on training examples.

    Raises:
        ValueError: there is no loss to draw.
    """
    column = _column(comparison)
    if column is None:
        raise ValueError("comparison must have runs with at least one epoch; got none.")
    figure = canvas(7.2, 3.4)
    axes = figure.subplots()
    dress(axes, called(column).capitalize())
    lowest = np.inf
    for place, run in enumerate(comparison.runs):
        values = np.asarray(run.history[column], float)
        shown = np.where(np.isfinite(values), values, np.nan)
        lowest = min(lowest, float(np.nanmin(shown, initial=np.inf)))
        style = _STYLES[place // len(_COLOURS) % len(_STYLES)]
        axes.plot(run.history["epoch"], shown, color=_COLOURS[place % len(_COLOURS)], linestyle=style, label=run.name)
    if lowest > 0:
        axes.set_yscale("log")
    axes.set_xlabel("epoch", fontsize=FONT_SIZE, color=MUTED, loc="right")
    axes.legend(frameon=False, fontsize=FONT_SIZE, labelcolor=MUTED)
    return figure


def _column(comparison: RunComparison) -> str | None:
    for name in ("validation_loss", "loss"):
        if all(name in run.history for run in comparison.runs):
            return name
    return None


def _told(comparison: RunComparison, column: str) -> str:
    ends = [f"{run.name} ends at {scored('loss', float(run.history[column][-1]))}" for run in comparison.runs]
    return f"{called(column).capitalize()} by epoch: {'; '.join(ends)}."


def _row(run: ComparedRun) -> tuple[str, list[str]]:
    """Return a run's name and what stands under each of `_HEADS`."""
    about = [count(run.epochs), seconds(run.seconds), "–" if run.parameters is None else count(run.parameters)]
    judged = run.evaluation
    if judged is None:
        return run.name, ["not evaluated", "–", "–", *about]
    name, n = judged.score_name, judged.n
    score = f"{scored(name, judged.score, n)} ({interval(name, judged.interval, n)})"
    gain = "–" if run.gain is None else "{} ({})".format(*differences(name, run.gain))
    return run.name, [f"{run.of} {called(name)} {score}", gain, scored("loss", judged.loss), *about]


def _value(value: Any) -> str:
    if value is None:
        return "–"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
