"""Tables in columns: Parquet, Feather and Arrow."""

import io
import subprocess
import sys

import polars as pl

from shinso.data._frames import checked
from shinso.data._unpacking import refuse_growth

_CELL = 8
"""Bytes of a number as it is worked on."""
_SECONDS = 15.0
_TOO_LARGE = 3
# A file with a few bytes changed can end the process that reads it, or keep it for ever: so another one reads it first.
_PROBE = """
import io, sys
import polars as pl
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (1 << 34, resource.getrlimit(resource.RLIMIT_AS)[1]))
except (ImportError, OSError, ValueError):
    pass
data = io.BytesIO(sys.stdin.buffer.read())
found = pl.scan_parquet(data) if sys.argv[1] == "Parquet" else pl.scan_ipc(data)
schema = found.collect_schema()
rows = int(found.select(pl.len()).collect().item())
if rows * len(schema) * int(sys.argv[2]) > int(sys.argv[3]):
    sys.exit(int(sys.argv[4]))
if not any(kind.is_nested() for kind in schema.dtypes()):
    found.collect()
"""


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
    _try_elsewhere(data, name, kind, room)
    try:
        found = pl.scan_parquet(io.BytesIO(data)) if kind == "Parquet" else pl.scan_ipc(io.BytesIO(data))
        schema = found.collect_schema()
        rows = int(found.select(pl.len()).collect().item())
        checked(pl.DataFrame(schema=schema), name, rows)
        frame = found.collect()
    except pl.exceptions.PolarsError:
        raise _unreadable(data, name, kind) from None
    text = [int(frame[column].str.len_bytes().sum()) for column, dtype in schema.items() if dtype == pl.String]
    refuse_growth(sum(text), room, name)
    return frame


def _try_elsewhere(data: bytes, name: str, kind: str, room: int) -> None:
    """Raise `ValueError` where a process of its own cannot read the file, or finds it too large."""
    arguments = [kind, str(_CELL), str(room), str(_TOO_LARGE)]
    seconds = _SECONDS + len(data) / 1e7
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROBE, *arguments], input=data, capture_output=True, check=False, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        raise _unreadable(data, name, kind) from None
    if done.returncode == _TOO_LARGE:
        refuse_growth(room + 1, room, name)
    if done.returncode != 0:
        raise _unreadable(data, name, kind)


def _unreadable(data: bytes, name: str, kind: str) -> ValueError:
    hint = "; Feather of version 1 must be stored again" if data.startswith(b"FEA1") else ""
    a = "an" if kind == "Arrow" else "a"
    return ValueError(f"{name} cannot be read as {a} {kind} file: it is damaged or none{hint}.")
