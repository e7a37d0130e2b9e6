"""What columns of tables are taken for."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest

from shinso.data import column_kind, frame_of
from shinso.data._columns import may_be_a_group
from shinso.data._options import Options
from shinso.data._typed import canonical, typed

WORDS = ["red", "green", "blue"]
DAY = datetime.date(2024, 1, 31)
SENTENCES = [f"the {word} one came {number} times too late" for word in WORDS for number in range(9)]
JAPANESE = [f"商品{n}は思ったよりも大きくてとても良かったです" + "。また買います" * (n % 3) for n in range(20)]


def kind(values, name="x", told=None):
    series = pl.Series(name, values, strict=False)
    return column_kind(typed(series, Options.of({"kinds": {name: told}} if told else {})).values)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2, 2], "count"),
        ([-1, 2, 2], "number"),
        ([1.5, None, float("nan"), 2.5], "number"),
        (["1.5", " 2", "1e3", "-.5"], "number"),
        (["1.5", "?", "NA", "", "2.5"], "number"),
        (["1", "2", "abc"], "category"),
        (["1"] * 30 + ["2"] * 30 + ["abc"], "count"),
        (["0", "1", "2", "3+"] * 5, "category"),
        (["01", "02", "10"], "category"),
        ([f"{n}.5" for n in range(30)] + ["Varies with device"] * 8, "number"),
        ([f"{n}" for n in range(30)] + ["free", "unknown"] * 3, "count"),
        ([f"{n} CC" for n in range(800, 830)], "count"),
        ([f"{n}.25D+02" for n in range(30)], "count"),
        ([f"202401{n:02d}" for n in range(1, 31)], "date"),
        ([f"PC {n}" for n in range(30)] + [f"{n}" for n in range(40)], "identifier"),
        ([f"{10**19 + 7 * n}" for n in range(30)], "identifier"),
        ([True, None, False], "boolean"),
        (["True", "FALSE", None], "boolean"),
        (WORDS, "category"),
        ([f"{i}x" for i in range(10)], "category"),
        (["Anna Smith", "John Doe", "Max Weber"] + [f"J. {'abcdefghijklmnop'[i]}" for i in range(9)], "identifier"),
        ([f"P{i}" for i in range(11)], "identifier"),
        ([f"person {i}" for i in range(50)], "identifier"),
        ([f"P{i}" for i in range(200)] * 2, "category"),
        ([*"abcdefghijklmn", *"abcdefgh"], "category"),
        (SENTENCES, "text"),
        (JAPANESE, "text"),
        (["2024-01-31", "2024-02-01"], "date"),
        (["2024-01-31T10:00", "2024-02-01T11:30"], "date"),
        (["31/01/2024", "01/02/2024"], "date"),
        (["10:30", "9:45"], "date"),
        ([DAY, DAY + datetime.timedelta(1)], "date"),
        ([None, None], "empty"),
        ([float("nan"), None], "empty"),
        (["?", " "], "empty"),
        (["2023"] * 3, "constant"),
        (["a", "a", None], "category"),
        (pl.Series(["1", "2", "1"], dtype=pl.Categorical), "category"),
    ],
)
def test_kinds(values, expected):
    assert kind(values) == expected


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("id", [3, 1, 2], "identifier"),
        ("userId", [3, 1, 2], "identifier"),
        ("番号", [5000, 5001, 5003], "identifier"),
        ("No.", [1, 2, 3], "identifier"),
        ("column 1", [0, 1, 2], "identifier"),
        ("Unnamed: 0", [0, 1, 2], "identifier"),
        ("Order", [1, 2, 5], "identifier"),
        ("index", [3, 1, 2], "count"),
        ("index", [1, 1, 2], "count"),
        ("id", [1, 1, 2], "count"),
        ("paid", [1, 3, 2], "count"),
        ("age", [1, 2, 3], "count"),
        ("id", [1.5, 2.5, 3.5], "number"),
        ("z", list(range(30)), "identifier"),
        ("year", list(range(1990, 2020)), "count"),
        ("z", list(range(0, 60, 2)), "count"),
    ],
)
def test_identifiers_by_what_they_are(name, values, expected):
    assert kind(values, name) == expected


def test_a_told_kind_overrides():
    assert typed(pl.Series("x", [1, 2]), Options.of({"kinds": {"x": "category"}})).values.to_list() == ["1", "2"]
    assert typed(pl.Series("x", ["01", "x"]), Options.of({"kinds": {"x": "number"}})).values.to_list() == [1.0, None]
    assert typed(pl.Series("x", ["Y", "n"]), Options.of({"kinds": {"x": "boolean"}})).values.to_list() == [True, False]
    assert typed(pl.Series("x", [20240131]), Options.of({"kinds": {"x": "date"}})).values.to_list() == [DAY]


def test_groups():
    names = [f"P{n}" for n in range(20)]
    assert may_be_a_group(pl.Series("patient", names * 2))
    assert not may_be_a_group(pl.Series("patient", names))
    assert not may_be_a_group(pl.Series("colour", names * 2))


def test_spellings():
    assert canonical(["1", "1.0", " １ ", "01", "1.5", "Dark  RED"]) == ["1", "1", "1", "01", "1.5", "dark red"]


def test_pandas_columns_of_every_sort():
    frame = pd.DataFrame(
        {
            "i": pd.array([1, None, 3], dtype="Int64"),
            "f": [1.0, np.nan, 2.0],
            "s": ["a", None, "b"],
            "o": pd.Series([True, None, "x"], dtype=object),
            "c": pd.Categorical([1, 2, None]),
            "b": pd.array([True, None, False], dtype="boolean"),
            "t": pd.to_datetime(["2020-01-01", "2020-01-02", "2020-01-03"]),
            5: [1, 2, 3],
            ("u", 1): [1, 2, 3],
        }
    )
    polars = frame_of(frame)
    assert polars.drop("t").to_dict(as_series=False) == {
        "i": [1, None, 3],
        "f": [1.0, None, 2.0],
        "s": ["a", None, "b"],
        "o": ["True", None, "x"],
        "c": ["1", "2", None],
        "b": [True, None, False],
        "5": [1, 2, 3],
        "u, 1": [1, 2, 3],
    }
    assert column_kind(polars["t"]) == "date"
    assert column_kind(polars["c"]) == "category"


def test_names_of_data_frames_are_made_different():
    with pytest.warns(UserWarning, match="column 2 is another 'a' and is called 'a_2'"):
        assert frame_of(pd.DataFrame(np.ones((2, 2)), columns=["a", "a"])).columns == ["a", "a_2"]


def test_lazy_polars_is_collected():
    assert frame_of(pl.LazyFrame({"a": [1]})).to_dict(as_series=False) == {"a": [1]}


@pytest.mark.parametrize(
    ("table", "error", "sentence"),
    [
        (np.ones((2, 2)), TypeError, "a table must be a DataFrame; got ndarray"),
        (pd.DataFrame({"a": []}), ValueError, "the table holds no row of data"),
        (pl.DataFrame({"a": [[1], [2]]}), ValueError, r"column 'a' of the table holds List\(Int64\); accepted are"),
    ],
)
def test_bad_frames(table, error, sentence):
    with pytest.raises(error, match=sentence):
        frame_of(table)
