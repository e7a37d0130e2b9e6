"""What kind targets are, and which rows lack one."""

from typing import cast

import numpy as np
import polars as pl
from jaxtyping import Bool, Float64

from shinso._checks import one_of
from shinso.data._columns import as_numbers, as_strings, is_whole
from shinso.data._dataset import KINDS, Kind
from shinso.data._numerals import is_code, read_numbers
from shinso.data._options import Options
from shinso.data._typed import typed_frame

_MOST_CLASSES, _MOST_CODES = 20, 1000


def infer_kind(columns: pl.DataFrame) -> Kind:
    """Return what targets are, by this rule.

    One column of text or booleans → classification. One column of whole numbers (3 or 3.0) → classification where at
    most 20 different ones each occur twice on average, and none once only (unless there are two); or where they count
    0, 1, 2, … (or from 1) without gap and each occurs five times and more: codes of classes. Several columns of which
    each row has one 1 among zeros → classification (one-hot); several columns that are all 0 or 1 → multilabel. All
    other numbers → regression. Counts are never inferred.

    Raises:
        ValueError: a column holds dates, or several columns hold text, or numbers and text are mixed.

    Source: scikit-learn's `type_of_target`, for whole floats.
    """
    columns = typed_frame(columns, Options())[0]
    for values in columns.iter_columns():
        if values.dtype.is_temporal():
            raise ValueError(
                f"target column {values.name!r} must hold numbers, booleans or labels; it holds dates or times."
            )
    if columns.width > 1:
        numbers = np.stack([as_numbers(values) for values in columns.iter_columns()])
        if not np.isin(numbers, (0, 1)).all():
            return "regression"
        return "classification" if is_one_hot(numbers) else "multilabel"
    values = columns.to_series(0)
    if not values.dtype.is_numeric():
        _refuse_mixture(values)
        return "classification"
    if not is_whole(values):
        as_numbers(values)  # names the row of an infinite value
        return "regression"
    distinct, counts = np.unique(as_numbers(values), return_counts=True)
    few = (
        len(distinct) <= _MOST_CLASSES and 2 * len(distinct) <= len(values) and (counts.min() > 1 or len(distinct) == 2)
    )
    first, last = int(distinct[0]), int(distinct[-1])
    codes = first in (0, 1) and last - first + 1 == len(distinct) <= _MOST_CODES and counts.min() >= 5
    return "classification" if few or codes else "regression"


def is_one_hot(numbers: Float64[np.ndarray, "K N"]) -> bool:
    """Whether of K columns of 0 and 1 every row has a single 1, and every column some; fewer than 10 rows prove nothing."""
    return numbers.shape[1] >= 10 and bool((numbers.sum(axis=0) == 1).all() and (numbers.sum(axis=1) > 0).all())


def _refuse_mixture(values: pl.Series) -> None:
    """Raise where numbers are mixed with a few texts, which are no labels as they do not come again."""
    if values.dtype != pl.String or is_code(values):
        return
    present = as_strings(values).drop_nulls()
    numbers = read_numbers(present, ".").values.is_not_null()
    words = present.filter(~numbers)
    if len(words) == 0 or 2 * int(numbers.sum()) < len(present):
        return
    if present.n_unique() > _MOST_CLASSES or int(words.value_counts()["count"].min()) < 5:  # type: ignore[arg-type]
        as_numbers(values)


def kind_of(columns: pl.DataFrame, kind: str | None) -> Kind:
    """Check that no target is missing, then return `kind`, or the inferred one where it is `None`.

    Raises:
        ValueError: `kind` is unknown or is classification of several columns, or a target is missing.
    """
    if kind is not None:
        one_of("kind", kind, KINDS)
    for values in columns.iter_columns():
        refuse_missing(values)
    if kind == "classification" and columns.width > 1:
        one_hot_rows(columns)
    return infer_kind(columns) if kind is None else cast("Kind", kind)


def missing_targets(columns: pl.DataFrame) -> Bool[np.ndarray, " N"]:
    """Return which rows lack a target, or one of several."""
    missing = np.zeros(columns.height, dtype=bool)
    for values in columns.iter_columns():
        missing |= _missing(values)
    return missing


def _missing(values: pl.Series) -> Bool[np.ndarray, " N"]:
    if values.dtype.is_float():
        values = values.fill_nan(None)
    return (as_strings(values) if values.dtype == pl.String else values).is_null().to_numpy()


def refuse_missing(values: pl.Series) -> None:
    """Raise where a target is missing; the error names the first row.

    Raises:
        ValueError: a target is missing.
    """
    missing = _missing(values)
    if missing.any():
        count, place = int(missing.sum()), int(np.argmax(missing))
        others = f" (and in {count - 1} other rows)" if count > 1 else ""
        raise ValueError(
            f"target column {values.name!r} must have a value in every row; it is missing or NaN in data row "
            f"{place + 1}{others}."
        )


def one_hot_rows(columns: pl.DataFrame) -> Float64[np.ndarray, "N K"]:
    """Return one-hot columns as an array.

    Raises:
        ValueError: a row has not a single 1 among zeros.
    """
    numbers = np.stack([as_numbers(values) for values in columns.iter_columns()], axis=1)
    wrong = (~np.isin(numbers, (0, 1))).any(axis=1) | (numbers.sum(axis=1) != 1)
    if wrong.any():
        raise ValueError(
            f"classification needs a single target column, or one column a class with a single 1 in every row; "
            f"got {', '.join(columns.columns)}, which have not in data row {int(np.argmax(wrong)) + 1} "
            "(kind='multilabel' takes several)."
        )
    return numbers
