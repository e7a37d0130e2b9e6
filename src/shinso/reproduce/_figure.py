"""The figure of an entry: curves of every seed against epochs, as SVG."""

import io
import threading
from collections.abc import Sequence

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from shinso.reproduce._entry import Entry, Panel
from shinso.reproduce._record import Record

COLOURS = ("#3b6fd4", "#d4500f", "#0f8577", "#8a4fbf", "#8a6d0f", "#c0263b", "#5f6672", "#2f9bd1", "#a0439a", "#4f7f1f")
INK, RULE = "#1b1e23", "#dfe3e8"
_LOCK = threading.Lock()  # rc_context changes settings of the whole process


def draw(entry: Entry, records: Sequence[Record]) -> Figure | None:
    """Return the entry's figure, a line for each seed; None if it has none or nothing is there to be drawn."""
    panels = [panel for panel in entry.panels if any(_curves(panel, records).values())]
    if not panels:
        return None
    figure = Figure(figsize=(4.8 * len(panels), 3.2), layout="constrained")
    for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        _draw_panel(axes, panel, records)
    return figure


def svg(figure: Figure) -> bytes:
    """Return the figure as SVG; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    with _LOCK, matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "shinso"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def _curves(panel: Panel, records: Sequence[Record]) -> dict[str, list[list[float]]]:
    return {
        label: [record.curves[name][column] for record in records if column in record.curves.get(name, {})]
        for label, (name, column) in panel.lines.items()
    }


def _draw_panel(axes: Axes, panel: Panel, records: Sequence[Record]) -> None:
    for colour, (label, curves) in zip(COLOURS, _curves(panel, records).items(), strict=False):
        for number, curve in enumerate(curves):
            epochs = [panel.first + panel.every * place for place in range(len(curve))]
            shown = [place for place, epoch in enumerate(epochs) if epoch >= panel.start]
            x, y = [epochs[place] for place in shown], [curve[place] for place in shown]
            axes.plot(x, y, color=colour, linewidth=1.1, alpha=0.85, label=None if number else label)
    axes.set_title(panel.title, loc="left", fontsize=10, color=INK)
    axes.set_xlabel(panel.axis, fontsize=9)
    axes.tick_params(labelsize=9)
    axes.grid(color=RULE, linewidth=0.7)
    axes.spines[["top", "right"]].set_visible(False)
    if panel.log:
        axes.set_yscale("log")
    if len(panel.lines) > 1:
        axes.legend(fontsize=8, frameon=False)
