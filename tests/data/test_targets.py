"""Kinds of targets, labels ↔ indices, values ↔ standardized values."""

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from shinso.data import TargetEncoder, infer_kind
from shinso.data._targets import target_frame


def frame(values, **more):
    return pl.DataFrame({"y": values, **more}, strict=False)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (frame(["a", "b", "a"]), "classification"),
        (frame([True, False, True]), "classification"),
        (frame(["True", "False"]), "classification"),
        (frame([0, 1, 0, 1]), "classification"),
        (frame(["0", "1", "0", " 1"]), "classification"),
        (frame(list(range(20)) * 2), "classification"),
        (frame(list(range(21)) * 2), "regression"),
        (frame([0, 1, 2, 3, 3]), "regression"),
        (frame([0.0, 1.0, 0.0, 1.0]), "classification"),
        (frame(["0.0", "1.0", "0.0", "1.0"]), "classification"),
        (frame([-1, 1, -1, 1]), "classification"),
        (frame([0, 1, 1, 1]), "classification"),
        (frame([8, 9, 8, 9, 8, 9, 20]), "regression"),
        (frame(list(range(26)) * 5), "classification"),
        (frame([k * k for k in range(26)] * 5), "regression"),
        (frame(["01", "02"] * 3), "classification"),
        (frame([1, 0] * 6, z=[0, 1] * 6), "classification"),
        (frame([1.5, 2.5]), "regression"),
        (frame([0, 1, 1], z=[1, 1, 0]), "multilabel"),
        (frame([False, True], z=[1, 0]), "multilabel"),
        (frame([0, 1, 2], z=[1, 1, 0]), "regression"),
        (frame([0.5, 1, 2], z=[1, 1, 0]), "regression"),
    ],
)
def test_kinds(columns, expected):
    assert infer_kind(columns) == expected


def fit(columns, kind=None, training=None):
    rows = np.arange(columns.height) if training is None else np.asarray(training)
    return TargetEncoder.fit(columns, rows, kind)


@pytest.mark.parametrize(
    ("values", "kind", "classes"),
    [
        (["b", " a", "b"], None, ("a", "b")),
        ([True, False], None, (False, True)),
        (["no", "yes"], None, ("no", "yes")),
        (["02", "10", "01", "02"], None, ("01", "02", "10")),
        ([0.0, 1.0, 1.0, 0.0], None, (0, 1)),
        ([3, 1, 3, 1], None, (1, 3)),
        (["3", "1", "3", "1"], None, ("1", "3")),
        ([2.5, 1.0], "classification", (1.0, 2.5)),
        (["1", "2", "x"], "classification", ("1", "2", "x")),
    ],
)
def test_classes_keep_their_types(values, kind, classes):
    encoder = fit(frame(values), kind)
    assert encoder.classes == classes
    assert [type(label) for label in encoder.classes] == [type(label) for label in classes]
    again = TargetEncoder.from_dict(json.loads(json.dumps(encoder.to_dict())))
    assert again == encoder
    assert [type(label) for label in again.classes] == [type(label) for label in classes]
    indices = encoder.encode(frame(values))
    assert indices.dtype == np.int32
    np.testing.assert_array_equal(encoder.encode(frame(encoder.decode(indices))), indices)


def test_scale_comes_from_training_rows():
    columns = frame([1.0, 3.0, 100.0], z=[2.0, 2.0, 5.0])
    encoder = fit(columns, training=[0, 1])
    assert (encoder.mean, encoder.std) == ((2.0, 2.0), (1.0, 1.0))  # the second column is constant in training
    np.testing.assert_array_equal(encoder.encode(columns), [[-1, 0], [1, 0], [98, 3]])


@settings(deadline=None)
@given(hnp.arrays("f8", st.tuples(st.integers(2, 9), st.integers(1, 3)), elements=st.integers(-(10**6), 10**6)))
def test_values_come_back(values):
    if (np.ptp(values, axis=0) == 0).any():
        return
    columns = pl.DataFrame({f"y{k}": values[:, k] for k in range(values.shape[1])})
    encoder = fit(columns, "regression")
    again = TargetEncoder.from_dict(json.loads(json.dumps(encoder.to_dict())))
    assert again == encoder
    scaled = again.encode(columns)
    np.testing.assert_allclose(again.decode(scaled), values, atol=1e-6 * np.abs(values).max())
    expected = (values - values.mean(axis=0)) / values.std(axis=0)
    np.testing.assert_allclose(scaled, expected, atol=1e-5)


def test_counts_and_labels_stay():
    for kind, values in (("count", [0, 5, 2]), ("multilabel", [0, 1, 1])):
        encoder = fit(frame(values), kind)
        np.testing.assert_array_equal(encoder.encode(frame(values))[:, 0], values)
        np.testing.assert_array_equal(encoder.decode(np.array(values)), values)


@pytest.mark.parametrize(
    ("columns", "kind", "sentence"),
    [
        (frame(["a", "a"]), None, "target column 'y' must have at least two classes; every row is 'a'"),
        (frame([1, 1, 1]), None, "target column 'y' must have at least two classes; every row is 1"),
        (frame([2.5, 2.5]), None, "target column 'y' must vary; every row is 2.5"),
        (frame([1, 1], z=[1, 1]), None, "target column 'y' must vary; every row is 1"),
        (frame(["a", None, "b", "?"]), None, r"is missing or NaN in data row 2 \(and in 1 other rows\)"),
        (frame([1.5, float("nan")]), None, "target column 'y' must have a value in every row; .* data row 2"),
        (frame([1.5, float("inf")]), None, "column 'y' must hold finite numbers .*; got inf in data row 2"),
        (frame([1.5, float("inf")]), "classification", "column 'y' must hold finite numbers"),
        (frame(["1", "2", "abc", "4"]), None, "column 'y' must hold numbers; got 'abc' in data row 3"),
        (frame(["a", "b"]), "regression", r"column 'y' must hold numbers; got 'a' in data row 1 \(and in 1 other"),
        (frame(["2024-01-31", "2024-02-01"]), None, "target column 'y' must hold numbers, .*; it holds dates"),
        (
            frame([0, 1], z=[0, 1]),
            "classification",
            r"classification needs a single target column, or .*; got y, z, which have not in data row 1",
        ),
        (frame([0, 2]), "multilabel", "target column 'y' must hold 0 or 1 for multilabel; got 2 in data row 2"),
        (frame([0, 1.5]), "count", "must hold whole numbers of at least 0 for count; got 1.5 in data row 2"),
        (frame([0, -1]), "count", "must hold whole numbers of at least 0 for count; got -1 in data row 2"),
        (frame([0, 1]), "regresion", "kind must be one of .*; got 'regresion'. Did you mean 'regression'"),
    ],
)
def test_bad_targets(columns, kind, sentence):
    with pytest.raises(ValueError, match=sentence) as caught:
        fit(columns, kind)
    assert "\n" not in str(caught.value)


def test_unknown_class():
    with pytest.raises(ValueError, match="must hold the classes 'a', 'b'; got 'c' in data row 2"):
        fit(frame(["a", "b"])).encode(frame(["a", "c"]))
    with pytest.raises(ValueError, match="must hold the classes 0, 1; got 'x' in data row 1"):
        fit(frame([0, 1, 0, 1])).encode(frame(["x", "0"]))
    with pytest.raises(ValueError, match="must hold the classes 0, 1; got 0.7 in data row 2"):
        fit(frame([0, 1, 0, 1])).encode(frame([1.0, 0.7]))


def test_one_hot_columns_are_classes():
    columns = pl.DataFrame({"cat": [1, 0, 0] * 4, "dog": [0, 1, 0] * 4, "owl": [0, 0, 1] * 4})
    encoder = fit(columns)
    assert (encoder.kind, encoder.classes) == ("classification", ("cat", "dog", "owl"))
    np.testing.assert_array_equal(encoder.encode(columns), [0, 1, 2] * 4)
    assert encoder.decode(np.array([2])).tolist() == ["owl"]
    assert fit(target_frame(np.eye(3)[[0, 1, 2] * 4])).classes == (0, 1, 2)


def test_predictions_stay_within_the_range_of_training():
    encoder = TargetEncoder.fit(pl.DataFrame({"y": [1.0, 2.0, 3.0, 9.0]}), np.arange(3), "regression")
    again = TargetEncoder.from_dict(json.loads(json.dumps(encoder.to_dict())))
    assert again == encoder
    predicted = np.array([[-9.0], [0.0], [9.0]])
    np.testing.assert_allclose(again.answer(predicted), [[1], [2], [3]])
    assert again.decode(predicted)[0] < 1
    classes = TargetEncoder.fit(pl.DataFrame({"y": ["a", "b", "a"]}), np.arange(3))
    assert classes.answer(np.array([1, 0])).tolist() == ["b", "a"]
