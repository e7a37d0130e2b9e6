"""Columns of text → numbers, booleans, dates, or text."""

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from shinso._fork import reading
from shinso.data._dates import read_dates
from shinso.data._missing import missing_words, stripped
from shinso.data._numerals import READABLE, best_numbers, decimal_evidence, is_code
from shinso.data._options import Options
from shinso.data._separator import ONE_COLUMN

_BOOLEANS = {"true": True, "false": False}
_TOLD_BOOLEANS = {
    **_BOOLEANS,
    "yes": True,
    "no": False,
    "y": True,
    "n": False,
    "1": True,
    "0": False,
    "t": True,
    "f": False,
}


class Typed(NamedTuple):
    """A column in the type its values have.

    Attributes:
        values: the column.
        notes: what was guessed or does not read, without the column's name.
        decimal: the mark before decimals, for numbers read from text.
        month_first: whether the month stands before the day, for dates read from text.
        words: text among numbers that counts as missing.
    """

    values: pl.Series
    notes: tuple[str, ...] = ()
    decimal: str | None = None
    month_first: bool | None = None
    words: tuple[str, ...] = ()


def typed_frame(
    frame: pl.DataFrame, options: Options, separator: str | None = None
) -> tuple[pl.DataFrame, dict[str, Typed]]:
    """Give every column of a frame the type of its values; one decimal mark stands for columns that do not tell theirs."""
    reading()
    default = options.decimal or _default_decimal(frame, options, separator)
    columns = {values.name: typed(values, options, default) for values in frame.iter_columns()}
    return pl.DataFrame([column.values for column in columns.values()]), columns


def typed(values: pl.Series, options: Options, default: str = ".") -> Typed:
    """Return a column in the type of its values.

    Text whose values are true and false → booleans; of which at least 95 % read as numbers (or dates) under one rule
    → numbers (or dates), the others missing and named; but text of digits that would lose something (`01`, more than
    15 digits) stays text. A told kind overrides the rules.

    Args:
        values: the column.
        options: words for missing values, the decimal mark, and told kinds.
        default: the decimal mark for numbers that read under both.
    """
    told = options.kinds.get(values.name)
    if values.dtype == pl.Duration:
        return Typed(seconds(values), ("durations in seconds",))
    if values.dtype != pl.String:
        if told in ("category", "text", "identifier") and not isinstance(values.dtype, pl.Categorical | pl.Enum):
            return Typed(as_words(values))
        if not (told in ("number", "date") and isinstance(values.dtype, pl.Categorical | pl.Enum)) and not (
            told == "date" and values.dtype.is_integer()
        ):
            return Typed(values)
        values = values.cast(pl.String)
    text = stripped(values, missing_words(options.missing, options.present))
    if told is not None:
        return _told(text, told, options, default)
    return _found(text, options, default)


def seconds(durations: pl.Series) -> pl.Series:
    """Return durations as numbers of seconds."""
    return durations.dt.total_microseconds() / 1e6


def as_words(values: pl.Series) -> pl.Series:
    """Return any column as text, whole floats without decimals: 1.0 becomes `1`."""
    if values.dtype.is_float():
        values = values.fill_nan(None)
        present = values.drop_nulls().to_numpy()
        if np.isfinite(present).all() and (present == np.round(present)).all() and (abs(present) < 2**53).all():
            values = values.cast(pl.Int64)
    return values.cast(pl.String)


def _told(text: pl.Series, kind: str, options: Options, default: str) -> Typed:
    if kind == "number":
        return _numbers(text, options, default)[0]
    if kind == "date":
        dates = read_dates(text, options.month_first)
        values = pl.Series(text.name, [None] * len(text), dtype=pl.Date) if dates is None else dates.values
        month_first = None if dates is None else dates.month_first
        return Typed(values, _unread(text, values, "dates"), month_first=month_first)
    if kind == "boolean":
        values = text.str.to_lowercase().replace_strict(_TOLD_BOOLEANS, default=None, return_dtype=pl.Boolean)
        return Typed(values, _unread(text, values, "true or false"))
    return Typed(text)


def _found(text: pl.Series, options: Options, default: str) -> Typed:
    present = len(text) - text.null_count()
    if present == 0:
        return Typed(text)
    code = is_code(text)
    if not code and (whole := text.cast(pl.Int64, strict=False)).null_count() == text.null_count():
        return _compact_dates(text) or Typed(whole, decimal=options.decimal or default)
    if text.str.to_lowercase().is_in(list(_BOOLEANS)).all():
        return Typed(text.str.to_lowercase().replace_strict(_BOOLEANS, default=None, return_dtype=pl.Boolean))
    if code:
        dates = read_dates(text, options.month_first)
        if dates is None or dates.values.null_count() > text.null_count():
            return Typed(text)
    numbers, read = _numbers(text, options, default)
    if read >= READABLE * present:
        return numbers
    dates = read_dates(text, options.month_first)
    if dates is not None and len(text) - dates.values.null_count() >= READABLE * present:
        notes = (*((dates.note,) if dates.note else ()), *_unread(text, dates.values, "dates"))
        return Typed(dates.values, notes, month_first=dates.month_first)
    if 2 * read >= present and _a_few_words(numbers):
        return numbers
    if 2 * read >= present:
        strange = text.filter(text.is_not_null() & numbers.values.is_null()).value_counts(sort=True).row(0)
        word = f"{strange[0]!r} {strange[1]} times" if strange[1] > 1 else f"such as {strange[0]!r}"
        return Typed(text, (f"{100 * read / present:.0f} % of its values are numbers, the others not ({word})",))
    return Typed(text)


def _compact_dates(text: pl.Series) -> Typed | None:
    """Return whole numbers such as 20240131 as dates, if all are dates of 1900 to 2100 and more than their days differ."""
    present = text.drop_nulls()
    if len(present) < 3 or not present.str.contains(r"^(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])$").all():
        return None
    dates = text.str.to_date("%Y%m%d", strict=False)
    if dates.null_count() > text.null_count() or dates.dt.day().n_unique() < 2:
        return None
    return Typed(dates, ("read as dates, year month day; kinds={" + repr(text.name) + ": 'number'} overrides it",))


def _numbers(text: pl.Series, options: Options, default: str) -> tuple[Typed, int]:
    found = best_numbers(text, options.decimal, default)
    values = found.values
    notes = (*((found.note,) if found.note else ()), *_unread(text, values, "numbers"))
    read = len(values) - values.null_count()
    whole = text.str.contains(r"^[+-]?\d{1,15}$") | values.is_null()
    words = tuple(text.filter(text.is_not_null() & values.is_null()).unique(maintain_order=True))
    values = values.cast(pl.Int64) if read and whole.all() else values
    return Typed(values, notes, found.decimal, words=words), read


def _a_few_words(numbers: Typed) -> bool:
    """Whether what does not read as a number is a few words that stand for none, such as `Varies with device`.

    They are one, or five at most without a digit, among more than twenty different numbers: fewer may be codes.
    """
    few = len(numbers.words) == 1 or (len(numbers.words) <= 5 and not re.search(r"\d", "".join(numbers.words)))
    return few and numbers.values.n_unique() > 20


def _unread(text: pl.Series, values: pl.Series, what: str) -> tuple[str, ...]:
    strange = (text.is_not_null() & values.is_null()).arg_true()
    if len(strange) == 0:
        return ()
    shown = ", ".join(f"{text[int(row)]!r} in data row {int(row) + 1}" for row in strange.head(3))
    more = ", …" if len(strange) > 3 else ""
    return (f"{len(strange)} of {len(text)} values do not read as {what} and count as missing: {shown}{more}",)


def _default_decimal(frame: pl.DataFrame, options: Options, separator: str | None) -> str:
    """Return the decimal mark that columns of text speak for; undecided, a comma where `;` separates and no point is."""
    texts = [values for values in frame.head(2000).iter_columns() if values.dtype == pl.String]
    telling = [values for values in texts if values.str.contains(",", literal=True).any()]
    if not telling:
        return "."
    words = missing_words(options.missing, options.present)
    evidence = sum(int(np.sign(decimal_evidence(stripped(values, words).drop_nulls()))) for values in texts)
    if evidence == 0 and separator in (";", ONE_COLUMN):
        points = any(values.str.contains(r"^\s*-?\d+\.\d+\s*$").any() for values in texts)
        return "." if points else ","
    return "," if evidence > 0 else "."


def canonical(words: Sequence[str]) -> list[str]:
    """Return words as they are compared: without regard to case, blanks, width, and how a whole number is written.

    `1`, `1.0` and `１` are one, and so are ` Red` and `red`; `01` is another than `1`.
    """
    result = []
    for word in words:
        folded = " ".join(unicodedata.normalize("NFKC", word).casefold().split())
        whole, mark, rest = folded.partition(".")
        result.append(whole if mark and rest.strip("0") == "" and whole.lstrip("+-").isdecimal() else folded)
    return result
