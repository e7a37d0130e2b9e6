"""Tables in columns: Parquet, Feather and Arrow."""

import contextlib
import io
import os
from collections.abc import Iterator

import polars as pl

from shinso.data._frames import checked
from shinso.data._unpacking import DAMAGE, refuse_growth

_CELL = 8
"""Bytes of a number as it is worked on."""
_FAULTS = (pl.exceptions.PolarsError, pl.exceptions.PanicException, *DAMAGE)


def read_columnar(data: bytes, name: str, kind: str, room: int) -> pl.DataFrame:
    """Return the table of a file of columns, whose types and sizes are looked at before it is read.

    Args:
        data: the file.
        name: what it is called in errors.
        kind: "Parquet", "Feather" or "Arrow".
        room: bytes that the table may come to.

    Raises:
        ValueError: it is damaged or none, holds columns of lists, bytes or objects, or would be too large.
    """
    try:
        with _without_panics():
            found = pl.scan_parquet(io.BytesIO(data)) if kind == "Parquet" else pl.scan_ipc(io.BytesIO(data))
            schema = found.collect_schema()
            rows = int(found.select(pl.len()).collect().item())
    except _FAULTS:
        raise _unreadable(data, name, kind) from None
    checked(pl.DataFrame(schema=schema), name, rows)
    refuse_growth(rows * len(schema) * _CELL, room, name)
    try:
        with _without_panics():
            frame = found.collect()
        text = [int(frame[column].str.len_bytes().sum()) for column, dtype in schema.items() if dtype == pl.String]
    except _FAULTS:
        raise _unreadable(data, name, kind) from None
    refuse_growth(sum(text), room, name)
    return frame


@contextlib.contextmanager
def _without_panics() -> Iterator[None]:
    """Keep from the terminal what Polars' threads print of a damaged file, dozens of lines, before they raise."""
    kept = os.dup(2)
    with open(os.devnull, "wb") as nothing:
        os.dup2(nothing.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _unreadable(data: bytes, name: str, kind: str) -> ValueError:
    hint = "; Feather of version 1 must be stored again" if data.startswith(b"FEA1") else ""
    return ValueError(
        f"{name} cannot be read as {'an' if kind == 'Arrow' else 'a'} {kind} file: it is damaged or none{hint}."
    )
