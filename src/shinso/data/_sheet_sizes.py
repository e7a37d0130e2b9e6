"""How large the sheets of a spreadsheet are: readers make every cell up to the last one, be they ever so few."""

import re
import zipfile
from collections.abc import Iterator

from shinso.data._unpacking import DAMAGE, damaged

_CHUNK, _LONGEST_TAG = 1 << 20, 1 << 12
_EXCEL = re.compile(
    rb"<(?:\w+:)?row\b[^>]*?\sr=[\"'](?P<row>\d+)[^>]*[^/>]>"
    rb"|<(?:\w+:)?c\b(?:[^>]*?\sr=[\"'](?P<column>[A-Za-z]+)(?P<at>\d+))?[^>]*[^/>]>"
)
_OPEN_DOCUMENT = re.compile(
    rb"<table:table-row\b(?P<row>[^>]*)>|<table:(?:covered-)?table-cell\b(?P<cell>[^>]*)>|<(?P<table>table:table)\b"
)
_ROWS = re.compile(rb"number-rows-repeated=[\"'](\d+)")
_COLUMNS = re.compile(rb"number-columns-repeated=[\"'](\d+)")


def most_cells(archive: zipfile.ZipFile, name: str) -> int:
    """Return how many cells the largest sheet of an Excel or OpenDocument archive has, up to its last one.

    Raises:
        ValueError: the archive is damaged.
    """
    sheets = [member for member in archive.namelist() if re.search(r"(?i)(?:^|/)worksheets/[^/]+\.xml$", member)]
    try:
        sizes = [_excel_cells(archive, sheet) for sheet in sheets]
        if "content.xml" in archive.namelist():
            sizes.append(_open_document_cells(archive))
    except DAMAGE as error:
        raise damaged(name) from error
    return max(sizes, default=0)


def _excel_cells(archive: zipfile.ZipFile, sheet: str) -> int:
    last_row = last_column = row = placed = 0
    for tag in _tags(archive, sheet, _EXCEL):
        if tag["row"] is not None:
            row = int(tag["row"][:18])
        elif tag["column"] is None:  # a cell that does not say where it is stands behind the one before
            placed += 1
            last_row, last_column = max(last_row, row), max(last_column, placed)
        else:
            last_row = max(last_row, int(tag["at"][:18]))
            last_column = max(last_column, _column(tag["column"]))
    return last_row * last_column


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters[:12].upper():
        number = 26 * number + letter - 64
    return number


def _open_document_cells(archive: zipfile.ZipFile) -> int:
    largest = rows = columns = row = column = 0
    again = 1
    for tag in _tags(archive, "content.xml", _OPEN_DOCUMENT):
        if tag["table"]:
            largest, rows, columns, row, again = max(largest, rows * columns), 0, 0, 0, 1
        elif tag["row"] is not None:
            row, again, column = row + again, _times(_ROWS, tag["row"]), 0
        else:
            column += _times(_COLUMNS, tag["cell"])
            if b"value-type" in tag["cell"] or not tag["cell"].endswith(b"/"):
                rows, columns = max(rows, row + again), max(columns, column)
    return max(largest, rows * columns)


def _times(pattern: re.Pattern[bytes], tag: bytes) -> int:
    found = pattern.search(tag)
    return int(found[1][:18]) if found else 1


def _tags(archive: zipfile.ZipFile, member: str, pattern: re.Pattern[bytes]) -> Iterator[re.Match[bytes]]:
    """Yield the tags of a member that a pattern finds, a piece of the file at a time."""
    rest = b""
    with archive.open(member) as file:
        while piece := file.read(_CHUNK):
            text = rest + piece
            end = text.rfind(b"<")
            end = len(text) if end < 0 or len(text) - end > _LONGEST_TAG else end
            yield from pattern.finditer(text, 0, end)
            rest = text[end:]
    yield from pattern.finditer(rest)
