"""What a column of a table holds, and its values as numbers or as text."""

from typing import Literal

import numpy as np
import polars as pl
from jaxtyping import Float64

from shinso.data._frames import MISSING

ColumnType = Literal["number", "boolean", "category", "text", "date", "row number", "empty"]

MOST_CATEGORIES = 50
"""A text column with more distinct values than this is not turned into categories."""

_FEW = 10  # so few distinct values are categories even if they hardly repeat
_DATE = r"^(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})([T ]\d{1,2}:\d{2}.*)?$"
_ROW_NUMBER_NAMES = {"", "id", "index", "row", "unnamed: 0", "row_id", "row_number"}


def column_type(values: pl.Series) -> ColumnType:
    """Say what a column holds, by these rules in this order.

    1. `empty`: every value is missing.
    2. By its type in the file or DataFrame: numbers, booleans, dates and times, and categories (at most 50; more are
       `text`).
    3. Text, of which: all `true` / `false` (in any case) → `boolean`; all dates → `date`; at least half numbers →
       `number` (one that is not a number is then an error), unless it has at most 20 distinct values and every text
       among them occurs at least five times (such as `3+` beside `0`, `1`, `2`), which makes it a `category`.
    4. Other text: `category` with at most 10 distinct values, or at most 50 that occur twice on average; otherwise
       `text` (names, identifiers, sentences).
    5. A column of whole numbers, all different, whose name is empty, `id`, `index`, `row`, … → `row number`.
    """
    if values.dtype.is_numeric():
        if np.isnan(_cast(values)).all():
            return "empty"
        return "row number" if _counts_rows(values) else "number"
    if values.null_count() == len(values):
        return "empty"
    if values.dtype.is_temporal():
        return "date"
    if isinstance(values.dtype, pl.Categorical | pl.Enum):
        return "category" if values.n_unique() <= MOST_CATEGORIES else "text"
    return "boolean" if values.dtype == pl.Boolean else _text_type(as_strings(values).drop_nulls())


def as_numbers(values: pl.Series) -> Float64[np.ndarray, " N"]:
    """Return a column as float64, NaN where it is missing; booleans and `true` / `false` become 1 and 0.

    Raises:
        ValueError: a value is infinite or beyond the range of 32-bit floats, or is text that is no number; the error
            names the column, the row (data rows count from 1) and the value.
    """
    numbers = _cast(values)
    with np.errstate(over="ignore"):
        bad = ~np.isfinite(numbers.astype(np.float32)) & ~np.isnan(numbers)
    if bad.any():
        place = int(np.argmax(bad))
        raise ValueError(
            f"column {values.name!r} must hold finite numbers within the range of 32-bit floats; "
            f"got {values[place]} in data row {place + 1}."
        )
    return numbers


def as_strings(values: pl.Series) -> pl.Series:
    """Return a column as text without spaces around it, null where it is missing."""
    if values.dtype.is_float():
        values = values.fill_nan(None)
    text = values.cast(pl.String).str.strip_chars()
    return text.set(text.is_in(MISSING).fill_null(False), None)


def is_whole(values: pl.Series) -> bool:
    """Whether a column of numbers is written without decimals: integers, or text such as `3` (but not `3.0`)."""
    if values.dtype == pl.String:
        present = as_strings(values).drop_nulls()
        return present.cast(pl.Int64, strict=False).null_count() == 0
    return values.dtype.is_integer()


def _cast(values: pl.Series) -> Float64[np.ndarray, " N"]:
    if values.dtype.is_numeric() or values.dtype == pl.Boolean:
        return values.cast(pl.Float64).to_numpy()  # null becomes NaN
    if values.dtype.is_temporal():
        raise ValueError(f"column {values.name!r} must hold numbers; it holds dates or times.")
    text = as_strings(values)
    numbers = _parse(text)
    strange = (text.is_not_null() & numbers.is_null()).arg_true()
    if len(strange):
        place = int(strange[0])
        others = f" (and in {len(strange) - 1} other rows)" if len(strange) > 1 else ""
        raise ValueError(
            f"column {values.name!r} must hold numbers; got {text[place]!r} in data row {place + 1}{others}."
        )
    return numbers.to_numpy()


def _parse(text: pl.Series) -> pl.Series:
    lower = text.str.to_lowercase()
    if lower.drop_nulls().is_in(["true", "false"]).all():
        return (lower == "true").cast(pl.Float64)
    return text.cast(pl.Float64, strict=False)


def _text_type(present: pl.Series) -> ColumnType:
    if len(present) == 0:
        return "empty"
    if present.str.to_lowercase().is_in(["true", "false"]).all():
        return "boolean"
    if present.str.contains(_DATE).all():
        return "date"
    distinct = present.n_unique()
    numeric = present.cast(pl.Float64, strict=False).is_not_null()
    if 2 * int(numeric.sum()) >= len(present):
        words = present.filter(~numeric)
        if len(words) == 0 or distinct > 20 or int(words.value_counts()["count"].min()) < 5:  # type: ignore[arg-type]
            return "number"
    few = distinct <= _FEW or (distinct <= MOST_CATEGORIES and 2 * distinct <= len(present))
    return "category" if few else "text"


def _counts_rows(values: pl.Series) -> bool:
    return (
        values.dtype.is_integer()
        and values.name.strip().lower() in _ROW_NUMBER_NAMES
        and len(values) > 1
        and values.n_unique() == len(values)
    )
