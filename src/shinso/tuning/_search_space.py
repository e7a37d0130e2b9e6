"""What a search may choose: intervals of numbers, and choices."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from shinso._checks import one_of, real
from shinso.settings import Settings, rows

_SEARCHED = {name: row.searched for name, row in rows().items() if row.searched is not None}
"""Settings that a search may vary, and how: those that are numbers to a compiled program are trained side by side."""


@dataclasses.dataclass(frozen=True)
class Interval:
    """Numbers from `low` to `high`, evenly or, if `log`, by factors."""

    low: float
    high: float
    log: bool

    def at(self, place: float) -> float:
        """Return the number at a place from 0 to 1, with three significant digits."""
        place = min(max(place, 0.0), 1.0)
        low, high = (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)
        value = low + place * (high - low)
        return float(f"{math.exp(value) if self.log else value:.3g}")

    def place(self, value: float) -> float:
        """Return where a number lies, 0 at `low` and 1 at `high`; what lies outside is put at the nearer end."""
        if self.log and value <= 0:
            return 0.0
        low, high, value = (math.log(x) if self.log else x for x in (self.low, self.high, value))
        return min(max((value - low) / (high - low), 0.0), 1.0)

    def to_list(self) -> list[float]:
        """Return `[low, high]`."""
        return [self.low, self.high]


@dataclasses.dataclass(frozen=True)
class Choice:
    """One of several values."""

    options: tuple[Any, ...]

    def to_list(self) -> list[Any]:
        """Return the options."""
        return [list(option) if isinstance(option, tuple) else option for option in self.options]


Space = dict[str, Interval | Choice]
Point = dict[str, Any]


def space_of(given: Mapping[str, Any]) -> Space:
    """Return a checked space.

    Args:
        given: by setting: ``(low, high)``, an interval, for numbers that compile nothing (by factors, momentum evenly); a
            list of values for them and for others.

    Raises:
        TypeError, ValueError: nothing to search, an unknown setting, an empty interval or list, a value out of range.
    """
    if not given:
        raise ValueError("space must name at least one setting to search, such as learning_rate; got none.")
    return {one_of("setting of space", name, _SEARCHED): _dimension(name, value) for name, value in given.items()}


def _dimension(name: str, value: Any) -> Interval | Choice:
    if isinstance(value, tuple) and len(value) == 2 and _SEARCHED[name].number:
        log = _SEARCHED[name].log
        low, high = (_accepted(name, real(f"{name} of space", end, **({"above": 0} if log else {}))) for end in value)
        if low >= high:
            raise ValueError(f"{name} of space must go from a lower to a higher number; got {low:g} to {high:g}.")
        return Interval(low, high, log)
    if not isinstance(value, Sequence) or isinstance(value, str | tuple):
        wanted = "(low, high) or a list of values" if _SEARCHED[name].number else "a list of values"
        raise TypeError(f"{name} of space must be {wanted}; got {value!r}.")
    if not value:
        raise ValueError(f"{name} of space must have at least one value; got none.")
    return Choice(tuple(dict.fromkeys(_accepted(name, option) for option in value)))


def _accepted(name: str, value: Any) -> Any:
    """Return the value as settings hold it."""
    return getattr(Settings(source="digits", **{name: value}), name)


def default_space(base: Settings, examples: int) -> Space:
    """Return the space around complete settings that the table of settings gives: decades of rate and λ, and a few shapes.

    Args:
        base: what training does without a search.
        examples: training examples.
    """
    usual = {name: searched.usual(base, examples) for name, searched in _SEARCHED.items()}
    space: Space = {}
    for name, values in usual.items():
        if isinstance(values, tuple):
            space[name] = Interval(*values, log=_SEARCHED[name].log)
        elif values is not None:
            space[name] = Choice(tuple(values))
    return space


def shape_of(point: Point) -> Point:
    """Return the part of a point that decides what is compiled."""
    return {name: value for name, value in point.items() if not _SEARCHED[name].number}


def draw(space: Space, random: np.random.Generator, names: Sequence[str]) -> Point:
    """Draw the named settings, each evenly over its interval or choices."""
    point: Point = {}
    for name in names:
        dimension = space[name]
        if isinstance(dimension, Interval):
            point[name] = dimension.at(random.random())
        else:
            point[name] = dimension.options[int(random.integers(len(dimension.options)))]
    return point


def numbers_in(space: Space) -> list[str]:
    """Return the names of the space that compile nothing."""
    return [name for name in space if _SEARCHED[name].number]


def shapes_in(space: Space) -> list[str]:
    """Return the names of the space of which each value compiles a program."""
    return [name for name in space if not _SEARCHED[name].number]


def code(space: Space, point: Point, base: Settings) -> list[float]:
    """Return a point as numbers from 0 to 1: the places of numbers, one 0 or 1 for each option of a choice."""
    row: list[float] = []
    for name, dimension in space.items():
        value = point.get(name, getattr(base, name))
        if isinstance(dimension, Interval):
            row.append(dimension.place(0.0 if value is None else value))
        else:
            row += [float(option == value) for option in dimension.options]
    return row


def nearby(space: Space, point: Point, base: Settings, spread: float, random: np.random.Generator) -> Point:
    """Return the point with its numbers moved by normal noise of `spread` of their intervals; choices of numbers redrawn."""
    moved = dict(point)
    for name in numbers_in(space):
        dimension = space[name]
        if isinstance(dimension, Interval):
            value = point.get(name, getattr(base, name))
            moved[name] = dimension.at(dimension.place(0.0 if value is None else value) + spread * random.normal())
        else:
            moved |= draw(space, random, [name])
    return moved
