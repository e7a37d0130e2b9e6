"""What columns of tables are taken for."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest

from shinso.data import column_type, frame_of, read_table

WORDS = ["red", "green", "blue"]
DAY = datetime.date(2024, 1, 31)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2, 2], "number"),
        ([1.5, None, float("nan")], "number"),
        (["1.5", " 2", "1e3", "-.5"], "number"),
        (["1.5", "?", "NA", ""], "number"),
        (["1", "2", "abc"], "number"),  # an error when its values are read
        (["0", "1", "2", "3+"] * 5, "category"),
        ([*(str(i) for i in range(30)), *["3+"] * 5], "number"),
        ([True, None], "boolean"),
        (["True", "FALSE", None], "boolean"),
        (WORDS, "category"),
        ([str(i) + "x" for i in range(10)], "category"),
        ([str(i) + "x" for i in range(11)], "text"),
        ([str(i) + "x" for i in range(50)] * 2, "category"),
        ([str(i) + "x" for i in range(51)] * 2, "text"),
        (["2024-01-31", "2024-02-01T10:00"], "date"),
        (["31/01/2024", "1.2.2024"], "date"),
        ([DAY, DAY], "date"),
        ([None, None], "empty"),
        ([float("nan"), None], "empty"),
        (["?", " "], "empty"),
        (pl.Series(["1", "2", "1"], dtype=pl.Categorical), "category"),
    ],
)
def test_column_types(values, expected):
    assert column_type(pl.Series("x", values)) == expected


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("id", [3, 1, 2], "row number"),
        ("", [0, 1, 2], "row number"),
        ("Unnamed: 0", [0, 1, 2], "row number"),
        ("id", [1, 1, 2], "number"),
        ("age", [1, 2, 3], "number"),
        ("id", [1.5, 2.5, 3.5], "number"),
    ],
)
def test_row_numbers(name, values, expected):
    assert column_type(pl.Series(name, values)) == expected


def test_pandas_columns_of_every_sort():
    frame = pd.DataFrame(
        {
            "i": pd.array([1, None, 3], dtype="Int64"),
            "f": [1.0, np.nan, 2.0],
            "s": ["a", None, "b"],
            "o": pd.Series([True, None, "x"], dtype=object),
            "c": pd.Categorical([1, 2, None]),
            "b": pd.array([True, None, False], dtype="boolean"),
            "t": pd.to_datetime(["2020-01-01"] * 3),
            5: [1, 2, 3],
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
    }
    assert column_type(polars["t"]) == "date"
    assert column_type(polars["c"]) == "category"


def test_lazy_polars_is_collected():
    assert frame_of(pl.LazyFrame({"a": [1]})).to_dict(as_series=False) == {"a": [1]}


@pytest.mark.parametrize(
    ("table", "error", "sentence"),
    [
        (np.ones((2, 2)), TypeError, "a table must be a DataFrame; got ndarray"),
        (pd.DataFrame(np.ones((2, 2)), columns=["a", "a"]), ValueError, "the table has 2 columns named 'a'"),
        (pd.DataFrame({"a": []}), ValueError, "the table holds no row of data"),
        (pl.DataFrame({"a": [[1], [2]]}), ValueError, r"column 'a' of the table holds List\(Int64\); accepted are"),
    ],
)
def test_bad_frames(table, error, sentence):
    with pytest.raises(error, match=sentence):
        frame_of(table)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", "a,b\n1,x\n2.5,\n"),
        ("t.csv", "\ufeffa , b\n1,x\n2.5,NA\n\n\n"),
        ("t.csv", "a;b\r\n1;x\r\n2.5;?\r\n"),
        ("t.csv", '"a"\t"b"\n1\tx\n2.5\tnull\n'),
        ("t.TSV", "a\tb\n1\tx\n2.5\t\n"),
    ],
)
def test_text_tables(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    assert read_table(tmp_path / name).to_dict(as_series=False) == {"a": [1.0, 2.5], "b": ["x", None]}


def test_late_surprise_is_not_lost(tmp_path):
    (tmp_path / "t.csv").write_text("a\n" + "1\n" * 20_000 + "x\n")
    assert read_table(tmp_path / "t.csv")["a"][-1] == "x"


def test_text_columns_keep_their_zeros(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n007,1\n")
    assert read_table(tmp_path / "t.csv", ["a"]).row(0) == ("007", 1)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("t.csv", b"", "t.csv cannot be read as a CSV file: empty CSV"),
        ("t.csv", b"a,b\n", "t.csv holds no row of data"),
        ("t.csv", b"a,b\n\n\n", "t.csv holds no row of data"),
        ("t.csv", b"a,b,a\n1,2,3\n", "t.csv has 2 columns named 'a'; every column needs a name of its own"),
        ("t.csv", b"a,b\n1,2,3\n", "t.csv cannot be read as a CSV file: found more fields"),
        ("t.csv", b"a,b\n\xff\xfe,2\n", "t.csv cannot be read as a CSV file: invalid utf-8"),
        ("t.parquet", b"no parquet", "t.parquet cannot be read as a PARQUET file"),
        ("none.csv", None, "none.csv cannot be read as a CSV file"),
    ],
)
def test_bad_files(tmp_path, name, content, sentence):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=sentence) as caught:
        read_table(tmp_path / name)
    assert "\n" not in str(caught.value)
