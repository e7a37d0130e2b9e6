"""Encoding of tables and arrays: fitted on training rows, the same after a round trip through JSON."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from shinso.data import Encoder, ImageInputs, TableInputs, TargetEncoder, VectorInputs, load_digits

LABELS = TargetEncoder("classification", ("y",), classes=("a", "b"))
TABLE = pl.DataFrame(
    {
        "age": [20.0, None, 40.0, 60.0, 1000.0],
        "height": [1.5, 1.6, 1.7, 1.8, None],
        "member": [True, False, None, True, False],
        "colour": ["red", None, "blue", "red", "mauve"],
        "born": ["2000-01-01", "2001-01-01", None, "2002-02-02", "2003-03-03"],
        "nothing": [None, None, None, None, None],
        "id": [5, 4, 3, 2, 1],
    }
)
TRAINING = np.arange(4)


@pytest.fixture(scope="module")
def fitted():
    inputs, dropped = TableInputs.fit(TABLE, TRAINING, standardize=True)
    return Encoder(inputs, LABELS, "people"), dropped


def test_features_of_each_column(fitted):
    encoder, dropped = fitted
    vectors, notes = encoder.encode_with_notes(TABLE)
    ages = np.array([20, 40, 40, 60])  # the missing one is the median of the training rows
    heights = np.array([1.5, 1.6, 1.7, 1.8])
    # 2000-01-01 was a Saturday, 2001-01-01 a Monday, 2002-02-02 a Saturday; 10957, 11323 and 11720 days after 1970-01-01.
    days, years = np.array([10957, 11323, 11323, 11720, 12114]), np.array([2000, 2001, 2001, 2002, 2003])
    months, weekdays = np.array([0, 0, 0, 1, 2]), np.array([5, 0, 0, 5, 0])
    known = [1, 1, 0, 1, 1]
    trend, year = days[:4], years[:4]
    expected = {
        "age": (np.array([20, 40, 40, 60, 60 + 40 * np.tanh(940 / 40)]) - 40) / ages.std(),
        "age is missing": [0, 1, 0, 0, 0],
        "height": (np.array([1.5, 1.6, 1.7, 1.8, 1.65]) - 1.65) / heights.std(),
        "member": [1, 0, 1, 1, 0],
        "member is missing": [0, 0, 1, 0, 0],
        "colour=blue": [0, 0, 1, 0, 0.25],
        "colour=red": [1, 0, 0, 1, 0.5],
        "colour is missing": [0, 1, 0, 0, 0],
        "born trend": (drawn(days, 10957, 11720) - trend.mean()) / trend.std(),
        "born year": (drawn(years, 2000, 2002) - year.mean()) / year.std(),
        "born month sin": np.sin(2 * np.pi * months / 12) * known,
        "born month cos": np.cos(2 * np.pi * months / 12) * known,
        "born weekday sin": np.sin(2 * np.pi * weekdays / 7) * known,
        "born weekday cos": np.cos(2 * np.pi * weekdays / 7) * known,
        "born is missing": [0, 0, 1, 0, 0],
    }
    assert encoder.feature_names == tuple(expected)
    assert encoder.input_shape == (15,)
    np.testing.assert_allclose(vectors, np.stack(list(expected.values()), axis=1), atol=1e-5)
    assert notes == (
        "column 'age': 1 of 5 values missing, replaced by the training median 40",
        "column 'age': 1 of 5 values far from those of training, 20 to 60 (such as 1000), drawn in",
        "column 'height': 1 of 5 values missing, replaced by the training median 1.65",
        "column 'member': 1 of 5 values missing, replaced by the training median 1",
        "column 'colour': 1 of 5 values missing, a category of its own",
        "column 'colour': 1 of 5 values of categories unknown in training ('mauve'), encoded as the average of training",
        "column 'born': 1 of 5 dates missing",
    )
    assert dropped == (
        "column 'nothing' is not used: it holds no value",
        "column 'id' is not used: it tells rows apart (5 different values); kinds={'id': …} uses it",
    )


def drawn(values, low, high):
    width = high - low
    return np.where(values > high, high + width * np.tanh((values - high) / width), values)


def test_encode_warns_of_what_was_handled(fitted):
    with pytest.warns(UserWarning) as caught:  # noqa: PT030  (all are looked at)
        fitted[0].encode(TABLE)
    assert tuple(str(warning.message) for warning in caught) == fitted[0].encode_with_notes(TABLE)[1]
    assert caught[0].filename == __file__


def test_any_frame_and_extra_columns(fitted):
    rows = {"height": [1.6], "colour": ["red"], "age": [30], "member": ["true"], "born": ["2000-01-01"], "more": ["x"]}
    expected = fitted[0].encode(pl.DataFrame(rows))
    np.testing.assert_array_equal(fitted[0].encode(pd.DataFrame(rows)), expected)
    np.testing.assert_array_equal(fitted[0].encode(pl.LazyFrame(rows)), expected)
    rows |= {"age": ["30 "], "member": [1], "born": pl.Series(["2000-01-01"]).str.to_date()}
    np.testing.assert_array_equal(fitted[0].encode(pl.DataFrame(rows)), expected)


def test_missing_where_training_had_none():
    table = pl.DataFrame({"c": ["u", "v", "u"], "x": [1.0, 2.0, 4.0]})
    inputs, _ = TableInputs.fit(table, np.arange(3), standardize=False)
    vectors, notes = inputs.encode(pl.DataFrame({"c": [None], "x": [None]}))
    np.testing.assert_allclose(vectors, [[2 / 3, 1 / 3, 2]], rtol=1e-6)
    assert notes[0] == "column 'c': 1 of 1 values missing, encoded as the average of training, where none was missing"


GOOD = {
    "age": [30.0, 40.0],
    "height": [1.5, 1.6],
    "member": [True, False],
    "colour": ["red", "red"],
    "born": ["2000-01-01", "2001-01-01"],
}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"age": [1.0, float("inf")]}, "column 'age' must hold finite numbers .*; got inf in data row 2"),
        ({"age": [1.0, -1e300]}, r"column 'age' must hold finite numbers .*; got -1e\+300 in data row 2"),
        ({"age": ["1", "many"]}, "column 'age' must hold numbers; got 'many' in data row 2"),
        ({"member": ["true", "perhaps"]}, "column 'member' must hold numbers; got 'true' in data row 1"),
        ({"age": pl.Series([0, 1]).cast(pl.Date)}, "column 'age' must hold numbers; it holds dates or times"),
        ({"born": ["2000-01-01", "soon"]}, "column 'born' must hold dates, as in training; got 'soon' in data row 2"),
        ({"born": [1.5, 2.5]}, "column 'born' must hold dates, as in training; it holds Float64"),
    ],
)
def test_bad_tables(fitted, change, sentence):
    with pytest.raises(ValueError, match=sentence):
        fitted[0].encode(pl.DataFrame(GOOD | change))


def test_absent_columns_and_other_types(fitted):
    with pytest.raises(
        ValueError, match=r"the table has no column 'age', 'height'; its columns are 'ages', .*; did you"
    ):
        fitted[0].encode(pl.DataFrame({"ages": [1.0], "member": [True], "colour": ["red"], "born": [None]}))
    with pytest.raises(TypeError, match="a table must be a DataFrame; got ndarray"):
        fitted[0].encode(np.ones((2, 4)))


def test_nothing_left():
    with pytest.raises(
        ValueError,
        match=r"at least one usable column of inputs \(column 'd' is not used: it is the same in every row\)",
    ):
        TableInputs.fit(pl.DataFrame({"d": ["a", "a"]}), np.arange(2), standardize=True)


def test_read_by_type_of_model(fitted, tmp_path):
    (tmp_path / "new.csv").write_text("colour,age,height,member,born\nred,30,1.6,true,2000-01-01\n")
    table = fitted[0].read(tmp_path / "new.csv")
    assert fitted[0].encode(table).shape == (1, 15)
    (tmp_path / "p.png").write_bytes(b"")
    with pytest.raises(ValueError, match=r"p.png must be a table \(.csv, .*\), as the model reads columns"):
        fitted[0].read(tmp_path / "p.png")
    with pytest.raises(ValueError, match="does not exist"):
        fitted[0].read(tmp_path / "none.csv")


def test_categories_that_look_like_numbers_survive_a_file(tmp_path):
    (tmp_path / "a.csv").write_text("code,y\n" + "007,1\n3+,2\n010,3\n" * 5)
    (tmp_path / "b.csv").write_text("code\n007\n010\n")
    frame = pl.read_csv(tmp_path / "a.csv")
    encoder = Encoder(TableInputs.fit(frame.select("code"), np.arange(15), standardize=True)[0], LABELS)
    vectors, notes = encoder.encode_with_notes(encoder.read(tmp_path / "b.csv"))
    assert notes == ()
    np.testing.assert_array_equal(vectors, [[1, 0, 0], [0, 1, 0]])


def test_vectors_like_scikit_learn(tmp_path):
    X = np.random.default_rng(0).normal(3, 5, (20, 4)).astype(np.float32)
    X[:, 2] = 7.0
    encoder = Encoder(VectorInputs.fit(X, standardize=True), LABELS)
    np.testing.assert_allclose(encoder.encode(X), StandardScaler().fit(X).transform(X), atol=1e-5)
    np.testing.assert_array_equal(encoder.encode(X[0]), encoder.encode(X)[:1])
    table = pd.DataFrame(X, columns=list("abcd"))
    with pytest.warns(UserWarning, match="columns are taken in the order they stand"):
        np.testing.assert_array_equal(encoder.encode(table), encoder.encode(X))
    table.columns = list("1234")
    table.to_csv(tmp_path / "x.csv", index=False)
    np.savez(tmp_path / "x.npz", X=X)
    np.testing.assert_array_equal(encoder.encode(encoder.read(tmp_path / "x.npz")), encoder.encode(X))
    np.testing.assert_allclose(encoder.encode(encoder.read(tmp_path / "x.csv")), encoder.encode(X), atol=1e-5)
    np.testing.assert_array_equal(Encoder(VectorInputs.fit(X, standardize=False), LABELS).encode(X), X)


@pytest.mark.parametrize(
    ("raw", "error", "sentence"),
    [
        (np.ones((2, 3)), ValueError, r"inputs must have shape \(N, 4\); got \(2, 3\)"),
        (np.ones((0, 4)), ValueError, "at least one example"),
        (np.full((2, 4), np.nan), ValueError, r"got NaN at inputs\[0, 0\]"),
        (np.full((2, 4), np.inf), ValueError, r"got inf at inputs\[0, 0\]"),
        (np.full((2, 4), "x"), TypeError, "inputs must be an array of numbers; got 'x'"),
    ],
)
def test_bad_vectors(raw, error, sentence):
    with pytest.raises(error, match=sentence):
        Encoder(VectorInputs((1.0,) * 4, (1.0,) * 4), LABELS).encode(raw)


def test_vectors_read_no_pictures(tmp_path):
    (tmp_path / "p.png").write_bytes(b"")
    with pytest.raises(ValueError, match=r"p.png must be .npz, .csv"):
        Encoder(VectorInputs((0.0,), (1.0,)), LABELS).read(tmp_path / "p.png")


def test_images_are_standardized_by_channel():
    images = np.random.default_rng(0).random((10, 3, 4, 2)).astype(np.float32)
    images[..., 1] = 0.5
    inputs = ImageInputs.fit(images, standardize=True)
    encoded = inputs.encode(images)[0]
    np.testing.assert_allclose(
        encoded[..., 0], (images[..., 0] - images[..., 0].mean()) / images[..., 0].std(), atol=1e-5
    )
    np.testing.assert_array_equal(encoded[..., 1], 0)
    assert inputs.unit


def test_labelled_data(fitted):
    encoder = fitted[0]
    data = encoder.dataset(pl.DataFrame({**GOOD, "y": ["b", "a"]}))
    np.testing.assert_array_equal(data.targets, [1, 0])
    assert (data.classes, data.name, data.feature_names) == (("a", "b"), "people", encoder.feature_names)
    np.testing.assert_array_equal(encoder.dataset(pl.DataFrame(GOOD), ["b", "a"]).targets, [1, 0])
    with pytest.raises(ValueError, match="the table has no target column 'y'"):
        encoder.dataset(pl.DataFrame(GOOD))
    with pytest.raises(TypeError, match="raw_targets must be given"):
        Encoder(VectorInputs((0.0,), (1.0,)), LABELS).dataset(np.ones((2, 1)))
    with pytest.raises(ValueError, match=r"targets must have 1 columns \(y\); got 3"):
        encoder.encode_targets([["a", "b", "c"]])
    with pytest.raises(ValueError, match="column 'y0' must hold numbers; got 'a' in data row 1"):
        encoder.encode_targets([["a", "b"]])


# Far beyond these bounds a value the encoder has not seen can be too many deviations away for a 32-bit float: an error.
numbers = st.floats(-1e15, 1e15).map(lambda number: number if abs(number) > 1e-6 else 0.0)
columns = st.one_of(
    st.lists(st.none() | numbers, min_size=6, max_size=6),
    st.lists(st.none() | st.sampled_from(["red", "green", "bl,ue", 'qu"ote', "é"]), min_size=6, max_size=6),
    st.lists(st.none() | st.booleans(), min_size=6, max_size=6),
)


@settings(deadline=None)
@given(st.lists(columns, min_size=1, max_size=4), st.booleans())
def test_json_round_trip_of_tables(values, standardize):
    table = pl.DataFrame({f"c{i}": column for i, column in enumerate(values)} | {"x": [1.0, 2, 3, 4, 5, 6]})
    inputs, _ = TableInputs.fit(table, np.arange(4), standardize=standardize)
    encoder = Encoder(inputs, TargetEncoder("regression", ("y",), mean=(0.1,), std=(1 / 3,)), "t")
    again = Encoder.from_dict(json.loads(json.dumps(encoder.to_dict())))
    assert again == encoder
    np.testing.assert_array_equal(again.encode_with_notes(table)[0], encoder.encode_with_notes(table)[0])


@pytest.mark.parametrize(
    "inputs", [ImageInputs((3, 4, 1), (0.1,), (1 / 3,), unit=True), VectorInputs((0.1, 0.7), (1 / 3, 1e-7))]
)
def test_json_round_trip_of_arrays(inputs):
    encoder = Encoder(inputs, LABELS, "t")
    assert Encoder.from_dict(json.loads(json.dumps(encoder.to_dict()))) == encoder


def test_deviations_below_the_smallest_32_bit_float_count_as_none():
    table = pl.DataFrame({"a": [0.0, 1.8e-76, 0.0, 1.0], "b": [1.0, 2.0, 3.0, 4.0]})
    inputs, _ = TableInputs.fit(table, np.arange(3), standardize=True)
    encoded, _ = inputs.encode(table)
    np.testing.assert_allclose(encoded[:, 0], [0, 0, 0, 0], atol=1e-30)


@pytest.mark.parametrize("damage", [{}, {"inputs": {"type": "sound"}}, {"inputs": 3}, {"targets": {"kind": "x"}}])
def test_damaged_description(damage):
    description = Encoder(VectorInputs((0.0,), (1.0,)), LABELS).to_dict()
    with pytest.raises(ValueError, match="the description of the encoder is incomplete or damaged"):
        Encoder.from_dict({**description, **damage} if damage else {})


def test_digits():
    digits = load_digits()
    assert (digits.inputs.shape, digits.inputs.min(), digits.inputs.max()) == ((1797, 8, 8, 1), 0.0, 1.0)
