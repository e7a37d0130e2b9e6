"""Estimators take DataFrames as people have them."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.inspection import permutation_importance
from sklearn.model_selection import cross_val_score

from shinso import NetworkClassifier, NetworkRegressor

N = 120
RNG = np.random.default_rng(0)
COLOUR = RNG.choice(["red", "green", "blue"], N)
SIZE = RNG.normal(size=N)
FRAME = pd.DataFrame(
    {
        "colour": COLOUR,
        "size": np.where(np.arange(N) % 9 == 0, np.nan, SIZE),
        "when": [datetime.datetime(2024, 1, 1) + datetime.timedelta(days=int(k)) for k in range(N)],
        "kind": pd.Categorical([f"k{k % 3}" for k in range(N)]),
        "id": [f"K{k:03}" for k in range(N)],
    }
)
LABELS = np.where((COLOUR == "red") | (SIZE > 1), "yes", "no")

pytestmark = pytest.mark.filterwarnings("ignore:column ")


@pytest.fixture(scope="module")
def classifier():
    return NetworkClassifier(epochs=40, hidden=(16,), learning_rate=0.01).fit(FRAME, LABELS)


def test_text_dates_categories_and_missing_values(classifier):
    assert classifier.score(FRAME, LABELS) > 0.9
    assert list(classifier.feature_names_in_) == list(FRAME)
    assert classifier.n_features_in_ == 5
    assert "id" not in "".join(classifier.encoder_.feature_names)


def test_the_order_of_columns_and_the_library_do_not_matter(classifier):
    other = pl.DataFrame({name: FRAME[name].to_list() for name in reversed(list(FRAME))})
    other = other.with_columns(pl.col("size").fill_nan(None))
    np.testing.assert_array_equal(classifier.predict_proba(other), classifier.predict_proba(FRAME))


def test_what_is_not_used_and_what_is_unknown_is_told(classifier):
    with pytest.warns(UserWarning, match="column 'id' is not used: it tells rows apart"):
        clone(classifier).set_params(epochs=1).fit(FRAME, LABELS)
    with pytest.warns(UserWarning, match=r"unknown in training \('pink'\)"):
        classifier.predict(FRAME.head(3).assign(colour="pink"))
    with pytest.raises(ValueError, match="has no column 'colour'"):
        classifier.predict(FRAME.drop(columns="colour"))
    with pytest.raises(TypeError, match="a table must be a DataFrame; got ndarray"):
        classifier.predict(np.ones((2, 5)))


def test_a_regression_of_a_table():
    values = 1000 * SIZE + 5000 * (COLOUR == "red")
    model = NetworkRegressor(epochs=60, hidden=(16,), learning_rate=0.01).fit(FRAME, values)
    assert model.score(FRAME, values) > 0.8
    assert np.isfinite(cross_val_score(model.set_params(epochs=2), FRAME, values, cv=2)).all()


def test_permutation_importance(classifier):
    found = permutation_importance(classifier, FRAME, LABELS, n_repeats=2, random_state=0)
    assert np.argmax(found.importances_mean) == list(FRAME).index("colour")


@pytest.mark.parametrize(
    ("X", "y", "error", "sentence"),
    [
        (FRAME, LABELS[:-1], ValueError, "inconsistent numbers of samples"),
        (FRAME, np.full(N, np.nan), ValueError, "y contains NaN"),
    ],
)
def test_bad_tables(X, y, error, sentence):
    with pytest.raises(error, match=sentence):
        NetworkClassifier(epochs=1).fit(X, y)


def test_a_warm_start_says_what_it_does_not_heed():
    X = RNG.normal(size=(40, 3))
    model = NetworkClassifier(epochs=1, hidden=(4,), warm_start=True).fit(X, X[:, 0] > 0)
    model.set_params(epochs=2, l2=0.1).fit(X, X[:, 0] > 0)
    with pytest.warns(UserWarning, match=r"hidden=\(8,\) is not heeded, it was \(4,\) then"):
        model.set_params(hidden=(8,)).fit(X, X[:, 0] > 0)
