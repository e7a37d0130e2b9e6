"""Colours of the figures, and the look of their axes.

Each colour is also a mark: on the page its hexadecimal value is replaced by a CSS variable (`shinso.report._svg`), and
the figure follows the page into the dark and onto paper. Used on its own, a figure shows the values below.
"""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK = "#1b1e23"
MUTED = "#6b7280"
RULE = "#dfe3e8"
PAPER = "#fefefe"
TRAINING = "#3b6fd4"
VALIDATION = "#d4500f"
FAILED = "#c0263b"
OTHERS = ("#0f8577", "#8a4fbf", "#8a6d0f")

CSS = {
    INK: "currentColor",
    MUTED: "var(--muted)",
    RULE: "var(--rule)",
    PAPER: "var(--paper)",
    TRAINING: "var(--training)",
    VALIDATION: "var(--validation)",
    FAILED: "var(--failed)",
    OTHERS[0]: "var(--other-1)",
    OTHERS[1]: "var(--other-2)",
    OTHERS[2]: "var(--other-3)",
}

FONT_SIZE = 10.5


def canvas(width: float, height: float) -> Figure:
    """Return an empty figure of `width` × `height` inches whose background is transparent."""
    figure = Figure(figsize=(width, height), dpi=144, layout="constrained")
    figure.patch.set_alpha(0.0)
    return figure


def dress(axes: Axes, title: str) -> None:
    """Give `axes` horizontal rules, no frame, quiet ticks and a title at the left."""
    axes.patch.set_alpha(0.0)
    axes.spines[:].set_visible(False)
    axes.spines["bottom"].set(visible=True, color=MUTED, linewidth=0.8)
    axes.grid(axis="y", color=RULE, linewidth=0.8, linestyle="-")
    axes.set_axisbelow(True)
    axes.tick_params(which="both", labelsize=FONT_SIZE, labelcolor=MUTED, color=MUTED, length=0, pad=5)
    axes.tick_params(axis="x", which="major", length=3)
    axes.set_title(title, loc="left", fontsize=FONT_SIZE + 1, fontweight="bold", color=INK, pad=10, parse_math=False)
