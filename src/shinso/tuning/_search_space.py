"""What a search may choose: intervals of numbers, and choices."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from shinso._checks import one_of, real
from shinso.experiment import Settings

NUMBERS = ("learning_rate", "l2", "l1", "momentum", "clip_norm")
"""Settings that are numbers to a compiled program: trials that differ in these only are trained side by side."""
_LOGARITHMIC = ("learning_rate", "l2", "l1", "clip_norm")
SHAPES = (
    "batch_size",
    "hidden",
    "channels",
    "kernel_size",
    "activation",
    "dropout",
    "initialization",
    "optimizer",
    "pool",
    "normalization",
)
"""Settings of which each value compiles a program of its own."""


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
        given: by setting: ``(low, high)``, an interval, for `NUMBERS` (by factors, momentum evenly); a list of values for
            `SHAPES` and numbers.

    Raises:
        TypeError, ValueError: nothing to search, an unknown setting, an empty interval or list, a value out of range.
    """
    if not given:
        raise ValueError("space must name at least one setting to search, such as learning_rate; got none.")
    return {
        one_of("setting of space", name, (*NUMBERS, *SHAPES)): _dimension(name, value) for name, value in given.items()
    }


def _dimension(name: str, value: Any) -> Interval | Choice:
    if isinstance(value, tuple) and len(value) == 2 and name in NUMBERS:
        log = name in _LOGARITHMIC
        low, high = (_accepted(name, real(f"{name} of space", end, **({"above": 0} if log else {}))) for end in value)
        if low >= high:
            raise ValueError(f"{name} of space must go from a lower to a higher number; got {low:g} to {high:g}.")
        return Interval(low, high, log)
    if not isinstance(value, Sequence) or isinstance(value, str | tuple):
        wanted = "(low, high) or a list of values" if name in NUMBERS else "a list of values"
        raise TypeError(f"{name} of space must be {wanted}; got {value!r}.")
    if not value:
        raise ValueError(f"{name} of space must have at least one value; got none.")
    return Choice(tuple(dict.fromkeys(_accepted(name, option) for option in value)))


def _accepted(name: str, value: Any) -> Any:
    """Return the value as settings hold it."""
    return getattr(Settings(source="digits", **{name: value}), name)


def default_space(base: Settings, examples: int) -> Space:
    """Return the space around complete settings: two decades of rate and λ each way and more, and a few shapes.

    Args:
        base: what training does without a search.
        examples: training examples.
    """
    strength = base.l2 or 1e-4
    space: Space = {"l2": Interval(strength / 100, strength * 100, log=True)}
    if base.learning_rate is not None:
        space["learning_rate"] = Interval(base.learning_rate / 30, base.learning_rate * 30, log=True)
        size = base.batch_size or examples
        space["batch_size"] = Choice(
            tuple(s for s in (size // 2, size, 2 * size, 4 * size) if 1 <= s <= examples // 2 or s == size)
        )
        if base.network == "cnn":
            space["normalization"] = Choice(tuple(dict.fromkeys((base.normalization, "batch"))))
            for name in ("hidden", "channels"):
                sizes = getattr(base, name)
                space[name] = Choice((sizes, tuple(2 * size for size in sizes)))
        if base.network in ("mlp", "cnn"):
            space["dropout"] = Choice(tuple(dict.fromkeys((base.dropout, 0.0, 0.25, 0.5))))
    if base.network == "mlp":
        sizes = ((30,), (100,), (300,), (100, 100))
        space["hidden"] = Choice(tuple(dict.fromkeys((base.hidden, *sizes))))
        space["activation"] = Choice(tuple(dict.fromkeys((base.activation, "tanh", "gelu"))))
    return space


def shape_of(point: Point) -> Point:
    """Return the part of a point that decides what is compiled."""
    return {name: value for name, value in point.items() if name not in NUMBERS}


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
    return [name for name in space if name in NUMBERS]


def shapes_in(space: Space) -> list[str]:
    """Return the names of the space of which each value compiles a program."""
    return [name for name in space if name not in NUMBERS]


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
