"""DataFrames as estimators meet them."""

from typing import Any

import polars as pl

from shinso.data import frame_of, is_frame


def is_table(X: Any) -> bool:
    """Whether `X` is a DataFrame of more than complete numbers: of text, categories, dates or missing values."""
    if not is_frame(X):
        return False
    frame = frame_of(X)
    return any(
        not (values.dtype.is_numeric() or values.dtype == pl.Boolean)
        or values.null_count() > 0
        or (values.dtype.is_float() and values.is_nan().any())
        for values in frame.iter_columns()
    )
