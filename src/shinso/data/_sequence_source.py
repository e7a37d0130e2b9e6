"""Sequences of different lengths as a source of examples: a table with a row for each step, or an archive."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from shinso._sequences import STEPS
from shinso.data._array_inputs import VectorInputs
from shinso.data._encoder import Inputs
from shinso.data._frames import require_columns
from shinso.data._npz import Arrays, targets_of
from shinso.data._request import Raw, Request, Rows, labels_of, with_targets
from shinso.data._sequence_inputs import SequenceInputs
from shinso.data._steps import Steps, one_each, steps_of_archive, steps_of_table
from shinso.data._table_inputs import TableInputs
from shinso.data._targets import target_frame
from shinso.data._typed import Typed


def is_archive_of_sequences(arrays: Arrays) -> bool:
    """Whether an archive says how long its sequences are."""
    return "lengths" in arrays


def sequences_of_table(
    name: str, where: str, columns: Mapping[str, Typed], request: Request, notes: tuple[str, ...]
) -> Raw:
    """Take sequences from typed columns with a row for each step; those without a target are left out and counted.

    Raises:
        ValueError: a column is absent, a target changes within a sequence, or the inputs are to be rebuilt.
    """
    sequence, frame = request.sequence or "", pl.DataFrame([column.values for column in columns.values()])
    _refuse(request)
    if not request.target:
        raise ValueError(f"target must name the column of {where} to predict, one value a sequence; got none.")
    apart = [one for one in (sequence, request.time, request.group) if isinstance(one, str)]
    require_columns("column", [*apart, *request.target], frame.columns, where)
    steps = steps_of_table(frame, sequence, request.time)
    inputs = {one: column for one, column in columns.items() if one not in (*apart, *request.target)}
    if not inputs:
        raise ValueError(
            f"{where} must have a column of inputs beside {', '.join([*apart, *request.target])}; got none."
        )
    targets = one_each(steps, request.target)
    groups = None if request.group is None else labels_of(one_each(steps, [request.group], "group").to_series(0))
    standardize = request.standardize is not False

    def fit(training: Rows) -> tuple[TableInputs, tuple[str, ...]]:
        return TableInputs.fit_typed(inputs, training, standardize=standardize, options=request.options)

    return _raw(name, steps, targets, groups, fit, request, notes)


def sequences_of_archive(path: Path, arrays: Arrays, target: str | None, request: Request) -> Raw:
    """Take sequences from the arrays of an archive.

    Raises:
        ValueError: the arrays do not fit each other, or the inputs are to be rebuilt.
    """
    _refuse(request)
    steps, targets = steps_of_archive(arrays, path), target_frame(targets_of(arrays, path, target))
    if targets.height != len(steps):
        raise ValueError(f"{path} must hold one target a sequence; got {targets.height} for {len(steps)} sequences.")

    def fit(training: Rows) -> tuple[VectorInputs, tuple[str, ...]]:
        return VectorInputs.fit(steps.values[training], standardize=request.standardize is not False), ()

    return _raw(path.stem, steps, targets, None, fit, request, ())


def _refuse(request: Request) -> None:
    if request.rebuild:
        raise ValueError("kind must be another than reconstruction for sequences, which are not rebuilt.")


def _raw(
    name: str, steps: Steps, targets: pl.DataFrame, groups: Any, fit: Any, request: Request, notes: tuple[str, ...]
) -> Raw:
    kept, told = with_targets(targets, len(steps))
    mask = kept.to_numpy()
    chosen = steps.take(mask)
    lengths = np.array([len(part) for part in chosen.parts] or [0])
    counted = f"{len(chosen)} sequences of {lengths.min()} to {lengths.max()} steps"

    def fit_sequences(training: Rows, weights: Any) -> tuple[Inputs, tuple[str, ...]]:
        rows = np.concatenate([chosen.parts[one] for one in training])
        inputs, dropped = fit(rows)
        longest = -(-int(lengths[training].max()) // STEPS) * STEPS
        return SequenceInputs(inputs, longest, request.sequence, request.time), dropped

    return Raw(
        name,
        chosen,
        targets.filter(kept),
        fit_sequences,
        None if groups is None else groups[mask],
        notes=(counted, *notes, *(one.replace("rows", "sequences") for one in told)),
    )
