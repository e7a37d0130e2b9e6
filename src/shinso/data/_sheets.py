"""Spreadsheets (.xlsx, .xls, .ods) as rows of text."""

import datetime
import io
from collections.abc import Iterator
from typing import Any

from shinso.data._separator import Row


def sheet_rows(data: bytes, name: str, sheet: str) -> tuple[Iterator[Row], list[str]]:
    """Return the rows of a sheet as text, and which sheet was read where there are several.

    Args:
        data: the bytes of the file.
        name: what the file is called in errors.
        sheet: name of the sheet; "" for the first that holds something.

    Raises:
        ValueError: it is no spreadsheet, or has no such sheet.
    """
    import python_calamine as calamine

    try:
        book = calamine.load_workbook(io.BytesIO(data))
        names = list(book.sheet_names)
        if sheet and sheet not in names:
            raise ValueError(f"{name} has no sheet {sheet!r}; its sheets are {', '.join(map(repr, names))}.")
        chosen, cells = sheet, []
        for chosen in [sheet] if sheet else names:
            cells = book.get_sheet_by_name(chosen).to_python(skip_empty_area=True)
            if cells:
                break
    except (calamine.CalamineError, OSError) as error:
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
