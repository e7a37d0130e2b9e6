"""Random tables written in random dialects are read back as they were."""

import csv
import datetime
import io
from contextlib import nullcontext
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shinso.data import columns_of, read_table

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", " ": "blanks"}
WORDS = {
    "ascii": ["red", "green", "dark blue", "a-b", "x_y", "O'Neil", "North"],
    "western": ["café", "thé", "crème", "naïve", "größe", "über", "olé"],
    "japanese": ["東京", "大阪", "札幌", "りんご", "気温", "カメラ", "乙"],
}
NAMES = {
    "ascii": ["size", "weight", "colour", "Born on", "grade", "kind"],
    "western": ["höhe", "prix", "naïveté", "année", "größe", "kind"],
    "japanese": ["気温", "湿度", "地域", "電力", "名前", "売上"],
}
ENCODINGS = {
    "ascii": ["utf-8", "utf-8-sig", "utf-16"],
    "western": ["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"],
    "japanese": ["utf-8", "utf-8-sig", "utf-16", "cp932", "euc_jp"],
}


@dataclass(frozen=True)
class Dialect:
    """How a table is written."""

    separator: str
    decimal: str
    encoding: str
    newline: str
    thousands: bool
    quoted: bool
    preamble: bool
    trailing: bool
    missing: str


def number(value: float, dialect: Dialect) -> str:
    """Write a number in a dialect."""
    text = f"{value:,.2f}" if dialect.thousands else f"{value:.2f}"
    return text.translate(str.maketrans(",.", ".,")) if dialect.decimal == "," else text


def field(value: object, dialect: Dialect) -> str:
    """Write a value in a dialect."""
    if value is None:
        return dialect.missing
    if isinstance(value, float):
        return number(value, dialect)
    return str(value).lower() if isinstance(value, bool) else str(value)


def written(names: list[str], columns: list[list[object]], dialect: Dialect) -> bytes:
    """Return the bytes of a table."""
    stream = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if dialect.quoted else csv.QUOTE_MINIMAL
    writer = csv.writer(stream, delimiter=dialect.separator, lineterminator=dialect.newline, quoting=quoting)
    more = [""] if dialect.trailing else []
    if dialect.preamble:
        stream.write(f"made for a test{dialect.newline}{dialect.newline}")
    writer.writerow(names + more)
    for row in zip(*columns, strict=True):
        writer.writerow([field(value, dialect) for value in row] + more)
    return stream.getvalue().encode(dialect.encoding)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[object]], Dialect]:
    """Draw names, columns and a dialect; the first column is of numbers, without which no decimal mark could be found."""
    script = draw(st.sampled_from(list(WORDS)))
    separator = draw(st.sampled_from(list(SEPARATORS)))
    rows = draw(st.integers(12, 25))
    floats = st.integers(-9_999_999, 9_999_999).map(lambda hundredths: hundredths / 100 + 0.0)
    days = st.dates(datetime.date(1990, 1, 1), datetime.date(2030, 1, 1))
    sorts = {
        "floats": floats,
        "integers": st.integers(-500, 500),
        "words": st.sampled_from(WORDS[script]),
        "booleans": st.booleans(),
        "dates": days,
    }
    chosen = ["floats", *draw(st.lists(st.sampled_from(list(sorts)), min_size=1, max_size=4))]
    columns: list[list[object]] = [draw(st.lists(sorts[sort], min_size=rows, max_size=rows)) for sort in chosen]
    if draw(st.booleans()):
        columns[0][draw(st.integers(0, rows - 1))] = None
    dialect = Dialect(
        separator,
        "." if separator == "," else draw(st.sampled_from(".,")),
        draw(st.sampled_from(ENCODINGS[script])),
        draw(st.sampled_from(["\n", "\r\n", "\r"])),
        draw(st.booleans()) and separator != " ",
        draw(st.booleans()),
        draw(st.booleans()),
        draw(st.booleans()) and separator != " ",
        "NA" if separator == " " else draw(st.sampled_from(["", "NA", "N/A", "NULL", "-", "?"])),
    )
    return NAMES[script][: len(columns)], columns, dialect


def reads_back(folder, table) -> None:
    """Write a table, read it, and compare."""
    names, columns, dialect = table
    path = folder / "t.csv"
    path.write_bytes(written(names, columns, dialect))
    reading = columns_of(path)
    assert reading.separator == SEPARATORS[dialect.separator]
    with pytest.warns() if reading.notes else nullcontext():
        frame = read_table(path)
    assert frame.columns == names
    for name, column in zip(names, columns, strict=True):
        assert frame[name].to_list() == column, name


@settings(max_examples=30, derandomize=True, suppress_health_check=list(HealthCheck), deadline=None)
@given(table=tables())
def test_dialects(tmp_path_factory, table) -> None:
    reads_back(tmp_path_factory.getbasetemp(), table)


@pytest.mark.slow
@settings(max_examples=2000, suppress_health_check=list(HealthCheck), deadline=None)
@given(table=tables())
def test_many_dialects(tmp_path_factory, table) -> None:
    reads_back(tmp_path_factory.getbasetemp(), table)
