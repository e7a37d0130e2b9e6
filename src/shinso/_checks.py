"""Checks of arguments: one sentence that names the argument, what came and what is accepted."""

import difflib
import math
from collections.abc import Iterable


def one_of(argument: str, value: object, accepted: Iterable[str]) -> str:
    """Return `value` if it is one of `accepted`, else raise `ValueError` suggesting the nearest name."""
    names = sorted(accepted)
    if isinstance(value, str) and value in names:
        return value
    near = difflib.get_close_matches(str(value), names, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"{argument} must be one of {', '.join(names)}; got {value!r}.{hint}")


LARGEST = 2**31 - 1
"""What counts are at most, on any device."""


def whole_number(argument: str, value: object, *, least: int = 0, most: int = LARGEST) -> int:
    """Return `value` as an `int` from `least` to `most`, else raise `TypeError` or `ValueError`."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{argument} must be a whole number, at least {least}; got {value!r}.")
    number = int(value.__index__())
    if number < least:
        raise ValueError(f"{argument} must be a whole number, at least {least}; got {value!r}.")
    if number > most:
        raise ValueError(f"{argument} must be a whole number, at most {most}; got {value!r}.")
    return number


def real(
    argument: str,
    value: object,
    *,
    least: float = -math.inf,
    above: float = -math.inf,
    below: float = math.inf,
    most: float = math.inf,
) -> float:
    """Return `value` as a finite `float` with `least ≤ value ≤ most` and `above < value < below`.

    Raises:
        TypeError: `value` is not a number.
        ValueError: `value` is not finite or lies outside the range.
    """
    bounds = [
        f"{sign} {bound:g}"
        for sign, bound in (("≥", least), (">", above), ("<", below), ("≤", most))
        if math.isfinite(bound)
    ]
    accepted = f"{argument} must be a finite number{' ' + ' and '.join(bounds) if bounds else ''}; got {value!r}."
    if isinstance(value, bool | str | bytes) or not hasattr(value, "__float__"):
        raise TypeError(accepted)
    number = float(value)
    if not math.isfinite(number) or not (least <= number <= most and above < number < below):
        raise ValueError(accepted)
    return number


def one_line(error: BaseException) -> str:
    """Return what an error says, in one line that is not too long; its kind where it says nothing."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rstrip(".")[:200]
