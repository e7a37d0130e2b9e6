"""What a column of a table holds, and its values as numbers or as text."""

import re
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Float64

from shinso.data._header import is_nameless
from shinso.data._missing import stripped
from shinso.data._numerals import read_numbers
from shinso.data._options import ColumnKind
from shinso.data._typed import as_words, seconds

FEW = 10
"""So few distinct values of text are categories even if they hardly repeat."""

_IDENTIFIER = re.compile(
    r"(?i:ids?|uu?id|guid|.*[_ .\-]id|id[_ .\-].*|.*番号|no\.?|nr\.?|#|№|key|.*_key|account|acct|serial.*|"
    r"(?:account|case|customer|employee|invoice|loan|member|order|patient|phone|policy|receipt|record|row|sample|student|"
    r"ticket|transaction|user)[ _.\-]*(?:no\.?|nr\.?|num(?:ber)?|#))|.*[a-z]I[dD]"
)
_ORDER = re.compile(r"index|row|order|row_?(?:id|number|num)|rownames|seq|sequence|連番|順番", re.IGNORECASE)
_QUANTITY = re.compile(
    r"x|t|n|.*(?:count|dose|rank|distance|"
    r"year|date|time|month|week|day|hour|minute|second|step|epoch|age|年|月|日|時|週).*",
    re.IGNORECASE,
)
_GROUP = re.compile(
    r".*(?:patient|subject|participant|person|user|customer|client|member|household|session|speaker|患者|被験者|顧客|会員).*",
    re.IGNORECASE,
)


def column_kind(values: pl.Series) -> ColumnKind:
    """Return what a column (as `typed` returns it) holds, by these rules in this order.

    1. No value → `empty`; one value in every row → `constant`.
    2. Booleans, dates and times, and categories of a DataFrame are what they are.
    3. Whole numbers, all different → `identifier`, if the name says so (`id`, `PassengerId`, `番号`), or they ascend
       and the name is
       none or says an order (`index`, `Order`), or they count the rows one by one and the name says no time or
       quantity. Other whole numbers of at least 0 → `count`, other numbers → `number`.
    4. Text: see `_text_kind`.
    """
    present = values.fill_nan(None).drop_nulls() if values.dtype.is_float() else values.drop_nulls()
    if len(present) == 0:
        return "empty"
    distinct = present.n_unique()
    if distinct == 1 and len(present) == len(values) > 1:
        return "constant"
    if values.dtype == pl.Boolean:
        return "boolean"
    if values.dtype.is_temporal():
        return "date"
    if isinstance(values.dtype, pl.Categorical | pl.Enum):
        return "category"
    if values.dtype.is_numeric():
        if not is_whole(present):
            return "number"
        if _is_identifier(present, distinct == len(values)):
            return "identifier"
        return "count" if present.min() >= 0 else "number"  # type: ignore[operator]
    return _text_kind(present, distinct)


def may_be_a_group(values: pl.Series) -> bool:
    """Whether a column names somebody or something that several rows are of, as a patient's number does."""
    distinct = values.drop_nulls().n_unique()
    named = _GROUP.fullmatch(values.name) or _named_identifier(values.name)
    return bool(named) and FEW < distinct < len(values) and not values.dtype.is_float()


def as_numbers(values: pl.Series, decimal: str | None = None) -> Float64[np.ndarray, " N"]:
    """Return a column as float64, NaN where it is missing; booleans and `true` / `false` become 1 and 0.

    Args:
        values: the column.
        decimal: the decimal mark of text; `.` when left out.

    Raises:
        ValueError: a value is infinite or beyond the range of 32-bit floats, or is text that is no number; the error
            names the column, the row (data rows count from 1) and the value.
    """
    numbers = _cast(values, decimal or ".")
    with np.errstate(over="ignore"):
        bad = ~np.isfinite(numbers.astype(np.float32)) & ~np.isnan(numbers)
    if bad.any():
        place = int(np.argmax(bad))
        raise ValueError(
            f"column {values.name!r} must hold finite numbers within the range of 32-bit floats; "
            f"got {values[place]} in data row {place + 1}; missing=['{values[place]}'] counts it as missing."
        )
    return numbers


def as_strings(values: pl.Series) -> pl.Series:
    """Return a column as text without blanks around it, null where it is missing."""
    return stripped(values) if values.dtype == pl.String else as_words(values)


def is_whole(values: pl.Series) -> bool:
    """Whether the values of a column are whole numbers (3, 3.0, or text such as `3`)."""
    if values.dtype.is_integer():
        return True
    numbers = (
        as_strings(values).cast(pl.Float64, strict=False) if values.dtype == pl.String else values.cast(pl.Float64)
    )
    present = numbers.to_numpy()
    if values.dtype == pl.String and numbers.null_count() > as_strings(values).null_count():
        return False
    present = present[~np.isnan(present)]
    return bool(np.isfinite(present).all() and (present == np.round(present)).all() and (np.abs(present) < 2**53).all())


def _cast(values: pl.Series, decimal: str) -> Float64[np.ndarray, " N"]:
    if values.dtype.is_numeric() or values.dtype == pl.Boolean:
        return values.cast(pl.Float64).to_numpy()  # null becomes NaN
    if values.dtype == pl.Duration:
        return seconds(values).to_numpy()
    if values.dtype.is_temporal():
        raise ValueError(f"column {values.name!r} must hold numbers; it holds dates or times.")
    text = as_strings(values)
    lower = text.str.to_lowercase()
    if lower.drop_nulls().is_in(["true", "false"]).all():
        return (lower == "true").cast(pl.Float64).to_numpy()
    numbers = read_numbers(text, decimal).values
    strange = (text.is_not_null() & numbers.is_null()).arg_true()
    if len(strange):
        place = int(strange[0])
        others = f" (and in {len(strange) - 1} other rows)" if len(strange) > 1 else ""
        raise ValueError(
            f"column {values.name!r} must hold numbers; got {text[place]!r} in data row {place + 1}{others}."
        )
    return numbers.to_numpy()


def _text_kind(present: pl.Series, distinct: int) -> ColumnKind:
    """Tell categories from identifiers and free text.

    All different under a name such as `id` → `identifier`. At most 10 different values, or repeated twice on average →
    `category`. Of the others: three words and more on average → `text`; nearly all different → `identifier` (codes,
    names); else `category`, of which the frequent ones tell.
    """
    count = len(present)
    if distinct == count > 1 and _named_identifier(present.name):
        return "identifier"
    if distinct <= FEW or 2 * distinct <= count:
        return "category"
    # Japanese and Chinese have no blanks: four of their characters count as a word.
    blanks, dense = present.str.count_matches(r"\s+"), present.str.count_matches(r"[\p{Han}\p{Hiragana}\p{Katakana}]")
    words = 1 + float((blanks + dense / 4).to_numpy().mean())
    if words >= 3:
        return "text"
    return "identifier" if distinct >= 0.9 * count else "category"


def _is_identifier(present: pl.Series, unique: bool) -> bool:
    if not unique or len(present) < 2:
        return False
    if _named_identifier(present.name):
        return True
    steps = np.diff(present.cast(pl.Int64).to_numpy())
    if is_nameless(present.name) or _ORDER.fullmatch(present.name):
        return bool((steps > 0).all() or (steps < 0).all())
    return len(present) >= FEW and bool((steps == 1).all()) and not _QUANTITY.fullmatch(present.name)


def _named_identifier(name: str) -> bool:
    return bool(_IDENTIFIER.fullmatch(name.strip()))


def dropped_because(kind: str, values: pl.Series) -> str:
    """Say why a column of a kind is no input."""
    reasons: dict[str, Any] = {
        "identifier": f"it tells rows apart ({values.drop_nulls().n_unique()} different values)",
        "empty": "it holds no value",
        "constant": "it is the same in every row",
    }
    return f"{reasons[kind]}; kinds={{{values.name!r}: …}} uses it" if kind == "identifier" else str(reasons[kind])
