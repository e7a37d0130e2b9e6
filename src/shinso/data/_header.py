"""Whether the first row holds names, and names that are there and different."""

import itertools
import re
from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from shinso.data._missing import MISSING
from shinso.data._separator import Row

_VALUE = re.compile(
    r"\s*[-+−(]?\s*[$€£¥]?\s*[\d０-９][\d０-９.,:'’ /-]*\s*(?:[eE][+-]?\d+)?\s*[%％kKM年月日)]*\s*|\s*[-+]?[.,]\d+\s*"
    r"|\s*\d{4}-\d\d?-\d\d?[ T].*"
)
_NAMELESS = re.compile(r"(?:Unnamed: \d+|column \d+)?")


def is_header(rows: Sequence[Row], width: int) -> bool:
    """Whether the first of some rows holds names.

    It does where a column whose other fields are numbers or dates begins with a word. It does not where such columns
    begin with numbers only, or where the columns of text begin with values that come again below.
    """
    if len(rows) < 2 or len(rows[0]) != width:
        return bool(rows) and not all(_VALUE.fullmatch(field) for field in rows[0] if field.strip())
    first = rows[0]
    body = [row for row in rows[1:] if len(row) == width and row != first]
    words = values = 0
    for place, name in enumerate(first):
        column = [row[place].strip() for row in body]
        present = [field for field in column if field not in MISSING]
        if name.strip() in MISSING or not present:
            continue
        if _of_numbers(present):
            if not _VALUE.fullmatch(name):
                return True
            values += 1
        elif name.strip() in present:
            values += 1
        else:
            words += 1
    return words >= values or _counts(first)


class RowsOfNames(NamedTuple):
    """What two rows above the data say.

    Attributes:
        names: name of each column.
        note: what was done with the other row.
    """

    names: Row
    note: str


def two_rows_of_names(rows: Sequence[Row], width: int) -> RowsOfNames | None:
    """Return the names where two rows stand above the data: names above units, or groups above names.

    The second row has words above columns of numbers, two at least, and no word that comes again below. It holds units
    or descriptions where the first row is words, all different; else it holds the names. Names that stand twice get
    their group before them: `height mean`.
    """
    if len(rows) < 4 or any(len(row) != width for row in rows[:2]):
        return None
    first, second = ([" ".join(field.split()) for field in row] for row in rows[:2])
    columns = [[row[place].strip() for row in rows[2:] if len(row) == width] for place in range(width)]
    numbers = [place for place, column in enumerate(columns) if _of_numbers(column)]
    words = [place for place in numbers if second[place] not in MISSING and not _VALUE.fullmatch(second[place])]
    again = any(name in column for name, column in zip(second, columns, strict=True) if name not in MISSING)
    if len(words) < 2 or any(_VALUE.fullmatch(second[place]) for place in numbers) or again:
        return None
    told = repr(", ".join(second))
    if _different(first) and not any(_VALUE.fullmatch(name) for name in first):
        return RowsOfNames(first, f"the row below the names is passed over, as it holds no data: {told}")
    if _different(second):
        return RowsOfNames(second, f"the first of two rows of names is passed over: {', '.join(first)!r}")
    group, names = "", []
    for own, name in zip(first, second, strict=True):
        group = own or group
        names.append(" ".join(dict.fromkeys(filter(None, (group, name)))))
    return RowsOfNames(names, "names are made of two rows")


def _of_numbers(column: Sequence[str]) -> bool:
    present = [field for field in column if field not in MISSING]
    return bool(present) and sum(bool(_VALUE.fullmatch(field)) for field in present) >= 0.9 * len(present)


def _different(names: Sequence[str]) -> bool:
    return all(names) and len(set(names)) == len(names)


def _counts(first: Row) -> bool:
    """Whether names of the first row are numbers that count columns from 0 or 1, or are years one after the other."""
    numbers = [int(name) for name in first if re.fullmatch(r"\s*\d{1,5}\s*", name)]
    steady = all(after - before == 1 for before, after in itertools.pairwise(numbers))
    columns = len(numbers) >= max(3, len(first) - (len(first) > 4)) and numbers[0] in (0, 1)
    years = len(numbers) >= 3 and 1900 <= numbers[0] <= numbers[-1] <= 2100
    return steady and (columns or years)


def is_nameless(name: str) -> bool:
    """Whether a name is none: empty, or made up by a reader."""
    return bool(_NAMELESS.fullmatch(name.strip()))


def names_of(frame: pl.DataFrame, names: Sequence[str]) -> tuple[pl.DataFrame, list[str]]:
    """Name the columns of a frame: each a name of its own; nameless columns without any value are left out."""
    cleaned = [" ".join(str(name).split()) for name in names]
    if len(cleaned) > 1 and all(re.fullmatch(r"'[^']+'", name) for name in cleaned):
        cleaned = [name[1:-1] for name in cleaned]
    notes = []
    kept = [
        place for place, name in enumerate(cleaned) if name or frame.to_series(place).str.strip_chars().ne("").any()
    ]
    if len(kept) < len(names):
        notes.append(f"{len(names) - len(kept)} column(s) without name and values left out")
    called, changes = unique_names([cleaned[place] for place in kept], kept)
    frame = frame.select(pl.nth(kept)) if len(kept) < len(names) else frame
    frame.columns = called
    return frame, [*notes, *changes]


def unique_names(names: Sequence[str], places: Sequence[int] | None = None) -> tuple[list[str], list[str]]:
    """Return names made different (`a`, `a_2`) and given where there is none (`column 3`), and what was changed."""
    taken, result, notes = set(names), [], []
    seen: set[str] = set()
    for place, name in zip(places or range(len(names)), names, strict=True):
        new = name or f"column {place + 1}"
        count = 2
        while new in seen or (new != name and new in taken):
            new, count = f"{name or f'column {place + 1}'}_{count}", count + 1
        if new != name:
            notes.append(
                f"column {place + 1} {f'is another {name!r}' if name else 'has no name'} and is called {new!r}"
            )
        seen.add(new)
        result.append(new)
    return result, notes
