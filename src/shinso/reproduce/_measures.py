"""Numbers read off a record: the best of a curve, its first, where it is least, ….

Each function returns a measure: a function of a `Record` that gives a number, or None where the record lacks it.
"""

import itertools
import math
from collections.abc import Callable, Sequence

from shinso.reproduce._record import Record

Measure = Callable[[Record], float | None]


def of_curve(name: str, column: str, reduce: Callable[[Sequence[float]], float]) -> Measure:
    """Return the measure `reduce` of a curve."""

    def measure(record: Record) -> float | None:
        curve = record.curves.get(name, {}).get(column)
        return None if not curve else float(reduce(curve))

    return measure


def best(name: str, column: str) -> Measure:
    """Return the largest number of a curve."""
    return of_curve(name, column, max)


def first(name: str, column: str) -> Measure:
    """Return the number after the first epoch."""
    return after(name, column, 1)


def after(name: str, column: str, epoch: int) -> Measure:
    """Return the number after so many epochs, NaN where there are fewer."""
    return of_curve(name, column, lambda curve: curve[epoch - 1] if epoch <= len(curve) else math.nan)


def last(name: str, column: str) -> Measure:
    """Return the number after the last epoch."""
    return of_curve(name, column, lambda curve: curve[-1])


def epoch_of_least(name: str, column: str) -> Measure:
    """Return the epoch after which a curve is least."""
    return of_curve(name, column, lambda curve: 1 + min(range(len(curve)), key=curve.__getitem__))


def epoch_of_steepest_fall(name: str, column: str) -> Measure:
    """Return the epoch before which a curve stood when it fell most."""
    return of_curve(name, column, lambda curve: 1 + max(range(len(curve) - 1), key=lambda i: curve[i] - curve[i + 1]))


def share_of_rises(name: str, column: str) -> Measure:
    """Return the share of epochs, in per cent, after which a curve is higher than before."""

    def share(curve: Sequence[float]) -> float:
        return 100 * sum(b > a for a, b in itertools.pairwise(curve)) / max(len(curve) - 1, 1)

    return of_curve(name, column, share)


def share_below(name: str, one: str, other: str) -> Measure:
    """Return the share of measurements, in per cent, at which one column is below another."""

    def measure(record: Record) -> float | None:
        curves = record.curves.get(name, {})
        if not curves.get(one) or not curves.get(other):
            return None
        return 100 * sum(a < b for a, b in zip(curves[one], curves[other], strict=True)) / len(curves[one])

    return measure


def at_best(name: str, by: str, column: str) -> Measure:
    """Return a column's number after the epoch that is best by another: Nielsen's test accuracy, chapter 6."""

    def measure(record: Record) -> float | None:
        curves = record.curves.get(name, {})
        if not curves.get(by) or not curves.get(column):
            return None
        return curves[column][max(range(len(curves[by])), key=curves[by].__getitem__)]

    return measure


def value(name: str) -> Measure:
    """Return a single number of the record."""
    return lambda record: record.values.get(name)


def difference(one: Measure, other: Measure) -> Measure:
    """Return one − other."""
    return _of_both(one, other, lambda a, b: a - b)


def ratio(one: Measure, other: Measure) -> Measure:
    """Return one / other, NaN where the other is 0."""
    return _of_both(one, other, lambda a, b: a / b if b else math.nan)


def least_of(measures: Sequence[Measure]) -> Measure:
    """Return the least of several numbers, None where one is lacking."""

    def measure(record: Record) -> float | None:
        found = [one(record) for one in measures]
        known = [number for number in found if number is not None]
        return min(known) if len(known) == len(found) else None

    return measure


def _of_both(one: Measure, other: Measure, combine: Callable[[float, float], float]) -> Measure:
    def measure(record: Record) -> float | None:
        a, b = one(record), other(record)
        return None if a is None or b is None else combine(a, b)

    return measure
