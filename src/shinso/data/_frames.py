"""DataFrames of any library as Polars frames."""

import difflib
import warnings
from collections.abc import Sequence
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl
from jaxtyping import Shaped

from shinso._fork import reading
from shinso.data._header import unique_names
from shinso.data._typed import canonical


def frame_of(table: Any) -> pl.DataFrame:
    """Return a DataFrame of any library (pandas, Polars, PyArrow, anything Narwhals or Arrow knows) as a Polars frame.

    Raises:
        TypeError: `table` is not a DataFrame.
        ValueError: there is no row, or a column holds lists, bytes or objects.

    Warns:
        UserWarning: a name stands twice or is empty, and was made up.
    """
    reading()
    if isinstance(table, pl.DataFrame):
        return checked(table, "the table")
    table = _with_names(table)
    try:
        known = nw.from_native(table)
    except TypeError as error:
        if not hasattr(table, "__arrow_c_stream__"):
            raise TypeError(f"a table must be a DataFrame; got {type(table).__name__}.") from error
        return checked(pl.DataFrame(table), "the table")
    eager = known.collect() if isinstance(known, nw.LazyFrame) else known
    return checked(pl.DataFrame([_series(column) for column in eager.iter_columns()]), "the table")


def _with_names(table: Any) -> Any:
    """Return a pandas table whose names are text and different: 5 becomes `5`, `("a", "b")` becomes `a, b`."""
    if not hasattr(table, "set_axis") or not hasattr(table, "columns"):
        return table
    plain = [", ".join(map(str, name)) if isinstance(name, tuple) else str(name) for name in table.columns]
    names, changes = unique_names(plain)
    for change in changes:
        warnings.warn(f"the table: {change}", UserWarning, stacklevel=4)
    return table if names == list(table.columns) else table.set_axis(names, axis=1)


def is_frame(value: Any) -> bool:
    """Return whether `value` is a table of named columns rather than an array."""
    arrow = hasattr(value, "__arrow_c_stream__") and not hasattr(value, "__array__")  # a series has both
    return hasattr(value, "columns") or hasattr(value, "collect_schema") or arrow


def with_known_names(frame: pl.DataFrame, known: Sequence[str]) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return a frame whose columns have the known names they differ from in case, blanks or width only, and which do."""
    others = [name for name in frame.columns if name not in known]
    free = {canonical([name])[0]: name for name in known if name not in frame.columns}
    renamed = {name: free.pop(word) for name, word in zip(others, canonical(others), strict=True) if word in free}
    notes = tuple(f"column {name!r} is taken for {wanted!r}" for name, wanted in renamed.items())
    return frame.rename(renamed), notes


def require_columns(what: str, wanted: Sequence[str], present: Sequence[str], source: str) -> None:
    """Raise unless every wanted column is present; the error suggests the nearest name.

    Raises:
        ValueError: a column is absent.
    """
    absent = [name for name in wanted if name not in present]
    if not absent:
        return
    folded = {name.casefold(): name for name in present if name not in wanted}
    near = difflib.get_close_matches(absent[0].casefold(), folded, n=1, cutoff=0.55)
    shown = ", ".join(repr(name) for name in present[:12]) + (", …" if len(present) > 12 else "")
    numbers = all(_is_number(name) for name in present)
    raise ValueError(
        f"{source} has no {what} {', '.join(repr(name) for name in absent)}; its columns are {shown}"
        + ("; the first line must hold the names" if numbers else "")
        + (f"; did you mean {folded[near[0]]!r}?" if near else ".")
    )


def checked(frame: pl.DataFrame, source: str, rows: int | None = None) -> pl.DataFrame:
    """Return a frame that has rows, as many as it holds or is known to be going to, and columns of plain values.

    Raises:
        ValueError: it has no row, or a column holds lists, bytes or objects.
    """
    if (frame.height if rows is None else rows) == 0:
        raise ValueError(f"{source} holds no row of data.")
    for name, dtype in frame.schema.items():
        if dtype.is_nested() or dtype in (pl.Binary, pl.Object):
            raise ValueError(
                f"column {name!r} of {source} holds {dtype}; accepted are numbers, booleans, text and dates."
            )
    return frame


def _series(column: nw.Series[Any]) -> pl.Series:
    """Bring one column over without Arrow: numbers through NumPy, the rest through Python values."""
    name, dtype = str(column.name), column.dtype
    if dtype.is_numeric() and column.null_count() == 0:
        return pl.Series(name, column.to_numpy())
    values = [None if missing else value for value, missing in zip(column, column.is_null(), strict=True)]
    if dtype.is_numeric():
        return pl.Series(name, values, dtype=pl.Int64 if dtype.is_integer() else pl.Float64)
    if dtype == nw.Boolean:
        return pl.Series(name, values, dtype=pl.Boolean)
    if dtype.is_temporal():
        return pl.Series(name, values, strict=False)
    text = pl.Series(name, [None if value is None else str(value) for value in values], dtype=pl.String)
    return text.cast(pl.Categorical) if isinstance(dtype, nw.Categorical | nw.Enum) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def ranks_of(values: pl.Series) -> Shaped[np.ndarray, " N"]:
    """Return the place of each time among all times.

    Raises:
        ValueError: a time is missing, or is text.
    """
    if values.null_count():
        raise ValueError(f"time must be known in every row; {values.name!r} is missing in {values.null_count()} rows.")
    if values.dtype == pl.String:
        raise ValueError(f"time must be dates or numbers; {values.name!r} holds {values[0]!r}.")
    return values.rank("dense").to_numpy()
