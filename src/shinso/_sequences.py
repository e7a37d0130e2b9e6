"""Batches of sequences of different lengths."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from shinso import _checks

STEPS = 8
"""Sequences are padded to a multiple of this, so that data sets of similar length share compiled programs."""


class Sequences(NamedTuple):
    """N sequences, padded behind their ends to T steps; a pytree. What stands in the padding never matters.

    Attributes:
        values: D numbers for each step, `[N, T, D]`.
        lengths: steps of each sequence, `[N]`, whole numbers from 1 to T.
    """

    values: Any
    lengths: Any


def pad(sequences: Iterable[Any], *, multiple: int = 1) -> Sequences:
    """Return sequences `[T_i, D]` as NumPy arrays, padded with zeros to the longest.

    Args:
        sequences: arrays of real numbers, each `[T_i, D]` with T_i ≥ 1 and the same D ≥ 1.
        multiple: T is rounded up to a multiple of this, so that sequences of similar length share compiled programs.

    Returns:
        `Sequences` of float32 if all are float32 (or narrower), else of float64.

    Raises:
        TypeError: entries that are not real numbers.
        ValueError: no sequence, an empty one, one that is not `[T, D]`, widths that differ, or values that are not finite.
    """
    _checks.whole_number("multiple", multiple, least=1)
    arrays = [_steps(number, sequence) for number, sequence in enumerate(sequences)]
    if not arrays:
        raise ValueError("sequences must be at least one; got none.")
    width = arrays[0].shape[1]
    for number, array in enumerate(arrays):
        if array.shape[1] != width:
            raise ValueError(
                f"sequences must all have the width of the first, {width} numbers a step; sequence {number} has "
                f"{array.shape[1]}."
            )
    lengths = np.array([len(array) for array in arrays], np.int32)
    longest = -(-int(lengths.max()) // multiple) * multiple
    values = np.zeros((len(arrays), longest, width), np.result_type(np.float32, *{array.dtype for array in arrays}))
    for padded, array in zip(values, arrays, strict=True):
        padded[: len(array)] = array
    return Sequences(values, lengths)


def _steps(number: int, sequence: Any) -> np.ndarray:
    array = np.asarray(sequence)
    if array.ndim != 2 or array.shape[1] == 0:
        raise ValueError(
            f"sequences must have shape [T, D], T steps of D numbers; sequence {number} has {array.shape}."
        )
    if len(array) == 0:
        raise ValueError(f"sequences must have at least one step; sequence {number} has none.")
    if array.dtype == object:
        try:
            array = array.astype(float)
        except (TypeError, ValueError):
            raise TypeError(f"sequences must hold real numbers; sequence {number} holds something else.") from None
    if array.dtype.kind not in "biuf":
        raise TypeError(f"sequences must hold real numbers; sequence {number} holds {array.dtype}.")
    if not np.isfinite(array).all():
        step, column = np.argwhere(~np.isfinite(array))[0]
        raise ValueError(f"sequences must be finite; sequence {number} has {array[step, column]} at step {step}.")
    return array


def check_sequences(name: str, sequences: Sequences) -> None:
    """Raise unless shapes and lengths of concrete `Sequences` fit each other.

    Raises:
        TypeError: lengths are not whole numbers.
        ValueError: values are not `[N, T, D]`, lengths not `[N]`, or a length lies outside 1 to T.
    """
    values, lengths = sequences
    if np.ndim(values) != 3 or np.shape(lengths) != np.shape(values)[:1]:
        raise ValueError(
            f"{name} must be values [N, T, D] and lengths [N]; got shapes {np.shape(values)} and {np.shape(lengths)}."
        )
    found = np.asarray(lengths)
    if found.dtype.kind not in "iu":
        raise TypeError(f"lengths of {name} must be whole numbers; got {found.dtype}.")
    steps = np.shape(values)[1]
    wrong = np.flatnonzero((found < 1) | (found > steps))
    if wrong.size:
        raise ValueError(
            f"lengths of {name} must be from 1 to {steps}, the padded length; got {found[wrong[0]]} for sequence {wrong[0]}."
        )


def joined(parts: Iterable[Any]) -> Any:
    """Return batches, all arrays `[N, …]` or all `Sequences`, as one; shorter sequences are padded further."""
    batches = list(parts)
    if not isinstance(batches[0], Sequences):
        return np.concatenate(batches)
    steps = max(batch.values.shape[1] for batch in batches)
    values = [np.pad(batch.values, ((0, 0), (0, steps - batch.values.shape[1]), (0, 0))) for batch in batches]
    return Sequences(np.concatenate(values), np.concatenate([batch.lengths for batch in batches]))
