"""Words that stand for a missing value."""

from collections.abc import Sequence

import polars as pl

MISSING = (
    *(
        "",
        "NA",
        "N/A",
        "N.A.",
        "n/a",
        "n.a.",
        "na",
        "#N/A",
        "#N/A N/A",
        "#NA",
        "NaN",
        "nan",
        "NAN",
        "-nan",
        "-NaN",
        "NaT",
    ),
    *(
        "NULL",
        "Null",
        "null",
        "(null)",
        "None",
        "none",
        "NONE",
        "<NA>",
        "\\N",
        "-",
        "--",
        "---",
        "—",
        ".",
        "...",
        "…",
        "?",
    ),
    *("***", "///", "欠測", "欠損"),
    *("#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#NULL!"),
)
"""What counts as a missing value in text, after blanks around it are stripped."""


def stripped(values: pl.Series, missing: Sequence[str] = MISSING) -> pl.Series:
    """Return text without blanks around it (full-width ones and non-breaking ones too), null where it is missing."""
    text = values.str.strip_chars()
    return text.set(text.is_in(list(missing)).fill_null(False), None)


def missing_words(more: Sequence[str] = (), present: Sequence[str] = ()) -> tuple[str, ...]:
    """Return `MISSING` with `more` words and without those that are values here (`present`)."""
    return tuple(word for word in (*MISSING, *more) if word not in present)
