"""Figures of the probes: how fast each layer learns, how long its steps are, where its units start."""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure

from shinso._words import number
from shinso.report._palette import FONT_SIZE, INK, MUTED, OTHERS, TRAINING, VALIDATION, canvas, dress
from shinso.report._svg import inline_svg
from shinso.training import History, Run

_COLOURS = (TRAINING, VALIDATION, *OTHERS)
_MOST = 8
_LINES = {
    "bias_gradient_norm": "Speed of learning ‖∂C/∂b‖, by layer",
    "update_ratio": "Length of a step ‖Δθ‖ / ‖θ‖, by layer",
}


def probe_figures(run: Run) -> list[Markup]:
    """Return the figures as SVG: speed of learning, weighted sums at the start, lengths of steps; those there are.

    Source: Nielsen, chapter 5 (speeds of hidden layers) and chapter 3 (weighted sums under two initializations); lecture
    on deep learning (corrections by layer).
    """
    figures = []
    for quantity, title in _LINES.items():
        names = _names(run.probes, quantity)
        if names and len(run.probes) > 1:
            told = "; ".join(
                f"layer {place} from {number(run.probes[name][0])} to {number(run.probes[name][-1])}"
                for place, name in enumerate(names, 1)
            )
            figures.append(inline_svg(layer_lines(run, quantity), f"probe-{quantity}", f"{title}: {told}."))
    if names := _names(run.probes, "z_mean"):
        described = "Weighted sums of each hidden layer before training, mean and two deviations to either side."
        figures.append(inline_svg(first_sums(run.probes, len(names)), "probe-z", described))
    return figures


def layer_lines(run: Run, quantity: str) -> Figure:
    """Draw a quantity of the probes, such as `"bias_gradient_norm"` or `"update_ratio"`, of each layer against epochs."""
    figure = canvas(5.2, 3.1)
    axes = figure.subplots()
    dress(axes, _LINES.get(quantity, quantity))
    axes.set_xlabel("epoch", fontsize=FONT_SIZE, color=MUTED, loc="right")
    names = _names(run.probes, quantity)
    x = run.probes["epoch"]
    for place, name in enumerate(names):
        values = run.probes[name]
        shown = np.where(np.isfinite(values) & (values > 0), values, np.nan)
        axes.plot(x, shown, color=_COLOURS[place % len(_COLOURS)], linewidth=1.6, marker="o", markersize=3)
        if len(names) <= _MOST and np.isfinite(shown).any():
            last = np.flatnonzero(np.isfinite(shown))[-1]
            at = (x[last], shown[last])
            colour = _COLOURS[place % len(_COLOURS)]
            axes.annotate(
                f"{place + 1}", at, xytext=(6, -3), textcoords="offset points", fontsize=FONT_SIZE, color=colour
            )
    if any(np.any(run.probes[name] > 0) for name in names):
        axes.set_yscale("log")
    return figure


def first_sums(probes: History, layers: int) -> Figure:
    """Draw the weighted sums of each layer of units at the first weights: mean, one and two deviations."""
    figure = canvas(5.2, 3.1)
    axes = figure.subplots()
    dress(axes, "Weighted sums at the start, by hidden layer")
    means, deviations = (
        np.array([probes[name][0] for name in _names(probes, key)]) for key in ("z_mean", "z_deviation")
    )
    places = np.arange(1, layers + 1)
    for spread, width in ((2, 2.0), (1, 6.0)):
        axes.vlines(places, means - spread * deviations, means + spread * deviations, color=TRAINING, linewidth=width)
    axes.plot(places, means, "o", color=INK, markersize=4)
    axes.set_xticks(places[:: max(1, layers // 10)])
    axes.set_xlim(0.5, layers + 0.5)
    return figure


def probed(run: Run, quantity: str) -> int:
    """Return of how many layers a quantity was probed."""
    return len(_names(run.probes, quantity))


def _names(probes: History, quantity: str) -> Sequence[str]:
    return [name for name in probes.columns if name.startswith(f"{quantity}/")]
