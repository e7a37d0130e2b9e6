"""Columns of a table ↔ the vector a network reads."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl
from jaxtyping import Float32, Integer

from shinso.data._arrays import check_finite
from shinso.data._category_column import CategoryColumn
from shinso.data._columns import column_kind, dropped_because
from shinso.data._constant_column import ConstantColumn
from shinso.data._date_column import DateColumn
from shinso.data._frames import frame_of, require_columns, with_known_names
from shinso.data._missing import missing_words, stripped
from shinso.data._number_column import NumberColumn
from shinso.data._options import Options
from shinso.data._sources import TABLE_SUFFIXES, Found, find_table
from shinso.data._text_column import TextColumn
from shinso.data._typed import Typed, canonical, typed_frame

InputColumn = NumberColumn | CategoryColumn | DateColumn | TextColumn | ConstantColumn

_COLUMN_TYPES: dict[str, type[InputColumn]] = {
    cls.type: cls for cls in (NumberColumn, CategoryColumn, DateColumn, TextColumn, ConstantColumn)
}


@dataclass(frozen=True)
class TableInputs:
    """Turns the columns of a table into vectors, by rules fitted on training rows.

    Numbers are standardized and their missing values replaced by the training median, with a 0/1 feature beside them
    that says so if any training value was missing; booleans are 0 and 1, treated the same but not standardized;
    categories are one-hot; dates become trend, year and angles; free text becomes hashed words.

    Attributes:
        columns: the columns, in the order of their features; those that told nothing in training make none.
        reading: how files of this kind are to be read, as options of `read_table`.
        order: the names of all columns of the file, those of the targets too, as they stood in training.
        targets: which of them were targets.
        identifier: which of them names a row, if that was said.
    """

    type: ClassVar[str] = "table"
    columns: tuple[InputColumn, ...]
    reading: Mapping[str, Any] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    identifier: str | None = None

    @classmethod
    def fit(
        cls,
        frame: pl.DataFrame,
        training: Integer[np.ndarray, " A"],
        *,
        standardize: bool,
        options: Options | None = None,
    ) -> tuple["TableInputs", tuple[str, ...]]:
        """Choose and fit the columns of a frame; see `fit_typed`."""
        options = options or Options()
        return cls.fit_typed(typed_frame(frame, options)[1], training, standardize=standardize, options=options)

    @classmethod
    def fit_typed(
        cls,
        columns: Mapping[str, Typed],
        training: Integer[np.ndarray, " A"],
        *,
        standardize: bool,
        options: Options,
    ) -> tuple["TableInputs", tuple[str, ...]]:
        """Choose and fit the columns.

        What a column holds (`column_kind`) is read from all rows; medians, means, standard deviations and
        categories from the training rows only. Identifiers, columns without any value and constant columns are
        dropped, with a note; a column of numbers that tells rows apart is used where there is no other.

        Args:
            columns: the columns without the targets, in their types.
            training: indices of the training rows.
            standardize: whether columns of numbers are standardized.
            options: told kinds, and how files are read.

        Returns:
            The fitted encoder, and notes on what was dropped.

        Raises:
            ValueError: a number is infinite, or no column is left.
        """
        kinds = {name: str(options.kinds.get(name) or column_kind(one.values)) for name, one in columns.items()}
        if all(kind in ("identifier", "constant", "empty") for kind in kinds.values()):
            kinds = {name: _reprieved(kind, columns[name].values) for name, kind in kinds.items()}
        fitted = []
        notes = []
        for name, column in columns.items():
            if kinds[name] in ("identifier", "constant", "empty"):
                notes.append(f"column {name!r} is not used: {dropped_because(kinds[name], column.values)}")
            if kinds[name] != "identifier":
                fitted.append(_fit(column, kinds[name], np.asarray(training), standardize))
            if kinds[name] == "text":
                notes.append(
                    f"column {name!r}: free text, read as 128 hashed words and pairs of words; their order is lost"
                )
        if not any(column.features for column in fitted):
            reasons = "; ".join(notes) or "there is none beside the target"
            raise ValueError(f"the table must have at least one usable column of inputs ({reasons}).")
        return cls(tuple(fitted), options.for_new_files()), tuple(notes)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Name of each feature: the column, `column=category`, or `column is missing`."""
        return tuple(feature for column in self.columns for feature in column.features)

    @property
    def feature_columns(self) -> tuple[str, ...]:
        """Name of the column that each feature is made of."""
        return tuple(column.name for column in self.columns for _ in column.features)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one example, `(D,)`."""
        return (len(self.feature_names),)

    def encode(self, raw: Any) -> tuple[Float32[np.ndarray, "N D"], tuple[str, ...]]:
        """Return the vectors of a table, and notes on missing values, unknown categories and values far outside.

        Args:
            raw: a DataFrame of any library with at least the fitted columns; others are ignored.

        Raises:
            TypeError: `raw` is not a DataFrame.
            ValueError: a column is absent, or holds text or infinity where numbers belong.
        """
        frame, renamed = with_known_names(frame_of(raw), [one.name for one in self.columns])
        require_columns("column", [one.name for one in self.columns if one.features], frame.columns, "the table")
        words = missing_words(self.reading.get("missing", ()), self.reading.get("present", ()))
        parts, told = [], list(renamed)
        for column in self.columns:
            if column.name in frame.columns:
                values = frame[column.name]
                part, notes = column.encode(stripped(values, words) if values.dtype == pl.String else values)
                parts.append(part)
                told += notes
        features = np.concatenate(parts, axis=1)
        with np.errstate(over="ignore"):
            vectors = features.astype(np.float32)
        check_finite("features", vectors, features)
        return vectors, tuple(told)

    def read(self, path: str | Path, *, resize: bool = False) -> pl.DataFrame:
        """Read a table for `encode`, text as it stands; `resize` concerns images only.

        A file without names, of as many columns as that of training had (with or without the targets), has them in the
        same order.

        Raises:
            ValueError: the file cannot be read, or is of another type.

        Warns:
            UserWarning: one for each thing that was guessed, passed over or left out.
        """
        file = Path(str(path).partition("::")[0])
        if str(path) != "-" and not file.is_dir() and file.suffix.lower() not in TABLE_SUFFIXES:
            raise ValueError(f"{path} must be a table ({', '.join(TABLE_SUFFIXES)}), as the model reads columns.")
        found = find_table(path, Options.of(self.reading))
        known = set(canonical([one.name for one in self.columns if one.features]))
        if found.encoding is not None and self.order and not known & set(canonical(found.frame.columns)):
            found = self._by_place(path) or found
        for note in found.notes:
            warnings.warn(f"{found.name}: {note}", UserWarning, stacklevel=4)
        return found.frame

    def _by_place(self, path: str | Path) -> Found | None:
        """Return a file without names, its columns named by their places; None where there are more or fewer of them."""
        if str(path) == "-":
            return None
        found = find_table(path, Options.of({**self.reading, "header": False}))
        inputs = [name for name in self.order if name not in self.targets]
        names = next((names for names in (self.order, inputs) if len(names) == found.frame.width), None)
        if names is None:
            return None
        note = "no row of names: columns are taken in the order of training's"
        frame = found.frame.rename(dict(zip(found.frame.columns, names, strict=True)))
        return replace(
            found, frame=frame, notes=(*(one for one in found.notes if not one.startswith("no row of")), note)
        )

    def to_dict(self) -> dict[str, Any]:
        """Return a description of plain values that JSON keeps exactly."""
        names = {"order": list(self.order), "targets": list(self.targets), "identifier": self.identifier}
        columns = [one.to_dict() for one in self.columns]
        return {"type": self.type, "columns": columns, "reading": dict(self.reading), **names}

    @classmethod
    def from_dict(cls, description: dict[str, Any]) -> "TableInputs":
        """Rebuild what `to_dict` described."""
        Options.of(description["reading"])
        columns = tuple(_COLUMN_TYPES[entry["type"]].from_dict(entry) for entry in description["columns"])
        order, targets = tuple(description["order"]), tuple(description["targets"])
        return cls(columns, description["reading"], order, targets, description["identifier"])


def _fit(column: Typed, kind: str, training: Integer[np.ndarray, " A"], standardize: bool) -> InputColumn:
    values = column.values
    if kind in ("constant", "empty"):
        return ConstantColumn.fit(values)
    if kind == "category":
        return CategoryColumn.fit(values, training)
    if kind == "text":
        return TextColumn(values.name)
    if kind == "date":
        return DateColumn.fit(values, training, standardize=standardize, month_first=column.month_first)
    return NumberColumn.fit(
        values, training, standardize=standardize and kind != "boolean", decimal=column.decimal, words=column.words[:20]
    )


def _reprieved(kind: str, values: pl.Series) -> str:
    """Return the kind of a column when there is no better one: numbers that tell rows apart are numbers."""
    return "number" if kind == "identifier" and values.dtype.is_numeric() else kind
