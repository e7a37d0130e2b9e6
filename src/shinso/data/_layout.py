"""Rows of fields → names and columns: what stands before the table, its header, and rows of another length."""

import csv
import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from shinso.data._header import is_header, names_of
from shinso.data._options import Options
from shinso.data._separator import NAMES, Row, find_separator, rows_of

_SAMPLE, _CHUNK = 500, 20_000


@dataclass(frozen=True)
class Layout:
    """A table of text as it was found.

    Attributes:
        frame: every column as text, empty fields as "".
        separator: what separates fields.
        header: whether a row of names was found.
        notes: what was passed over or made up.
    """

    frame: pl.DataFrame
    separator: str
    header: bool
    notes: tuple[str, ...]


def lay_out(text: str, source: str, options: Options, *, separator: str | None = None) -> Layout:
    """Read text as a table.

    Args:
        text: what the file holds.
        source: what it is called in errors.
        options: what the person said.
        separator: the separator that the file's suffix says.

    Raises:
        ValueError: there is no table, or rows differ in length.
    """
    notes: list[str] = []
    told = re.match(r"\s*\"?sep=(.)\"?[ \t]*[,;\t]*(\r\n|\r|\n|$)", text, re.IGNORECASE)
    if told:
        text = text[told.end() :]
        notes.append(f"the line 'sep={told[1]}' says the separator")
    mark = options.separator or (told[1] if told else None) or separator or find_separator(text)
    rows, unquoted = _readable(text, mark, source)
    if unquoted:
        notes.append("quotation marks are taken as they stand, as some are never closed")
    return lay_out_rows(rows, source, options, mark, notes)


def lay_out_rows(
    rows: Iterator[Row], source: str, options: Options, separator: str = ",", notes: list[str] | None = None
) -> Layout:
    """Find the table among rows of fields: the names, and rows of one length.

    Raises:
        ValueError: there is no row, or rows differ in length.
    """
    notes = [] if notes is None else notes
    start = list(itertools.islice(rows, _SAMPLE))
    width, first = _table_start(start)
    if not start or width == 0:
        raise ValueError(f"{source} is empty.")
    passed = [row for row in start[:first] if _filled(row)]
    if passed:
        notes.append(f"{len(passed)} line(s) before the table passed over, the first {_shown(passed[0], separator)}")
    start = start[first:]
    body = [row for row in start if _filled(row)]
    header = is_header(body, width) if options.header is None else options.header
    commented = passed[-1] if passed and passed[-1][0].lstrip().startswith("#") else None
    if header:
        names, start, body = body[0], start[1:], body[1:]
    elif commented and len(_uncommented(commented)) == width and options.header is None:
        names, header = _uncommented(commented), True
        notes.append("the names stand in the comment line before the table")
    else:
        names = [str(place + 1) for place in range(width)]
        how = "as told" if options.header is False else "the first row looks like data (header=True overrides it)"
        notes.append(f"no row of names: {how}; columns are named 1 to {width}")
    if header and len(names) == width - 1 and _all(body, width):
        if any(row[-1].strip() for row in body):
            names = ["", *names]
            notes.append("the first column has no name, as the header has one field less")
        else:
            names = [*names, ""]
    frame, more = _collect(itertools.chain(start, rows), len(names), source, options)
    frame, named = names_of(frame, names)
    return Layout(frame, separator, header, (*notes, *more, *named))


def _readable(text: str, separator: str, source: str) -> tuple[Iterator[Row], bool]:
    """Return rows read with quotation marks, or without where these are never closed, and whether that was so."""
    try:
        if '"' in text and separator != " ":
            for _ in rows_of(text, separator):
                pass
        return rows_of(text, separator), False
    except csv.Error as error:
        plain = [row for row in rows_of(text, separator, quoted=False) if _filled(row)]
        if len({len(row) for row in plain[1:]}) <= 1:
            return iter(plain), True
        row = _row_of_error(text, separator)
        raise ValueError(
            f"{source} has a quotation mark in data row {row} that is not closed, or is closed before the field ends "
            f"({NAMES.get(separator, repr(separator))} separates the fields; separator= overrides it)."
        ) from error


def _row_of_error(text: str, separator: str) -> int:
    rows = rows_of(text, separator)
    for count in itertools.count():
        try:
            next(rows)
        except (csv.Error, StopIteration):
            return max(count, 1)
    return 1


def _table_start(rows: list[Row]) -> tuple[int, int]:
    """Return the number of fields of most rows, and the place of the first row that belongs to the table."""
    filled = [row for row in rows if _filled(row) and not row[0].lstrip().startswith("#")]
    if not filled:
        return 0, 0
    width = Counter(len(row) for row in filled).most_common(1)[0][0]
    used = [sum(bool(field.strip()) for field in row) for row in filled if len(row) == width]
    usual = Counter(used).most_common(1)[0][0]
    for place, row in enumerate(rows):
        if not _filled(row) or (row[0].lstrip().startswith("#") and not _comment_is_header(row, rows[place + 1 :])):
            continue
        whole = sum(bool(field.strip()) for field in row)
        if len(row) == width and (2 * whole > usual or usual <= 2):
            return width, _after_blank(rows, place, width)
        if len(row) == width - 1 and whole == len(row) > 1 and place + 1 < len(rows):
            rest = [one for one in rows[place + 1 :] if _filled(one)]
            if rest and all(len(one) == width for one in rest) and not is_header(rest, width):
                return width, place
    return width, next(place for place, row in enumerate(rows) if _filled(row))


def _comment_is_header(row: Row, rest: list[Row]) -> bool:
    """Whether a line that starts with `#` is a header such as `#id,x` or `#,x`, not a remark."""
    following = next((one for one in rest if _filled(one)), None)
    return following is not None and len(row) > 1 and len(row) == len(following) and row[0][:2] != "# "


def _after_blank(rows: list[Row], place: int, width: int) -> int:
    """Move past lines that have as many fields as the table but stand apart from it, above an empty line."""
    for gap in range(min(len(rows) - 2, 20), place, -1):
        if not _filled(rows[gap]) and gap - place <= 10:
            rest = [row for row in rows[gap + 1 :] if _filled(row)]
            if len(rest) > 2 and len(rest[0]) == width and is_header(rest, width) and _has_numbers(rest[1]):
                return gap + 1
    return place


def _has_numbers(row: Row) -> bool:
    return any(re.match(r"\s*[-+]?[\d.,]*\d", field) for field in row)


def _collect(rows: Iterator[Row], width: int, source: str, options: Options) -> tuple[pl.DataFrame, list[str]]:
    """Gather the columns of rows; rows of another length are refused, or left out and counted."""
    parts: list[pl.DataFrame] = []
    skipped: list[int] = []
    remarks, empty, after, number, gap = 0, 0, 0, 0, False
    while chunk := list(itertools.islice(rows, _CHUNK)):
        kept = []
        for row in chunk:
            if not _filled(row):
                empty += len(row) > 1
                gap = True
                continue
            if gap and len(row) != width and sum(bool(field.strip()) for field in row) == 1:
                after += 1  # such as a source, below an empty line
                continue
            if len(row) != width and row[0].lstrip().startswith("#"):
                remarks += 1
                continue
            number += 1
            if len(row) > width and not any(field.strip() for field in row[width:]):
                row = row[:width]
            if len(row) == width:
                kept.append(row)
            elif options.skip_ragged:
                skipped.append(number)
            else:
                raise ValueError(
                    f"{source} has {len(row)} fields in data row {number} and {width} in the others; it begins "
                    f"{_shown(row, ',')}; skip_ragged=True leaves such rows out."
                )
        columns = zip(*kept, strict=True) if kept else [()] * width
        series = [pl.Series(str(k), list(column), dtype=pl.String) for k, column in enumerate(columns)]
        parts.append(pl.DataFrame(series))
    notes = [f"{remarks} line(s) that start with # passed over"] if remarks else []
    if after:
        notes.append(f"{after} line(s) below an empty line, of one field, passed over")
    if empty:
        notes.append(f"{empty} empty row(s) passed over")
    if skipped:
        shown = ", ".join(map(str, skipped[:5])) + (", …" if len(skipped) > 5 else "")
        notes.append(f"{len(skipped)} row(s) of another length left out: data row {shown}")
    nothing = pl.DataFrame({str(k): pl.Series([], dtype=pl.String) for k in range(width)})
    return pl.concat(parts) if parts else nothing, notes


def _uncommented(row: Row) -> Row:
    names = [row[0].lstrip().lstrip("#").strip(), *row[1:]]
    return names if names[0] else names[1:]


def _all(rows: list[Row], width: int) -> bool:
    return bool(rows) and all(len(row) == width for row in rows)


def _filled(row: Row) -> bool:
    return any(field.strip() for field in row)


def _shown(row: Row, separator: str) -> str:
    text = separator.join(row)
    return repr(text[:40] + ("…" if len(text) > 40 else ""))
