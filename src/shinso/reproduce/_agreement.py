"""When a measured number agrees with a published one: a rule for the seeds' values, with its words."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class Agreement(Protocol):
    """A rule for the values of all seeds."""

    @property
    def words(self) -> str:
        """The rule, for a person."""

    def agrees(self, values: Sequence[float]) -> bool:
        """Say whether the values, one a seed, agree with what was published."""


def mean_and_deviation(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean and the sample's standard deviation s, 0 for one value."""
    return statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else 0.0


@dataclass(frozen=True)
class Near:
    """|mean − published| ≤ max(margin, 2 s): the published number, of one run or of few, is one more draw.

    Attributes:
        published: the number.
        margin: what may differ where the seeds hardly do.
    """

    published: float
    margin: float

    @property
    def words(self) -> str:
        """The rule, for a person."""
        return f"|mean − {self.published:g}| ≤ max({self.margin:g}, 2 s)"

    def agrees(self, values: Sequence[float]) -> bool:
        """Say whether the mean is near enough."""
        mean, deviation = mean_and_deviation(values)
        return abs(mean - self.published) <= max(self.margin, 2 * deviation)


@dataclass(frozen=True)
class Between:
    """least ≤ mean ≤ most, for what was published in words or seen in a figure.

    Attributes:
        least: lower bound.
        most: upper bound.
        some: whether it is enough that the value of one seed lies there.
    """

    least: float = -math.inf
    most: float = math.inf
    some: bool = False

    @property
    def words(self) -> str:
        """The rule, for a person."""
        below = f"{self.least:g} ≤ " if math.isfinite(self.least) else ""
        above = f" ≤ {self.most:g}" if math.isfinite(self.most) else ""
        return f"{below}{'a seed' if self.some else 'mean'}{above}"

    def agrees(self, values: Sequence[float]) -> bool:
        """Say whether the mean, or the value of some seed, lies between the bounds."""
        judged = list(values) if self.some else [statistics.fmean(values)]
        return any(self.least <= value <= self.most for value in judged)


def at_least(bound: float, *, some: bool = False) -> Between:
    """Return the rule bound ≤ mean, or bound ≤ the value of some seed."""
    return Between(least=bound, some=some)


def at_most(bound: float) -> Between:
    """Return the rule mean ≤ bound."""
    return Between(most=bound)


def within_factor(published: float, factor: float) -> Between:
    """Return the rule published / factor ≤ mean ≤ published · factor."""
    return Between(published / factor, published * factor)
