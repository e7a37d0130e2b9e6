"""Rows of fields → names and columns: what stands before the table, its header, and rows of another length."""

import csv
import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from shinso.data._header import is_header, names_of, two_rows_of_names
from shinso.data._options import Options
from shinso.data._row_collection import collect, is_filled, is_remark, shown
from shinso.data._separator import NAMES, ONE_COLUMN, Row, find_separator, quoted_singly, rows_of

_SAMPLE = 500


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
    if mark == ONE_COLUMN and (inner := _within_quotes(text)):
        notes.append("whole lines stand in quotation marks, which are taken away")
        text, mark = inner, find_separator(inner)
    if quoted_singly(text, mark):
        notes.append("fields stand in single quotation marks, which are taken away")
        text = "\n".join(mark.join(one.strip()[1:-1] for one in line.split(mark)) for line in text.splitlines())
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
    first = _with_the_row_above(start, first, width)
    passed = [row for row in start[:first] if is_filled(row)]
    if passed:
        notes.append(f"{first} line(s) before the table passed over, the first {shown(passed[0], separator)}")
    start = start[first:]
    body = [row for row in start if is_filled(row)]
    header = is_header(body, width) if options.header is None else options.header
    commented = passed[-1] if passed and passed[-1][0].lstrip().startswith("#") else None
    if options.header is None and (several := two_rows_of_names(body, width)):
        header, names = True, several.names
        start, body = start[1 + start[1:].index(body[1]) + 1 :], body[2:]
        notes.append(several.note)
    elif header:
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
    frame, more = collect(itertools.chain(start, rows), names, source, options)
    frame, named = names_of(frame, names)
    return Layout(frame, separator, header, (*notes, *more, *named))


def _within_quotes(text: str) -> str:
    """Return the lines of a text each of which is one quoted field that holds others, without the quotes; else ""."""
    try:
        rows = [row for row in rows_of(text, "\t") if row]
    except csv.Error:
        return ""
    inner = "\n".join(row[0] for row in rows)
    whole = all(len(row) == 1 and "\n" not in row[0] for row in rows) and text.lstrip().startswith('"')
    return inner if whole and find_separator(inner) != ONE_COLUMN else ""


def _readable(text: str, separator: str, source: str) -> tuple[Iterator[Row], bool]:
    """Return rows read with quotation marks, or without where these are never closed, and whether that was so."""
    try:
        if '"' in text and separator != " ":
            for _ in rows_of(text, separator):
                pass
        return rows_of(text, separator), False
    except csv.Error as error:
        plain = [row for row in rows_of(text, separator, quoted=False) if is_filled(row)]
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
    filled = [row for row in rows if is_filled(row) and not is_remark(row)]
    if not filled:
        return 0, 0
    width = Counter(len(row) for row in filled).most_common(1)[0][0]
    used = [sum(bool(field.strip()) for field in row) for row in filled if len(row) == width]
    usual = Counter(used).most_common(1)[0][0]
    for place, row in enumerate(rows):
        if not is_filled(row) or (is_remark(row) and not _comment_is_header(row, rows[place + 1 :])):
            continue
        whole = sum(bool(field.strip()) for field in row)
        if len(row) == width and (2 * whole > usual or usual <= 2):
            return width, _after_blank(rows, place, width)
        if len(row) == width - 1 and whole == len(row) > 1 and place + 1 < len(rows):
            rest = [one for one in rows[place + 1 :] if is_filled(one)]
            if rest and all(len(one) == width for one in rest) and not is_header(rest, width):
                return width, place
    return width, next(place for place, row in enumerate(rows) if is_filled(row))


def _comment_is_header(row: Row, rest: list[Row]) -> bool:
    """Whether a line that starts with `#` is a header such as `#id,x` or `#,x`, not a remark."""
    following = next((one for one in rest if is_filled(one)), None)
    called = row[0].lstrip().startswith("#") and row[0][:2] != "# "
    return following is not None and 1 < len(row) == len(following) and called


def _after_blank(rows: list[Row], place: int, width: int) -> int:
    """Move past lines that have as many fields as the table but stand apart from it, above an empty line."""
    for gap in range(min(len(rows) - 2, 20), place, -1):
        if not is_filled(rows[gap]) and gap - place <= 10:
            rest = [row for row in rows[gap + 1 :] if is_filled(row)]
            if len(rest) > 2 and len(rest[0]) == width and is_header(rest, width) and _has_numbers(rest[1]):
                return gap + 1
    return place


def _has_numbers(row: Row) -> bool:
    return any(re.match(r"\s*[-+]?[\d.,]*\d", field) for field in row)


def _with_the_row_above(rows: list[Row], first: int, width: int) -> int:
    """Return where the table starts if the row above belongs to it: groups above names that stand twice, or names.

    Names may end in separators that the other rows do not have; these are taken away.
    """
    if first == 0:
        return first
    above, bare = rows[first - 1], _bare(rows[first - 1])
    groups = len(above) == width and above[0].strip() and len(set(rows[first])) < width
    if len(bare) == width < len(above) and is_header([bare, *rows[first:]], width):
        rows[first - 1] = bare
        return first - 1
    return first - 1 if groups else first


def _bare(row: Row) -> Row:
    """Return a row without the empty fields at its end."""
    return row[: 1 + max((place for place, field in enumerate(row) if field.strip()), default=-1)]


def _uncommented(row: Row) -> Row:
    names = [row[0].lstrip().lstrip("#").strip(), *row[1:]]
    return names if names[0] else names[1:]


def _all(rows: list[Row], width: int) -> bool:
    return bool(rows) and all(len(row) == width for row in rows)
