"""Where tables come from: a file of any usual format, packed or not, a database, standard input, a folder."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from shinso._fork import reading
from shinso.data._columnar import read_columnar
from shinso.data._encodings import decode
from shinso.data._header import names_of
from shinso.data._layout import Layout, lay_out, lay_out_rows
from shinso.data._options import Options
from shinso.data._records import read_json, read_sqlite
from shinso.data._sheets import sheet_rows
from shinso.data._unpacking import DAMAGE, PACKED, archive_of, damaged, room_for, unpacked

TEXT_SUFFIXES = (".csv", ".tsv", ".txt", ".data", ".dat", ".tab")
TABLE_SUFFIXES = (
    *TEXT_SUFFIXES,
    *(".xlsx", ".xls", ".xlsm", ".ods", ".json", ".jsonl", ".ndjson", ".parquet", ".feather", ".arrow", ".ipc"),
    *(".sqlite", ".sqlite3", ".db", ".gz", ".zip", ".bz2", ".xz"),
)
"""Suffixes of files that hold tables."""

_SQLITE = (".sqlite", ".sqlite3", ".db")
_STARTS = (
    (b"PAR1", ".parquet"),
    (b"ARROW1", ".arrow"),
    (b"SQLite format 3", ".sqlite"),
    (b"\x1f\x8b", ".gz"),
    (b"PK\x03\x04", ".zip"),
)


@dataclass(frozen=True)
class Found:
    """A table before its columns of text are read as numbers or dates.

    Attributes:
        frame: the columns; those of text files all text.
        name: what the file is called.
        format: what the file is.
        encoding: of text files.
        separator: of text files.
        header: whether a row of names was found.
        notes: what was passed over or made up.
    """

    frame: pl.DataFrame
    name: str
    format: str
    encoding: str | None = None
    separator: str | None = None
    header: bool = True
    notes: tuple[str, ...] = ()


def find_table(source: str | Path | Sequence[str | Path], options: Options) -> Found:
    """Open a file, several files of the same columns, a folder of them, or standard input (`-`).

    `file.xlsx::sheet`, `file.sqlite::table` and `file.zip::member` name one of several tables in a file.

    Raises:
        ValueError: there is no such file, or it holds no table that can be read.
    """
    reading()
    if not isinstance(source, str | Path):
        return _together([find_table(one, options) for one in source])
    if str(source) == "-":
        return _from_bytes(sys.stdin.buffer.read(), "standard input", "", "", options, None)
    name, _, part = str(source).partition("::")
    path = Path(name)
    if path.is_dir():
        return _together([find_table(one, options) for one in _shards(path)], str(path))
    if not path.is_file():
        raise ValueError(f"{name} does not exist; a table was expected.")
    if path.suffix.lower() in _SQLITE:
        return Found(read_sqlite(path, part, room_for(path.stat().st_size)), name, "SQLite table")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{name} cannot be read: {error.strerror}.") from error
    return _from_bytes(data, name, path.name, part, options, None)


def _shards(folder: Path) -> list[Path]:
    tables = sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in TABLE_SUFFIXES and not path.name.startswith((".", "_"))
    )
    if not tables:
        raise ValueError(f"{folder} is a folder that holds no table ({', '.join(TABLE_SUFFIXES)}).")
    return tables


def _together(found: Sequence[Found], name: str | None = None) -> Found:
    """Put tables of the same columns below each other."""
    if not found:
        raise ValueError("a list of files must hold at least one file; got none.")
    first = found[0]
    for one in found[1:]:
        absent = [column for column in first.frame.columns if column not in one.frame.columns]
        more = [column for column in one.frame.columns if column not in first.frame.columns]
        if absent or more:
            what = f"has no column {absent[0]!r}" if absent else f"has a column {more[0]!r} more"
            raise ValueError(f"{one.name} {what}, as {first.name} has; files read together must have the same columns.")
    if len(found) == 1:
        return first
    frames = [one.frame.select(first.frame.columns) for one in found]
    if len({frame.schema for frame in map(_schema, frames)}) > 1:  # the same column is text here and numbers there
        frames = [frame.cast(pl.String) for frame in frames]
    notes = tuple(dict.fromkeys(f"{one.name}: {note}" for one in found for note in one.notes))
    counted = f"{len(found)} files together: " + ", ".join(f"{one.name} ({one.frame.height} rows)" for one in found[:8])
    return Found(
        pl.concat(frames),
        name or f"{first.name} and {len(found) - 1} more",
        first.format,
        first.encoding,
        first.separator,
        first.header,
        (counted + (", …" if len(found) > 8 else ""), *notes),
    )


@dataclass(frozen=True)
class _Schema:
    schema: tuple[str, ...]


def _schema(frame: pl.DataFrame) -> _Schema:
    return _Schema(tuple(map(str, frame.dtypes)))


def _from_bytes(data: bytes, name: str, file: str, part: str, options: Options, room: int | None) -> Found:
    """Return the table that bytes hold, which are a whole file, or part of one that may come to `room` bytes."""
    suffix = _suffix(data, file)
    room = room_for(len(data)) if room is None else room
    if suffix in PACKED:
        inner = unpacked(data, suffix, name, room)
        return _from_bytes(inner, name, Path(file).stem, part, options, room)
    if suffix == ".zip":
        member, inner = _member(data, name, part, room)
        return _from_bytes(inner, name, Path(member).name, "", options, room)
    if suffix in (".parquet", ".feather", ".arrow", ".ipc"):
        kind = {".parquet": "Parquet", ".feather": "Feather"}.get(suffix, "Arrow")
        return Found(read_columnar(data, name, kind, room), name, kind)
    if suffix in (".xlsx", ".xls", ".xlsm", ".ods"):
        rows, told = sheet_rows(data, name, part, room)
        layout = lay_out_rows(rows, name, options, notes=told)
        return Found(layout.frame, name, "spreadsheet", header=layout.header, notes=layout.notes)
    if not data.strip():
        raise ValueError(f"{name} is empty.")
    decoded = decode(data, name, options.encoding)
    if suffix in (".json", ".jsonl", ".ndjson"):
        frame, notes = names_of(*read_json(decoded.text, name, room))
        return Found(frame, name, "JSON", decoded.encoding, notes=(*decoded.notes, *notes))
    if "\0" in decoded.text[:10_000]:
        raise ValueError(f"{name} is no table of text: it holds bytes that are no characters.")
    if decoded.text.lstrip()[:14].lower().startswith(("<!doctype html", "<html")):
        raise ValueError(f"{name} is a web page, not a table; it may be what a failed download left.")
    separator = "\t" if suffix in (".tsv", ".tab") and "\t" in decoded.text[:100_000] else None
    layout = lay_out(decoded.text, name, options, separator=separator)
    return _text(layout, name, decoded.encoding, decoded.notes)


def _text(layout: Layout, name: str, encoding: str, notes: tuple[str, ...]) -> Found:
    return Found(layout.frame, name, "text", encoding, layout.separator, layout.header, (*notes, *layout.notes))


def _suffix(data: bytes, file: str) -> str:
    """Return the suffix that says what data are: their first bytes, where these are unmistakable, else the name's."""
    suffix = Path(file).suffix.lower()
    if suffix in (".xlsx", ".xlsm", ".ods"):
        return suffix
    found = next((kind for start, kind in _STARTS if data.startswith(start)), None)
    if found == ".zip" and b"xl/" in data[-100_000:]:
        return ".xlsx"
    if found:
        return ".feather" if found == ".arrow" and suffix == ".feather" else found
    return suffix


def _member(data: bytes, name: str, part: str, room: int) -> tuple[str, bytes]:
    with archive_of(data, name, room) as archive:
        held = archive.namelist()
        tables = [one for one in held if Path(one).suffix.lower() in TABLE_SUFFIXES]
        members = [one for one in tables if not one.startswith("__MACOSX") and "/." not in f"/{one}"]
        chosen = [part] if part else members
        if len(chosen) != 1 or chosen[0] not in held:
            raise ValueError(
                f"{name} must hold one table, or one be named as {name}::NAME; "
                f"it holds {', '.join(members[:8]) or 'none'}."
            )
        try:
            return chosen[0], archive.read(chosen[0])
        except DAMAGE as error:
            raise damaged(name) from error
