"""Numbers and dates as people write them."""

import datetime

import polars as pl
import pytest

from shinso.data._dates import read_dates
from shinso.data._numerals import best_numbers, read_numbers

DAY = datetime.date(2024, 1, 2)


@pytest.mark.parametrize(
    ("text", "decimal", "expected"),
    [
        (["1", "-2.5", "+3", "1e3", "1E-2", ".5", "5."], ".", [1, -2.5, 3, 1000, 0.01, 0.5, 5]),
        (["1,234", "1,234,567.5", "12,34,567", "1 234", "1'234.5"], ".", [1234, 1234567.5, 1234567, 1234, 1234.5]),
        (["1,5", "1.234,5", "1.234.567", "1 234,5", ",5", "1,5e2"], ",", [1.5, 1234.5, 1234567, 1234.5, 0.5, 150]),
        (["$1.20", "-$1.20", "$-1.20", "4.99 $", "€ 5", "5 EUR", "100円"], ".", [1.2, -1.2, -1.2, 4.99, 5, 5, 100]),
        (["45%", "4.5 %", "-10%"], ".", [0.45, 0.045, -0.1]),
        (["19M", "7k", "1.5B", "3"], ".", [19e6, 7e3, 1.5e9, 3]),
        (["201k", "19m"], ".", [201e3, 19e6]),
        (["7 m", "8 m"], ".", [7, 8]),
        (["12 km", "3.5km", "4"], ".", [12, 3.5, 4]),
        (["5万", "2億"], ".", [5e4, 2e8]),
        (["(3)", "(1,200.50)", "5-"], ".", [-3, -1200.5, -5]),
        (["１２", "３．５", "－４", "−5"], ".", [12, 3.5, -4, -5]),
    ],
)
def test_one_rule(text, decimal, expected):
    assert read_numbers(pl.Series(text), decimal).values.to_list() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "decimal"),
    [(["1,5", "1,23,4", "0,123", "1.2.3", "12 kg 5", "e5", "1-2", "7 apples"], "."), (["1.5", "0.123", "1.23"], ",")],
)
def test_what_is_no_number(text, decimal):
    assert read_numbers(pl.Series(text), decimal).values.null_count() == len(text)


def test_units_do_not_mix():
    assert read_numbers(pl.Series(["1 kg", "2 kg", "3 cm"]), ".").values.to_list() == [1, 2, None]
    assert read_numbers(pl.Series(["1 kg", "2 kg"]), ".").note == "in kg"
    assert read_numbers(pl.Series(["45%"]), ".").note == "% read as × 0.01"


@pytest.mark.parametrize(
    ("text", "default", "decimal"),
    [
        (["1,5", "1,234"], ".", ","),
        (["1.5", "1.234"], ",", "."),
        (["1,234", "2,345"], ".", "."),
        (["1,234", "2,345"], ",", ","),
    ],
)
def test_the_rule_that_reads_more(text, default, decimal):
    assert best_numbers(pl.Series(text), None, default).decimal == decimal


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-02", DAY),
        ("2024/1/2", DAY),
        ("2024.01.02", DAY),
        ("2024年1月2日", DAY),
        ("2-Jan-2024", DAY),
        ("2 January 2024", DAY),
        ("January 2, 2024", DAY),
        ("02.01.2024", DAY),
        ("20240102", DAY),
        ("2024-01", datetime.date(2024, 1, 1)),
        ("2024-01-02 03:04", datetime.datetime(2024, 1, 2, 3, 4)),
        ("2024-01-02T03:04:05.5", datetime.datetime(2024, 1, 2, 3, 4, 5, 500_000)),
        ("2024-01-02T03:04:05Z", datetime.datetime(2024, 1, 2, 3, 4, 5)),
        ("2024-01-02T03:04:05+09:00", datetime.datetime(2024, 1, 1, 18, 4, 5)),
        ("1/2/2024 3:04 PM", datetime.datetime(2024, 1, 2, 15, 4)),
        ("9:05", datetime.time(9, 5)),
        ("Tue, 02 Jan 2024", DAY),
        ("2024年1月2日(火)", DAY),
        ("令和6年1月2日", DAY),
        ("平成元年1月2日", datetime.date(1989, 1, 2)),
        ("2024Q2", datetime.date(2024, 4, 1)),
        ("Q3 2024", datetime.date(2024, 7, 1)),
        ("January 2024", datetime.date(2024, 1, 1)),
        ("Jan 2 2024", DAY),
        ("Jan-2-2024", DAY),
        ("2024 Mar", datetime.date(2024, 3, 1)),
        ("2024M03", datetime.date(2024, 3, 1)),
        ("2024年3月", datetime.date(2024, 3, 1)),
    ],
)
def test_dates(text, expected):
    assert read_dates(pl.Series([text])).values.to_list() == [expected]


def test_which_is_the_month():
    both, day = pl.Series(["1/2/2024", "3/4/2024"]), pl.Series(["1/2/2024", "13/4/2024"])
    assert read_dates(both).values[0] == DAY
    assert read_dates(both).note == "read as month/day/year, and would read as day/month/year too"
    assert read_dates(both, month_first=False).values[0] == datetime.date(2024, 2, 1)
    assert (read_dates(day).values[0], read_dates(day).note) == (datetime.date(2024, 2, 1), "")
    assert read_dates(pl.Series(["red", "1.5"])) is None
