"""Columns of a table ↔ the vector a network reads."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl
from jaxtyping import Float32, Float64, Integer

from shinso.data._arrays import check_finite
from shinso.data._columns import as_numbers, as_strings, column_type
from shinso.data._frames import TABLE_SUFFIXES, frame_of, read_table, require_columns
from shinso.data._scaling import scale_of


@dataclass(frozen=True)
class NumberColumn:
    """A column of numbers: `(x − mean) / std`, missing values replaced by the median.

    Attributes:
        name: name of the column.
        median: median of the training values, which stands for missing ones.
        mean: what is subtracted (0 where nothing is standardized).
        std: what divides (1 where nothing is standardized, or the column is constant).
        indicator: whether a second feature says that the value was missing (1) or not (0); it exists when a training
            value was missing.
    """

    name: str
    median: float
    mean: float
    std: float
    indicator: bool

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features made of the column."""
        return (self.name, f"{self.name} is missing") if self.indicator else (self.name,)

    def encode(self, values: pl.Series) -> tuple[Float64[np.ndarray, "N F"], tuple[str, ...]]:
        """Return the features of a column and what should be told about it."""
        numbers = as_numbers(values)
        missing = np.isnan(numbers)
        filled = (np.where(missing, self.median, numbers) - self.mean) / self.std
        columns = [filled, missing.astype(np.float64)] if self.indicator else [filled]
        count = int(missing.sum())
        note = f"column {self.name!r}: {count} of {len(numbers)} values missing, replaced by the training median"
        return np.stack(columns, axis=1), ((f"{note} {self.median:g}",) if count else ())


@dataclass(frozen=True)
class CategoryColumn:
    """A column of categories, one feature each (one-hot); a missing value is a category of its own.

    Attributes:
        name: name of the column.
        categories: the categories of the training rows, sorted; any other becomes all zeros.
        missing: whether "missing" is a category, because a training value was.
    """

    name: str
    categories: tuple[str, ...]
    missing: bool

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features made of the column."""
        names = tuple(f"{self.name}={category}" for category in self.categories)
        return (*names, f"{self.name} is missing") if self.missing else names

    def encode(self, values: pl.Series) -> tuple[Float64[np.ndarray, "N F"], tuple[str, ...]]:
        """Return the features of a column and what should be told about it."""
        text = as_strings(values)
        index = text.replace_strict(
            self.categories, range(len(self.categories)), default=None, return_dtype=pl.Int64
        ).fill_null(-1)
        missing = text.is_null().to_numpy()
        columns = index.to_numpy()[:, None] == np.arange(len(self.categories))
        if self.missing:
            columns = np.concatenate([columns, missing[:, None]], axis=1)
        return columns.astype(np.float64), self._notes(text, index)

    def _notes(self, text: pl.Series, index: pl.Series) -> tuple[str, ...]:
        missing = text.null_count()
        unknown = text.filter((index < 0) & text.is_not_null())
        notes = []
        if missing:
            how = "a category of its own" if self.missing else "encoded as all zeros, as no training value was missing"
            notes.append(f"column {self.name!r}: {missing} of {len(text)} values missing, {how}")
        if len(unknown):
            shown = ", ".join(repr(value) for value in unknown.unique().sort().head(5))
            notes.append(
                f"column {self.name!r}: {len(unknown)} of {len(text)} values of categories unknown in training "
                f"({shown}), encoded as all zeros"
            )
        return tuple(notes)


_COLUMN_TYPES = {"number": NumberColumn, "category": CategoryColumn}


@dataclass(frozen=True)
class TableInputs:
    """Turns the columns of a table into vectors, by rules fitted on training rows.

    Numbers are standardized and their missing values replaced by the training median, with a 0/1 feature beside them
    that says so if any training value was missing; booleans are 0 and 1, treated the same but not standardized;
    categories are one-hot.

    Attributes:
        columns: the columns used, in the order of their features.
    """

    type: ClassVar[str] = "table"
    columns: tuple[NumberColumn | CategoryColumn, ...]

    @classmethod
    def fit(
        cls, frame: pl.DataFrame, training: Integer[np.ndarray, " A"], *, standardize: bool
    ) -> tuple["TableInputs", tuple[str, ...]]:
        """Choose and fit the columns.

        Which type a column has (`column_type`) is read from all rows; medians, means, standard deviations and
        categories from the training rows only. Columns of dates, of free text or identifiers, of row numbers, and
        columns without any value are dropped, with a note.

        Args:
            frame: the table without its targets.
            training: indices of the training rows.
            standardize: whether columns of numbers are standardized.

        Returns:
            The fitted encoder, and notes on what was dropped.

        Raises:
            ValueError: a column of numbers holds text or infinity, or no column is left.
        """
        columns: list[NumberColumn | CategoryColumn] = []
        notes = []
        for values in frame.iter_columns():
            kind = column_type(values)
            if kind in ("number", "boolean"):
                columns.append(_fit_numbers(values, training, standardize=standardize and kind == "number"))
            elif kind == "category":
                columns.append(_fit_categories(values, training))
            else:
                notes.append(f"column {values.name!r} is not used: {_why_dropped(kind, values)}")
        if not columns:
            reasons = "; ".join(notes) or "there is none beside the target"
            raise ValueError(f"the table must have at least one usable column of inputs ({reasons}).")
        return cls(tuple(columns)), tuple(notes)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Name of each feature: the column, `column=category`, or `column is missing`."""
        return tuple(feature for column in self.columns for feature in column.features)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one example, `(D,)`."""
        return (len(self.feature_names),)

    def encode(self, raw: Any) -> tuple[Float32[np.ndarray, "N D"], tuple[str, ...]]:
        """Return the vectors of a table, and notes on missing values and unknown categories.

        Args:
            raw: a DataFrame of any library with at least the fitted columns; others are ignored.

        Raises:
            TypeError: `raw` is not a DataFrame.
            ValueError: a column is absent, or holds text or infinity where numbers belong.
        """
        frame = frame_of(raw)
        require_columns("column", [column.name for column in self.columns], frame.columns, "the table")
        parts, notes = zip(*(column.encode(frame[column.name]) for column in self.columns), strict=True)
        features = np.concatenate(parts, axis=1)
        with np.errstate(over="ignore"):
            vectors = features.astype(np.float32)
        check_finite("features", vectors, features)
        return vectors, tuple(note for some in notes for note in some)

    def read(self, path: str | Path, *, resize: bool = False) -> pl.DataFrame:
        """Read a CSV, TSV or Parquet file for `encode`; `resize` concerns images only.

        Raises:
            ValueError: the file cannot be read, or is of another type.
        """
        path = Path(path)
        if path.suffix.lower() not in TABLE_SUFFIXES:
            raise ValueError(f"{path} must be a table ({', '.join(TABLE_SUFFIXES)}), as the model reads columns.")
        return read_table(path, [column.name for column in self.columns if isinstance(column, CategoryColumn)])

    def to_dict(self) -> dict[str, Any]:
        """Return a description of plain values that JSON keeps exactly."""
        names = {cls: name for name, cls in _COLUMN_TYPES.items()}
        return {"type": self.type, "columns": [{"type": names[type(c)], **asdict(c)} for c in self.columns]}

    @classmethod
    def from_dict(cls, description: dict[str, Any]) -> "TableInputs":
        """Rebuild what `to_dict` described."""
        return cls(tuple(_column(entry) for entry in description["columns"]))


def _column(entry: dict[str, Any]) -> NumberColumn | CategoryColumn:
    fields = {key: value for key, value in entry.items() if key != "type"}
    if entry["type"] == "category":
        return CategoryColumn(**(fields | {"categories": tuple(fields["categories"])}))
    return NumberColumn(**fields)


def _fit_numbers(values: pl.Series, training: Integer[np.ndarray, " A"], *, standardize: bool) -> NumberColumn:
    numbers = as_numbers(values)[training]
    missing = np.isnan(numbers)
    present = numbers[~missing]
    median = float(np.median(present)) if len(present) else 0.0
    mean, std = scale_of(np.where(missing, median, numbers)) if standardize else (0.0, 1.0)
    return NumberColumn(values.name, median, mean, std, bool(missing.any()))


def _fit_categories(values: pl.Series, training: Sequence[int] | Integer[np.ndarray, " A"]) -> CategoryColumn:
    text = as_strings(values)[training]
    return CategoryColumn(values.name, tuple(text.drop_nulls().unique().sort()), text.null_count() > 0)


def _why_dropped(kind: str, values: pl.Series) -> str:
    distinct = values.drop_nulls().n_unique()
    return {
        "date": "it holds dates or times (turn them into numbers first)",
        "text": f"it holds free text or identifiers ({distinct} different values)",
        "row number": "it numbers the rows",
        "empty": "it holds no value",
    }[kind]
