"""Sequences of different lengths behind scikit-learn's interface."""

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from shinso import SequenceClassifier, nn

QUICK = {"hidden": 6, "learning_rate": 0.03, "epochs": 30, "batch_size": 16, "schedule": "constant"}


@pytest.fixture(scope="module")
def waves():
    """48 waves of 4 to 12 steps, rising or falling at their *first* step; the second number never changes."""
    random = np.random.default_rng(0)
    y = np.array(["fall", "rise"])[np.arange(48) % 2]
    lengths = random.integers(4, 13, 48)
    X = [np.stack([random.normal(size=n), np.full(n, 7.0)], axis=1).astype(np.float32) for n in lengths]
    for sequence, name in zip(X, y, strict=True):
        sequence[0, 0] = 3.0 if name == "rise" else -3.0
    return X, y


@pytest.fixture(scope="module")
def fitted(waves):
    return SequenceClassifier("gru", **QUICK).fit(*waves)


def test_learns(fitted, waves):
    X, y = waves
    assert fitted.score(X, y) == 1.0
    assert fitted.classes_.tolist() == ["fall", "rise"]
    assert len(fitted.history_) == fitted.n_iter_ == 30
    probabilities = fitted.predict_proba(X)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)


def test_standardizes_by_all_steps(fitted, waves):
    steps = np.concatenate(waves[0])
    np.testing.assert_allclose(fitted.mean_, steps.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(fitted.scale_, [steps[:, 0].std(), 1.0], rtol=1e-5)


def test_a_prediction_does_not_depend_on_its_company(fitted, waves):
    X, _ = waves
    together = fitted.predict_proba(X)
    np.testing.assert_allclose(fitted.predict_proba(X[:3]), together[:3], rtol=1e-4, atol=1e-6)
    longer = [*X[:3], np.zeros((40, 2), np.float32)]
    np.testing.assert_allclose(fitted.predict_proba(longer)[:3], together[:3], rtol=1e-4, atol=1e-6)


def test_other_forms_of_sequences(fitted, waves):
    X, _ = waves
    objects = np.empty(len(X), object)
    objects[:] = X
    expected = fitted.predict_proba(X)
    np.testing.assert_array_equal(fitted.predict_proba(objects), expected)
    np.testing.assert_allclose(fitted.predict_proba(nn.pad(X, multiple=50)), expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(fitted.predict(np.stack([X[0][:4]] * 2)), fitted.predict([X[0][:4]] * 2))


def test_both_directions_early_stopping_and_storing(waves, tmp_path):
    settings = {**QUICK, "epochs": 12, "bidirectional": True, "dropout": 0.1, "patience": 3, "l2": 1e-4}
    model = clone(SequenceClassifier("elman", **settings, class_weight="balanced")).fit(*waves)
    assert "validation_loss" in model.history_[0]
    joblib.dump(model, tmp_path / "model")
    np.testing.assert_array_equal(joblib.load(tmp_path / "model").predict(waves[0]), model.predict(waves[0]))


def test_cross_validation(waves):
    assert len(cross_val_score(SequenceClassifier("elman", **{**QUICK, "epochs": 1}), *waves, cv=2)) == 2


ONE = np.ones((2, 3))


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        ([], [], "at least one; got none"),
        ([ONE, ONE[:0]], [0, 1], "at least one step; sequence 1 has none"),
        ([ONE, ONE[:, :2]], [0, 1], "3 numbers a step; sequence 1 has 2"),
        ([ONE, ONE * np.nan], [0, 1], "finite; sequence 1 has nan at step 0"),
        (nn.Sequences(np.ones((2, 2, 3)), np.array([2, 3])), [0, 1], "from 1 to 2, the padded length; got 3"),
        ([ONE, ONE], [0, 1, 1], "one class for each of 2 sequences; got 3"),
        ([ONE, ONE], [0, 0], "at least two classes"),
        (ONE, [0, 1], r"shape \[T, D\]"),
        (3, [0, 1], "X must be a list of sequences"),
    ],
)
def test_bad_sequences(X, y, message):
    with pytest.raises((TypeError, ValueError), match=message):
        SequenceClassifier(batch_size=1).fit(X, y)


def test_bad_width(fitted):
    with pytest.raises(ValueError, match="2 numbers a step, as in training; got 3"):
        fitted.predict([ONE])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cell": "lsmt"}, "Did you mean 'lstm'"),
        ({"hidden": 0}, "hidden"),
        ({"bidirectional": 1}, "bidirectional"),
        ({"dropout": 1.0}, "dropout"),
        ({"epochs": 0}, "epochs"),
    ],
)
def test_bad_arguments(settings, message, waves):
    with pytest.raises((TypeError, ValueError), match=message):
        SequenceClassifier(**settings).fit(*waves)
