"""Reading tables, and saying what was found in them."""

import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Unpack

import polars as pl

from shinso.data._columns import column_kind, dropped_because
from shinso.data._dataset import Kind
from shinso.data._frames import checked, require_columns
from shinso.data._options import ColumnKind, Options, ReadingOptions
from shinso.data._separator import NAMES, ONE_COLUMN
from shinso.data._sources import find_table
from shinso.data._target_kinds import infer_kind, missing_targets
from shinso.data._typed import Typed, typed_frame

Source = str | Path | Sequence[str | Path]


@dataclass(frozen=True)
class Column:
    """What a column of a table was found to be.

    Attributes:
        name: name of the column.
        kind: what it holds.
        role: what it is for: an input, the target, or dropped.
        missing: number of rows without a value.
        values: number of different values.
        note: what was guessed, what does not read, why it is dropped.
    """

    name: str
    kind: ColumnKind
    role: Literal["input", "target", "dropped"]
    missing: int
    values: int
    note: str = ""


@dataclass(frozen=True)
class Reading:
    """What was found and guessed when a table was read.

    Attributes:
        source: the file.
        format: text, spreadsheet, JSON, Parquet, …
        rows: number of rows.
        columns: one entry a column.
        encoding: of text files.
        separator: what separates fields, by name: comma, semicolon, tab, pipe, blanks; of text files.
        decimal: the mark before decimals, where numbers were read from text.
        header: whether the names stand in the file.
        notes: sentences on what was passed over, left out or made up.
    """

    source: str
    format: str
    rows: int
    columns: tuple[Column, ...]
    encoding: str | None = None
    separator: str | None = None
    decimal: str | None = None
    header: bool = True
    notes: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values for JSON."""
        return asdict(self) | {"columns": [asdict(column) for column in self.columns], "notes": list(self.notes)}


def read_table(source: Source, **options: Unpack[ReadingOptions]) -> pl.DataFrame:
    """Return a table as people have them: what a file does not say is found, and said as a warning.

    Text with any separator and encoding (`.csv`, `.tsv`, `.txt`, `.data`, `.dat`), spreadsheets (`.xlsx`, `.xls`,
    `.ods`), JSON (also one object a line), Parquet, Feather, SQLite; packed as `.gz`, `.bz2`, `.xz` or `.zip`; `-`
    for standard input; `file::part` for a sheet, a table or a member; several files, or a
    folder of files, of the same columns. `columns_of` describes the same reading.

    Args:
        source: the file, or several.
        **options: what overrides the findings; see `ReadingOptions`.

    Raises:
        ValueError: there is no such file, it cannot be read, an option is unknown, or there is no row of data.

    Warns:
        UserWarning: one for each thing that was guessed, passed over or left out.
    """
    columns, reading = open_table(source, Options.of(options))
    for note in all_notes(reading):
        warnings.warn(f"{reading.source}: {note}", UserWarning, stacklevel=2)
    return pl.DataFrame([column.values for column in columns.values()])


def columns_of(source: Source, target: str | Sequence[str] | None = None, **options: Unpack[ReadingOptions]) -> Reading:
    """Return the description of a table: how it was read, and what each column holds and is for.

    Args:
        source: as for `read_table`.
        target: the column to predict, or several.
        **options: see `ReadingOptions`.

    Raises:
        ValueError: as for `read_table`, or there is no column `target`.
    """
    names = [target] if isinstance(target, str) else list(target or ())
    columns, reading = open_table(source, Options.of(options), names)
    if not names:
        return reading
    kind, note = _learned_as(pl.DataFrame([columns[name].values for name in names]))
    described = tuple(_as_target(one, kind, note) if one.role == "target" else one for one in reading.columns)
    return replace(reading, columns=described)


def _learned_as(targets: pl.DataFrame) -> tuple[Kind | None, str]:
    """Return what targets are learned as, and the sentence that says so, or why they cannot be."""
    try:
        kind = infer_kind(targets.filter(~pl.Series(missing_targets(targets))))
    except ValueError as error:
        return None, str(error).rstrip(".")
    return kind, f"learned as {kind}; kind= overrides it"


def _as_target(column: Column, kind: Kind | None, note: str) -> Column:
    """Return a target's description: numbers that are learned as classes are categories."""
    classes = kind == "classification" and column.kind in ("number", "count")
    notes = [column.note, note] if column.note else [note]
    return replace(column, kind="category" if classes else column.kind, note="; ".join(notes))


def open_table(source: Source, options: Options, targets: Sequence[str] = ()) -> tuple[dict[str, Typed], Reading]:
    """Return the columns of a table and its reading.

    Raises:
        ValueError: as for `read_table`, or a column that an option or `targets` names is absent.
    """
    found = find_table(source, options)
    require_columns("column (kinds, drop)", [*options.kinds, *options.drop], found.frame.columns, found.name)
    require_columns("target column", targets, found.frame.columns, found.name)
    frame = checked(found.frame.drop(options.drop), found.name)
    columns = typed_frame(frame, options, found.separator)[1]
    marks = {column.decimal for column in columns.values() if column.decimal}
    text = found.encoding is not None or found.format == "spreadsheet"
    separator = None if found.separator in (None, ONE_COLUMN) else NAMES.get(found.separator, found.separator)
    reading = Reading(
        found.name,
        found.format,
        frame.height,
        tuple(describe(name, column, options, targets) for name, column in columns.items()),
        found.encoding,
        separator,
        ("," if "," in marks else ".") if text and marks else None,
        found.header,
        found.notes,
    )
    return columns, reading


def all_notes(reading: Reading) -> tuple[str, ...]:
    """Return what is to be said of a reading and its columns, one sentence each."""
    columns = [
        f"column {column.name!r}: {column.note}"
        for column in reading.columns
        if column.note and column.role != "dropped"
    ]
    return (*reading.notes, *columns)


def describe(name: str, column: Typed, options: Options, targets: Sequence[str] = ()) -> Column:
    """Return what a column was found to be."""
    values = column.values
    present = values.fill_nan(None).drop_nulls() if values.dtype.is_float() else values.drop_nulls()
    kind: ColumnKind = options.kinds.get(name) or column_kind(values)  # type: ignore[assignment]
    dropped = name not in targets and kind in ("identifier", "empty", "constant")
    notes = [*column.notes, *([dropped_because(kind, values)] if dropped else [])]
    role: Literal["input", "target", "dropped"] = "target" if name in targets else "dropped" if dropped else "input"
    return Column(name, kind, role, len(values) - len(present), present.n_unique(), "; ".join(notes))
