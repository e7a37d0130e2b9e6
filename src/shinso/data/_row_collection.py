"""Rows of fields → columns of text; rows that are no data are passed over and counted, those of another length refused."""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import polars as pl

from shinso.data._options import Options
from shinso.data._separator import Row

_CHUNK = 20_000
_REMARK = re.compile(r"\s*(?:#|//|%%|% )")
_TOTAL = re.compile(
    r"(?:grand |sub-?)?totals?|sum|summe|gesamt(?:summe)?|insgesamt|totaux|suma|合計|総計|総合計|計|小計|平均|average|mean"
)


@dataclass
class _Aside:
    """What is not data among the rows, and where it stood.

    Attributes:
        names: the names of the columns, as they stand in the file.
        source: what the file is called in errors.
        skip_ragged: whether rows of another length are left out.
    """

    names: Sequence[str]
    source: str
    skip_ragged: bool
    remarks: int = 0
    empty: int = 0
    below: int = 0
    headers: int = 0
    number: int = 0
    skipped: list[int] = field(default_factory=list)
    loose: list[tuple[int, Row]] = field(default_factory=list)
    after_gap: bool = False

    def data(self, row: Row) -> Row | None:
        """Return a row of data, as long as the others, or None where it holds none.

        Raises:
            ValueError: it has another length.
        """
        width = len(self.names)
        if not is_filled(row):
            self.empty += len(row) > 1
            self.after_gap = True
            return None
        alone = len(row) != width and sum(bool(one.strip()) for one in row) == 1
        if alone and self.after_gap:
            self.below += 1  # such as a source, below an empty line
            return None
        if len(row) != width and is_remark(row):
            self.remarks += 1
            return None
        if len(row) == width > 1 and [one.strip() for one in row] == self.names:
            self.headers += 1
            return None
        self.number += 1
        if alone and re.search(r"[^\W\d_]{2}", "".join(row)):
            self.loose.append((self.number, row))  # a source, if nothing follows
            return None
        if self.loose:
            self.refuse(*self.loose.pop(0))
        if len(row) > width and not any(one.strip() for one in row[width:]):
            row = row[:width]
        if len(row) == width:
            return row
        self.refuse(self.number, row)
        return None

    def refuse(self, number: int, row: Row) -> None:
        """Raise for a row of another length, or count it where such are left out."""
        if not self.skip_ragged:
            raise ValueError(
                f"{self.source} has {len(row)} fields in data row {number} and {len(self.names)} in the others; it "
                f"begins {shown(row, ',')}; skip_ragged=True leaves such rows out."
            )
        self.skipped.append(number)

    def notes(self) -> list[str]:
        """Return what was passed over, a sentence for each kind."""
        below = self.below + len(self.loose)
        where = "below an empty line" if not self.loose else "at the end"
        notes = [f"{self.remarks} line(s) that start with # passed over"] if self.remarks else []
        if below:
            notes.append(f"{below} line(s) {where}, of one field, passed over")
        if self.headers:
            notes.append(f"{self.headers} row(s) that repeat the names passed over")
        if self.empty:
            notes.append(f"{self.empty} empty row(s) passed over")
        if self.skipped:
            listed = ", ".join(map(str, self.skipped[:5])) + (", …" if len(self.skipped) > 5 else "")
            notes.append(f"{len(self.skipped)} row(s) of another length left out: data row {listed}")
        return notes


def collect(rows: Iterator[Row], names: Row, source: str, options: Options) -> tuple[pl.DataFrame, list[str]]:
    """Gather the columns of rows.

    Left out and counted are remarks, empty rows, rows that repeat the names, a line of one field at the end (a
    source), and totals at the end.

    Raises:
        ValueError: a row has another length, and `skip_ragged` is not asked for.
    """
    aside = _Aside([name.strip() for name in names], source, options.skip_ragged)
    parts = []
    while chunk := list(itertools.islice(rows, _CHUNK)):
        kept = [row for row in map(aside.data, chunk) if row is not None]
        columns = zip(*kept, strict=True) if kept else [()] * len(names)
        series = [pl.Series(str(k), list(column), dtype=pl.String) for k, column in enumerate(columns)]
        parts.append(pl.DataFrame(series))
    nothing = pl.DataFrame({str(k): pl.Series([], dtype=pl.String) for k in range(len(names))})
    frame, totals = _without_totals(pl.concat(parts) if parts else nothing, options)
    return frame, [*aside.notes(), *totals]


def _without_totals(frame: pl.DataFrame, options: Options) -> tuple[pl.DataFrame, list[str]]:
    """Leave out up to three rows at the end that a word such as `Total` or 合計 calls totals, as none before is called."""
    words: list[str] = []
    while len(words) < 3 and frame.height > 3:
        word = next((word for word in map(str.strip, frame.row(-1)) if _is_total(word)), None)
        if word is None or word in options.present:
            break
        above = frame.head(frame.height - 1)
        if any(values.str.strip_chars().eq(word).any() for values in above.iter_columns()):
            break
        frame, words = above, [word, *words]
    told = ", ".join(map(repr, words))
    found = f"{len(words)} row(s) at the end left out, as they hold totals ({told}; present=[{told}] keeps them)"
    return frame, [found] if words else []


def _is_total(word: str) -> bool:
    return bool(_TOTAL.fullmatch(word.rstrip(":：").strip().casefold()))


def is_filled(row: Row) -> bool:
    """Whether a row holds anything."""
    return any(one.strip() for one in row)


def is_remark(row: Row) -> bool:
    """Whether a row is a comment: it starts with `#`, `//`, `%%` or `% `."""
    return bool(row) and bool(_REMARK.match(row[0]))


def shown(row: Row, separator: str) -> str:
    """Return the beginning of a row, quoted."""
    text = separator.join(row)
    return repr(text[:40] + ("…" if len(text) > 40 else ""))
