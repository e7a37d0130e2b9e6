"""Sequences from files: a long table of steps, or an NPZ archive."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import polars as pl
from jaxtyping import Float32, Shaped

from shinso.data._arrays import number_array
from shinso.data._frames import require_columns
from shinso.data._npz import read_npz, targets_of
from shinso.data._options import Options, ReadingOptions
from shinso.data._reading import all_notes, open_table
from shinso.data._steps import Steps, one_each, steps_of_archive, steps_of_table
from shinso.data._table_inputs import TableInputs


@dataclass(frozen=True, eq=False)
class SequenceSet:
    """N sequences of unlike lengths.

    Attributes:
        inputs: one array `[T_i, D]` a sequence, in the order in which they first stand in the file.
        targets: one value a sequence, or `None`.
        names: what each sequence is called.
        feature_names: name of each of the D inputs of a step, or `None`.
        notes: what was guessed, replaced or left out.
    """

    inputs: tuple[Float32[np.ndarray, "T D"], ...]
    targets: Shaped[np.ndarray, " N"] | None
    names: tuple[Any, ...]
    feature_names: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.inputs)


def read_sequences(
    source: str | Path | Sequence[str | Path],
    *,
    sequence: str | None = None,
    time: str | None = None,
    target: str | None = None,
    **options: Unpack[ReadingOptions],
) -> SequenceSet:
    """Return the sequences in a table with one row a step, or in an NPZ archive.

    Of a table, the rows of one value of `sequence` are a sequence, in the order of `time`, or as they stand; the
    other columns are its inputs, encoded as `TableInputs` does, not standardized. An archive holds `X`, `[N, T, D]`
    or the steps of all sequences below each other `[ΣT, D]`, with `lengths` `[N]` (which `[N, T, D]` may lack), and
    `y` `[N]` if there are targets.

    Args:
        source: as for `read_table`, or the path of an `.npz` file.
        sequence: of a table, the column that says whose a step is.
        time: of a table, the column that says when a step was.
        target: the column (or array) of targets; one value a sequence.
        **options: see `ReadingOptions`.

    Raises:
        ValueError: the file cannot be read, a column is absent, or a target changes within a sequence.
    """
    if isinstance(source, str | Path) and Path(source).suffix.lower() == ".npz":
        return _from_archive(Path(source), target)
    if sequence is None:
        raise ValueError(f"sequence must name the column of {source} that says whose a step is; got none.")
    apart = [name for name in (sequence, time, target) if name is not None]
    chosen = Options.of(options)
    columns, reading = open_table(source, chosen)
    require_columns("column", apart, list(columns), reading.source)
    inputs = {name: column for name, column in columns.items() if name not in apart}
    encoder, dropped = TableInputs.fit_typed(inputs, np.arange(reading.rows), standardize=False, options=chosen)
    steps = steps_of_table(pl.DataFrame([column.values for column in columns.values()]), sequence, time)
    vectors, notes = encoder.encode(steps.values)
    targets = None if target is None else _known(one_each(steps, [target]).to_series(0), steps)
    told = (*all_notes(reading), *dropped, *notes)
    return SequenceSet(tuple(vectors[part] for part in steps.parts), targets, steps.names, encoder.feature_names, told)


def _known(targets: pl.Series, steps: Steps) -> Shaped[np.ndarray, " N"]:
    """Return targets of which none may be missing."""
    if targets.null_count():
        name = steps.names[int(targets.is_null().arg_true()[0])]
        raise ValueError(f"target column {targets.name!r} must have one value a sequence; {name!r} has none.")
    return np.asarray(targets.to_numpy())


def _from_archive(path: Path, target: str | None) -> SequenceSet:
    arrays = read_npz(path)
    steps = steps_of_archive(arrays, path)
    values = number_array("inputs", steps.values)
    labelled = target is not None or any(name in arrays for name in ("y", "targets", "labels"))
    targets = targets_of(arrays, path, target) if labelled else None
    if targets is not None and len(targets) != len(steps):
        raise ValueError(f"{path} must hold one target a sequence; got {len(targets)} for {len(steps)} sequences.")
    return SequenceSet(tuple(values[part] for part in steps.parts), targets, steps.names)
