"""Tables from records: JSON (an array of objects, or one object a line) and SQLite."""

import json
import sqlite3
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from shinso.data._unpacking import refuse_growth

_UNSET = object()
_CELL = 8
"""Bytes of a number as it is worked on."""
_VALUE = 50
"""Bytes of a value as Python has it, its share of the row's included."""
_PATIENCE = 10.0
"""Seconds that a database may take for its next row: a view can compute for ever."""


def read_json(text: str, name: str, room: int) -> tuple[pl.DataFrame, list[str]]:
    """Return a table of JSON, and the names of its columns; objects within objects become columns `outer.inner`.

    Accepted are an array of objects, one object a line, an object of columns (`{"a": [1, 2]}`, `{"a": {"0": 1}}`),
    and an object with one array of objects among its members.

    Args:
        text: of the file.
        name: what it is called in errors.
        room: bytes that the table may come to.

    Raises:
        ValueError: it is no JSON, of another form, or the table would be too large.
    """
    return read_records(_records(_parsed(text, name), name), name, room)


def read_records(records: Sequence[Any], name: str, room: int) -> tuple[pl.DataFrame, list[str]]:
    """Return a table of objects, one a row, and the names of its columns; as `read_json`.

    Raises:
        ValueError: an entry is no object, a value is a list, or the table would be too large.
    """
    columns: dict[str, list[Any]] = {}
    for row, record in enumerate(records):
        if not isinstance(record, dict):
            raise ValueError(f"{name} must hold objects; record {row + 1} is {_short(record)}.")
        for key, value in _flat_or_refused(record, name):
            column = columns.setdefault(key, [])
            column += [None] * (row - len(column))
            column.append(value)
        refuse_growth(len(columns) * (row + 1) * _CELL, room, name)
    if not columns:
        raise ValueError(f"{name} holds no row of data.")
    for column in columns.values():
        column += [None] * (len(records) - len(column))
    series = [_series(str(place), values, name) for place, values in enumerate(columns.values())]
    return pl.DataFrame(series), list(columns)


def read_sqlite(path: Path, table: str, room: int) -> pl.DataFrame:
    """Return a table of an SQLite database, opened for reading only.

    Args:
        path: the file.
        table: name of the table or view; "" where there is only one.
        room: bytes that the table may come to.

    Raises:
        ValueError: it is no database, has no such table, or one that is too large or takes for ever to compute.
    """
    uri = f"{path.absolute().as_uri()}?mode=ro"
    try:
        connection = sqlite3.connect(uri, uri=True)
    except sqlite3.Error as error:
        raise ValueError(f"{path} cannot be opened as an SQLite database.") from error
    awaited = _Awaited()
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, min(room, 2**31 - 1))
    connection.set_progress_handler(awaited.too_long, 100_000)
    try:
        query = (
            "select name from sqlite_master where type in ('table', 'view') and name not like 'sqlite_%' order by name"
        )
        tables = [row[0] for row in connection.execute(query)]
        chosen = [table] if table else tables
        if len(chosen) != 1 or chosen[0] not in tables:
            raise ValueError(
                f"{path} must have one table, or one be named as {path}::TABLE; it has {', '.join(tables) or 'none'}."
            )
        quoted = chosen[0].replace('"', '""')
        cursor = connection.execute(f'select * from "{quoted}"')
        names, rows, size = [entry[0] for entry in cursor.description], [], 0
        for row in cursor:
            awaited.came()
            size += sum(_VALUE + (len(value) if isinstance(value, str | bytes) else 0) for value in row)
            refuse_growth(size, room, str(path))
            rows.append(row)
    except sqlite3.DatabaseError as error:
        raise ValueError(f"{path} cannot be read as an SQLite database: it is damaged, locked or none.") from error
    finally:
        connection.close()
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    return pl.DataFrame([_series(name, list(column), str(path)) for name, column in zip(names, columns, strict=True)])


class _Awaited:
    """Since when the next row of a database is waited for."""

    def __init__(self) -> None:
        self.came()

    def came(self) -> None:
        self._since = time.monotonic()

    def too_long(self) -> bool:
        return time.monotonic() - self._since > _PATIENCE


def _parsed(text: str, name: str) -> Any:
    try:
        return _loads(text, name)
    except json.JSONDecodeError as whole:
        lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
        records = []
        for number, line in lines:
            try:
                records.append(_loads(line, name))
            except json.JSONDecodeError:
                where = number if records else whole.lineno
                raise ValueError(f"{name} cannot be read as JSON: line {where} is none.") from None
        return records


def _loads(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except RecursionError:
        raise ValueError(f"{name} cannot be read as JSON: it is nested too deeply.") from None
    except ValueError as error:  # whole numbers of more digits than Python takes
        raise ValueError(f"{name} cannot be read as JSON: {str(error).partition(';')[0]}.") from None


def _records(parsed: Any, name: str) -> Sequence[Any]:
    if isinstance(parsed, list):
        return parsed
    if isinstance(parsed, dict):
        values = list(parsed.values())
        lists = [value for value in values if isinstance(value, list) and value and isinstance(value[0], dict)]
        if len(lists) == 1:
            return lists[0]
        if values and all(isinstance(value, list) for value in values) and len({len(v) for v in values}) == 1:
            return [dict(zip(parsed, row, strict=True)) for row in zip(*values, strict=True)]
        if values and all(isinstance(value, dict) for value in values):
            keys = dict.fromkeys(key for value in values for key in value)
            return [{column: value.get(key) for column, value in parsed.items()} for key in keys]
        return [parsed]
    raise ValueError(f"{name} must hold an array of objects, or one object a line; it holds {_short(parsed)}.")


def _flat_or_refused(record: dict[str, Any], name: str) -> Iterable[tuple[str, Any]]:
    try:
        return {key.encode(errors="replace").decode(): value for key, value in _flat(record)}.items()
    except RecursionError:
        raise ValueError(f"{name} cannot be read as a table: its objects are nested too deeply.") from None


def _flat(record: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    pairs = []
    for key, value in record.items():
        pairs += _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else [(f"{prefix}{key}", value)]
    return pairs


def _series(name: str, values: list[Any], source: str) -> pl.Series:
    """Return values of a column in the one type they share, or as text."""
    types = {type(value) for value in values if value is not None}
    strange = next((value for value in values if isinstance(value, list | bytes)), _UNSET)
    if strange is not _UNSET:
        raise ValueError(f"a column of {source} holds {_short(strange)}; accepted are numbers, text and booleans.")
    if types == {bool}:
        return pl.Series(name, values, dtype=pl.Boolean)
    if types == {int} and all(value is None or abs(value) < 2**53 for value in values):
        return pl.Series(name, values, dtype=pl.Int64)
    if types and types <= {int, float} and all(not isinstance(v, int) or abs(v) < 2**53 for v in values):
        return pl.Series(name, [None if value is None else float(value) for value in values], dtype=pl.Float64)
    words = [value if value is None or isinstance(value, str) else json.dumps(value) for value in values]
    try:
        return pl.Series(name, words, dtype=pl.String)
    except UnicodeEncodeError as error:
        raise ValueError(f"a column of {source} holds half a character, {error.object[error.start]!a}.") from None


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:40] + "…"
