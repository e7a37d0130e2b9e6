"""Tables from files and from DataFrames of any library, as Polars frames."""

import difflib
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl

TABLE_SUFFIXES = (".csv", ".tsv", ".parquet")

MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "?")
"""What counts as a missing value in a text file, after spaces are stripped."""


def read_table(path: str | Path, text_columns: Sequence[str] = ()) -> pl.DataFrame:
    """Read a CSV, TSV or Parquet file whose columns have names.

    CSV files may separate with commas, semicolons or tabs (whichever the first line has most of); the first line holds
    the names. Missing values are empty fields, `NA`, `N/A`, `NaN`, `nan`, `null`, `NULL` and `?`. Lines at the end
    that hold nothing are left out.

    Args:
        path: the file; its suffix says what it is.
        text_columns: columns that are text even if they look like numbers.

    Raises:
        ValueError: there is no such file, it cannot be read as its suffix says, a name stands twice, or there is no
            row of data.
    """
    path = Path(path)
    try:
        frame = pl.read_parquet(path) if path.suffix.lower() == ".parquet" else _read_text(path, text_columns)
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).strip().splitlines()[0].rstrip(".:")
        raise ValueError(f"{path} cannot be read as a {path.suffix[1:].upper()} file: {reason}.") from error
    return _checked(frame, str(path))


def frame_of(table: Any) -> pl.DataFrame:
    """Return a DataFrame of any library (pandas, Polars, PyArrow, anything Narwhals or Arrow knows) as a Polars frame.

    Raises:
        TypeError: `table` is not a DataFrame.
        ValueError: a column name stands twice, or there is no row.
    """
    if isinstance(table, pl.DataFrame):
        return _checked(table, "the table")
    try:
        known = nw.from_native(table)
    except nw.exceptions.DuplicateError as error:
        raise ValueError(_duplicates("the table", [str(name) for name in table.columns])) from error
    except TypeError as error:
        if not hasattr(table, "__arrow_c_stream__"):
            raise TypeError(f"a table must be a DataFrame; got {type(table).__name__}.") from error
        return _checked(pl.DataFrame(table), "the table")
    eager = known.collect() if isinstance(known, nw.LazyFrame) else known
    columns = [_series(column) for column in eager.iter_columns()]
    _refuse_duplicates("the table", [column.name for column in columns])
    return _checked(pl.DataFrame(columns), "the table")


def is_frame(value: Any) -> bool:
    """Whether `value` is a table of named columns rather than an array."""
    arrow = hasattr(value, "__arrow_c_stream__") and not hasattr(value, "__array__")  # a series has both
    return hasattr(value, "columns") or hasattr(value, "collect_schema") or arrow


def require_columns(what: str, wanted: Iterable[str], present: Sequence[str], source: str) -> None:
    """Raise unless every wanted column is present; the error suggests the nearest name.

    Raises:
        ValueError: a column is absent.
    """
    absent = [name for name in wanted if name not in present]
    if not absent:
        return
    folded = {name.casefold(): name for name in present}
    near = difflib.get_close_matches(absent[0].casefold(), folded, n=1, cutoff=0.5)
    shown = ", ".join(repr(name) for name in present[:12]) + (", …" if len(present) > 12 else "")
    numbers = all(_is_number(name) for name in present)
    raise ValueError(
        f"{source} has no {what} {', '.join(repr(name) for name in absent)}; its columns are {shown}"
        + ("; the first line must hold the names" if numbers else "")
        + (f"; did you mean {folded[near[0]]!r}?" if near else ".")
    )


def _read_text(path: Path, text_columns: Sequence[str]) -> pl.DataFrame:
    separator = "\t" if path.suffix.lower() == ".tsv" else _separator(path)
    header = pl.read_csv(path, separator=separator, has_header=False, n_rows=1, infer_schema=False)
    names = [(value or "").strip() for value in header.row(0)]
    _refuse_duplicates(str(path), names)
    frame = pl.read_csv(
        path,
        separator=separator,
        schema_overrides={
            raw: pl.String for raw, name in zip(header.row(0), names, strict=True) if name in text_columns
        },
        null_values=list(MISSING),
        infer_schema_length=None,  # every row: a type inferred from the first hundred fails at the hundred and first
    )
    frame.columns = names
    filled = frame.select(pl.any_horizontal(pl.all().is_not_null()).alias("filled")).to_series().arg_true()
    return frame.head(int(filled[-1]) + 1 if len(filled) else 0)


def _separator(path: Path) -> str:
    with path.open("rb") as file:
        first = file.readline(1 << 20)
    unquoted = b"".join(first.split(b'"')[::2])
    return max((",", ";", "\t"), key=lambda mark: unquoted.count(mark.encode()))


def _checked(frame: pl.DataFrame, source: str) -> pl.DataFrame:
    if frame.height == 0:
        raise ValueError(f"{source} holds no row of data.")
    for name, dtype in frame.schema.items():
        if dtype.is_nested() or dtype in (pl.Binary, pl.Object):
            raise ValueError(
                f"column {name!r} of {source} holds {dtype}; accepted are numbers, booleans, text and dates."
            )
    return frame


def _refuse_duplicates(source: str, names: Sequence[str]) -> None:
    if len(set(names)) < len(names):
        raise ValueError(_duplicates(source, names))


def _duplicates(source: str, names: Sequence[str]) -> str:
    name, times = Counter(names).most_common(1)[0]
    return f"{source} has {times} columns named {name!r}; every column needs a name of its own."


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
