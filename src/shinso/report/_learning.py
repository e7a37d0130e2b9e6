"""The section about learning: curves, and what must be said about their axes."""

from typing import Any

import numpy as np

from shinso._words import number, percent, phrase
from shinso.report._curves import curve, first_epochs_cut, logarithmic, panels
from shinso.report._history import epochs, series
from shinso.report._svg import inline_svg
from shinso.training import Run


def learning(run: Run) -> dict[str, Any]:
    """Return the curves as SVG, and a note."""
    if not series(run, "loss"):
        return {"curves": [], "curves_note": ""}
    quantities = panels(run)
    curves = [inline_svg(curve(run, quantity), f"curve-{quantity}", told(run, quantity)) for quantity in quantities]
    notes = [f"The axis of the {phrase(name)} is logarithmic." for name in quantities if logarithmic(run, name)]
    cut = [limit for name in quantities if (limit := first_epochs_cut(run, name)) is not None]
    notes += [f"The axis of the accuracy starts at {percent(limit)}; the first epochs lie below it." for limit in cut]
    return {"curves": curves, "curves_note": " ".join(notes)}


def told(run: Run, quantity: str) -> str:
    """Return the ends of the curves in words."""
    x = epochs(run)
    ends = []
    for item in series(run, quantity):
        finite = np.flatnonzero(np.isfinite(item.values))
        first, last = finite[0], finite[-1]
        values = (item.values[first], item.values[last])
        start, end = map(percent, values) if quantity == "accuracy" else map(number, values)
        ends.append(f"{item.label} from {start} in epoch {x[first]:g} to {end} in epoch {x[last]:g}")
    return f"{phrase(quantity).capitalize()} by epoch: {'; '.join(ends)}."
