"""What an explorer is: something to move, and what the library computes from it, as plain data for a page."""

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Figure = dict[str, Any]
"""`charts`, `pictures`, `numbers` (label, text) and a `note`; see `chart`."""


@dataclass(frozen=True)
class Slider:
    """A number to move, from `low` to `high` by `step`."""

    name: str
    label: str
    low: float
    high: float
    step: float
    value: float

    def read(self, text: str) -> float:
        """Return the number of a text, whole where the step is.

        Raises:
            ValueError: it is none, or outside of the slider.
        """
        try:
            value = float(text)
        except ValueError:
            raise ValueError(f"{self.name} must be a number; got {text[:50]!r}.") from None
        if not (math.isfinite(value) and self.low <= value <= self.high):
            raise ValueError(f"{self.name} must be from {self.low:g} to {self.high:g}; got {text[:50]!r}.")
        whole = float(self.step).is_integer() and float(self.low).is_integer()
        return round(value) if whole else value


@dataclass(frozen=True)
class Choice:
    """One of several names."""

    name: str
    label: str
    options: tuple[str, ...]
    value: str

    def read(self, text: str) -> str:
        """Return the name.

        Raises:
            ValueError: it is none of them.
        """
        if text not in self.options:
            raise ValueError(f"{self.name} must be one of {', '.join(self.options)}; got {text[:50]!r}.")
        return text


@dataclass(frozen=True)
class Explorer:
    """A page to play on.

    Attributes:
        name: in its address.
        title: of the page.
        lead: what there is to see, in a few sentences.
        source: of the experiment.
        controls: what can be moved.
        compute: from their values by name to a figure.
        of_run: whether it needs a run of images, which `compute` takes first.
    """

    name: str
    title: str
    lead: str
    source: str
    controls: tuple[Slider | Choice, ...]
    compute: Callable[..., Figure]
    of_run: bool = False

    def read(self, texts: Mapping[str, str]) -> dict[str, Any]:
        """Return a value for each control, those not given at their first one.

        Raises:
            ValueError: a value is not accepted.
        """
        return {one.name: one.read(texts[one.name]) if one.name in texts else one.value for one in self.controls}


def remembered(compute: Callable[..., Figure]) -> Callable[..., Figure]:
    """Let a function of numbers and names remember the last figures it made."""
    return functools.lru_cache(maxsize=256)(compute)


def chart(title: str, x: str, y: str, series: Sequence[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """Return a chart: series of `line`s and `points`, `range` of x and y where it is fixed, `handles`, a `field` behind."""
    return {"title": title, "x": x, "y": y, "series": list(series), **more}


def line(name: str, x: Any, y: Any, kind: str = "line") -> dict[str, Any]:
    """Return a series; numbers that are not finite are gaps."""
    return {"name": name, "x": numbers(x), "y": numbers(y), "kind": kind}


def numbers(values: Any) -> list[float | None]:
    """Return plain numbers with six digits, None for those that are not finite."""
    flat = np.asarray(values, np.float64).ravel().tolist()
    return [float(f"{value:.6g}") if math.isfinite(value) else None for value in flat]
