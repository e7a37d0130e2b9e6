"""Steps of sequences: which rows are whose, and in which order."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Integer, Shaped

from shinso.data._arrays import wide_array
from shinso.data._frames import ranks_of, require_columns
from shinso.data._npz import Arrays, inputs_of


@dataclass(frozen=True, eq=False)
class Steps:
    """The steps of N sequences.

    Attributes:
        values: a row for each step: a table, or an array `[R, D]`.
        parts: rows of each sequence, in their order.
        names: what each sequence is called.
    """

    values: Any
    parts: tuple[Integer[np.ndarray, " T"], ...]
    names: tuple[Any, ...]

    def __len__(self) -> int:
        return len(self.parts)

    def take(self, chosen: Shaped[np.ndarray, " N"]) -> "Steps":
        """Return the sequences that a mask chooses."""
        places = np.flatnonzero(chosen)
        return Steps(self.values, tuple(self.parts[one] for one in places), tuple(self.names[one] for one in places))


def steps_of_table(frame: pl.DataFrame, sequence: str, time: str | None) -> Steps:
    """Return the rows of each value of the column `sequence`, in the order of the column `time`, or as they stand.

    Raises:
        ValueError: a row does not say whose it is, or when.
    """
    whose = frame[sequence]
    if whose.null_count():
        raise ValueError(
            f"column {sequence!r} must say in every row whose it is; it is missing in {whose.null_count()}."
        )
    order = np.arange(frame.height) if time is None else np.argsort(ranks_of(frame[time]), kind="stable")
    names = whose.unique(maintain_order=True)
    places = whose.replace_strict(names, range(len(names)), return_dtype=pl.Int64).to_numpy()[order]
    cuts = np.cumsum(np.bincount(places, minlength=len(names)))[:-1]
    parts = np.split(order[np.argsort(places, kind="stable")], cuts)
    return Steps(frame, tuple(parts), tuple(names))


def steps_of_archive(arrays: Arrays, path: str | Path) -> Steps:
    """Return the sequences of `X`, `[N, T, D]` or the steps of all below each other `[ΣT, D]`, with `lengths` `[N]`.

    Raises:
        ValueError: the arrays are others, or do not fit each other.
    """
    values, lengths = wide_array("inputs", inputs_of(arrays, path)), arrays.get("lengths")
    if values.ndim == 3:
        sizes = np.full(len(values), values.shape[1]) if lengths is None else np.asarray(lengths)
        fits = len(sizes) == len(values) and bool((sizes >= 1).all() and (sizes <= values.shape[1]).all())
        starts = np.arange(len(values)) * values.shape[1]
    else:
        sizes = np.empty(0, int) if lengths is None else np.asarray(lengths)
        fits = values.ndim == 2 and len(sizes) > 0 and bool((sizes >= 1).all()) and int(sizes.sum()) == len(values)
        starts = np.cumsum(sizes) - sizes
    if not fits:
        told = "no lengths" if lengths is None else f"lengths {sizes.shape} that sum to {int(sizes.sum())}"
        raise ValueError(
            f"{path} must hold inputs [N, T, D], or [ΣT, D] with the lengths [N] of the sequences, each at least 1; "
            f"got {values.shape} and {told}."
        )
    parts = tuple(start + np.arange(int(size)) for start, size in zip(starts, sizes, strict=True))
    return Steps(values.reshape(-1, values.shape[-1]), parts, tuple(range(len(parts))))


def one_each(steps: Steps, columns: Sequence[str], what: str = "target") -> pl.DataFrame:
    """Return columns of a table of steps with one row a sequence: the value that all its steps have, or null without any.

    Raises:
        ValueError: a value changes within a sequence.
    """
    require_columns(f"{what} column", columns, steps.values.columns, "the table")
    found = []
    for name in columns:
        values = steps.values[name]
        values = values.fill_nan(None) if values.dtype.is_float() else values
        each = [values[part].drop_nulls().unique(maintain_order=True) for part in steps.parts]
        changing = next((place for place, own in enumerate(each) if len(own) > 1), None)
        if changing is not None:
            raise ValueError(
                f"{what} column {name!r} must have one value a sequence; {steps.names[changing]!r} has "
                f"{len(each[changing])} different values."
            )
        found.append(pl.Series(name, [own[0] if len(own) else None for own in each], dtype=values.dtype))
    return pl.DataFrame(found)
