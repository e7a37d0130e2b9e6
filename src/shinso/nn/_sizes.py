"""Sizes that builders take: one number or several."""

import math
from collections.abc import Sequence
from typing import Any

from shinso import _checks
from shinso.nn._as_sequence import AsSequence
from shinso.nn._flatten import Flatten
from shinso.nn._layer import Layer


def as_list(value: Any) -> list[Any]:
    """What there are several of as a list; one alone, or a name, stands for a list of one."""
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value]


def sizes(argument: str, value: object, *, least: int = 0) -> list[int]:
    """Whole numbers of at least 1; `least` is how many there must be. One number stands for a list of one."""
    values = as_list(value)
    if len(values) < least:
        raise ValueError(f"{argument} must name at least {least} size; got {value!r}.")
    return [_checks.whole_number(argument, size, least=1) for size in values]


def as_vector(inputs: int | Sequence[int]) -> tuple[list[Layer], int]:
    """The layer that makes a vector of each example, if one is needed, and the vector's size."""
    shape = sizes("inputs", inputs, least=1)
    return [Flatten()] if len(shape) > 1 else [], math.prod(shape)


def as_sequence(inputs: int | Sequence[int]) -> tuple[list[Layer], int]:
    """Return the layer that makes a sequence of each example, if one is needed, and D, the numbers of a step.

    Args:
        inputs: D, or the shape of one example: (T, D) of a sequence, (H, W, C) of an image, (T,) of a vector.

    Raises:
        ValueError: another shape.
    """
    if not isinstance(inputs, Sequence):
        return [], _checks.whole_number("inputs", inputs, least=1)
    shape = sizes("inputs", inputs, least=1)
    if len(shape) > 3:
        raise ValueError(
            "inputs must be the numbers of one step, or the shape of one example: (T, D), (T,) or that of an image; "
            f"got {inputs!r}."
        )
    return [] if len(shape) == 2 else [AsSequence()], math.prod(shape[1:])
