"""Spreadsheets (.xlsx, .xls, .ods) as rows of text."""

import datetime
import io
from collections.abc import Iterator
from typing import Any

from shinso.data._separator import Row
from shinso.data._sheet_sizes import most_cells
from shinso.data._unpacking import DAMAGE, RefusedError, archive_of, refuse_growth

_CELL = 8
"""Bytes of a cell, at the least: an empty one takes as much, wherever the sheet has its last."""


def sheet_rows(data: bytes, name: str, sheet: str, room: int) -> tuple[Iterator[Row], list[str]]:
    """Return the rows of a sheet as text, and which sheet was read where there are several.

    Args:
        data: the bytes of the file.
        name: what the file is called in errors.
        sheet: name of the sheet; "" for the first that holds something.
        room: bytes that its cells may come to.

    Raises:
        ValueError: it is no spreadsheet, has no such sheet, or would be too large.
    """
    import python_calamine as calamine

    if data.startswith(b"PK"):
        with archive_of(data, name, room) as archive:
            refuse_growth(_CELL * most_cells(archive, name), room, name)

    try:
        book = calamine.load_workbook(io.BytesIO(data))
        names = list(book.sheet_names)
        if sheet and sheet not in names:
            raise RefusedError(f"{name} has no sheet {sheet!r}; its sheets are {', '.join(map(repr, names))}.")
        chosen, cells = sheet, []
        for chosen in [sheet] if sheet else names:
            cells = book.get_sheet_by_name(chosen).to_python(skip_empty_area=True)
            if cells:
                break
    except (calamine.CalamineError, *DAMAGE) as error:
        if isinstance(error, RefusedError):
            raise
        raise ValueError(f"{name} cannot be read as a spreadsheet: it is damaged, locked or none.") from error
    several = [f"sheet {chosen!r} of {len(names)} read ({name}::SHEET names another)"] if len(names) > 1 else []
    return ([_text(cell) for cell in row] for row in cells), several if not sheet else []


def _text(cell: Any) -> str:
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime.datetime):
        return cell.date().isoformat() if cell.time() == datetime.time() else cell.isoformat(" ", "seconds")
    return "" if cell is None else str(cell)
