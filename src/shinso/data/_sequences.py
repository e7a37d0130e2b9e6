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
from shinso.data._npz import inputs_of, read_npz, targets_of
from shinso.data._options import Options, ReadingOptions
from shinso.data._raw import ranks_of
from shinso.data._reading import all_notes, open_table
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
    """Read sequences from a table with one row a step, or from an NPZ archive.

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
    rows = np.arange(reading.rows)
    encoder, dropped = TableInputs.fit_typed(inputs, rows, standardize=False, options=chosen)
    steps, notes = encoder.encode(pl.DataFrame([column.values for column in inputs.values()]))
    order = rows if time is None else np.argsort(ranks_of(columns[time].values), kind="stable")
    whose = columns[sequence].values
    if whose.null_count():
        raise ValueError(
            f"column {sequence!r} must say in every row whose it is; it is missing in {whose.null_count()}."
        )
    names = whose.unique(maintain_order=True)
    places = whose.replace_strict(names, range(len(names)), return_dtype=pl.Int64).to_numpy()
    parts = [order[places[order] == place] for place in range(len(names))]
    targets = None if target is None else _one_each(columns[target].values, places, names)
    told = (*all_notes(reading), *dropped, *notes)
    return SequenceSet(tuple(steps[part] for part in parts), targets, tuple(names), encoder.feature_names, told)


def _one_each(values: pl.Series, places: Shaped[np.ndarray, " R"], names: pl.Series) -> Shaped[np.ndarray, " N"]:
    """Return the one target of each sequence."""
    table = pl.DataFrame({"place": places, "value": values}).unique(maintain_order=True)
    table = table.filter(table["value"].is_not_null())
    counts = np.bincount(table["place"].to_numpy(), minlength=len(names))
    if (counts != 1).any():
        place = int(np.argmax(counts != 1))
        found = f"{counts[place]} different values" if counts[place] else "none"
        raise ValueError(f"target column {values.name!r} must have one value a sequence; {names[place]!r} has {found}.")
    return np.asarray(table.sort("place")["value"].to_numpy())


def _from_archive(path: Path, target: str | None) -> SequenceSet:
    arrays = read_npz(path)
    steps = number_array("inputs", inputs_of(arrays, path))
    lengths = arrays.get("lengths")
    if steps.ndim == 3:
        lengths = np.full(len(steps), steps.shape[1]) if lengths is None else lengths
        fits = len(lengths) == len(steps) and bool((lengths >= 0).all() and (lengths <= steps.shape[1]).all())
    else:
        fits = steps.ndim == 2 and lengths is not None and int(np.sum(lengths)) == len(steps)
    if lengths is None or not fits:
        raise ValueError(
            f"{path} must hold inputs [N, T, D], or [ΣT, D] with the lengths [N] of the sequences; got {steps.shape} and "
            f"{'no lengths' if lengths is None else f'lengths {lengths.shape} that sum to {int(np.sum(lengths))}'}."
        )
    sizes = lengths.astype(int)
    if steps.ndim == 3:
        inputs = [one[:size] for one, size in zip(steps, sizes, strict=True)]
    else:
        inputs = np.split(steps, np.cumsum(sizes)[:-1])
    labelled = target is not None or any(name in arrays for name in ("y", "targets", "labels"))
    targets = targets_of(arrays, path, target) if labelled else None
    if targets is not None and len(targets) != len(inputs):
        raise ValueError(f"{path} must hold one target a sequence; got {len(targets)} for {len(inputs)} sequences.")
    return SequenceSet(tuple(inputs), targets, tuple(range(len(inputs))))
