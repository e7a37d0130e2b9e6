"""The multilayer perceptrons: scikit-learn's interface as a user meets it, and what is ours."""

import inspect
import re
import warnings

import joblib
import numpy as np
import optax
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn import neural_network
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from shinso import nn, optim
from shinso.estimators import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_layer_sizes": (5,), "random_state": 0}
PAIRS = [(MLPClassifier, neural_network.MLPClassifier), (MLPRegressor, neural_network.MLPRegressor)]


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_arguments_are_scikit_learns_then_ours(ours, theirs):
    mine, their = (list(inspect.signature(kind).parameters.values()) for kind in (ours, theirs))
    assert [(p.name, p.default, p.kind) for p in mine[: len(their)]] == [(p.name, p.default, p.kind) for p in their]
    extra = {"dropout", "l1", "posterior", "structure", "device"} | (
        {"class_weight"} if ours is MLPClassifier else set()
    )
    assert {p.name for p in mine[len(their) :]} == extra


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_fitted_attributes(ours, theirs, solver, table):
    fitted = [kind(**SMALL, solver=solver, max_iter=2).fit(*table) for kind in (ours, theirs)]
    mine, their = ({name for name in vars(model) if name.endswith("_") and name[0] != "_"} for model in fitted)
    assert mine == their


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_computes_in_the_type_of_the_inputs(dtype, solver, numbers):
    X, y = numbers
    X = (8 * X).astype(dtype)
    model = MLPRegressor(**SMALL, solver=solver, max_iter=2).fit(X, y)
    expected = np.float64 if dtype == np.int64 else dtype
    assert {array.dtype for array in (*model.coefs_, *model.intercepts_, model.predict(X))} == {np.dtype(expected)}
    assert all(type(array) is np.ndarray for array in model.coefs_)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_data_frames(frame, table):
    X, y = table
    columns = list("abcdef")
    named = frame({name: X[:, i] for i, name in enumerate(columns)})
    model = MLPClassifier(**SMALL, max_iter=2).fit(named, y)
    assert list(model.feature_names_in_) == columns
    assert np.array_equal(model.predict(named), MLPClassifier(**SMALL, max_iter=2).fit(X, y).predict(X))
    with pytest.raises(ValueError, match="feature names"):
        model.predict(named[columns[::-1]])


def test_sparse_is_dense(table):
    X, y = table
    X = np.where(np.abs(X) > 1, X, 0)
    model = MLPClassifier(**SMALL, max_iter=3).fit(X, y)
    for kind in (sparse.csr_matrix, sparse.csc_array):
        other = MLPClassifier(**SMALL, max_iter=3).fit(kind(X), y)
        assert np.array_equal(other.predict_proba(kind(X)), model.predict_proba(X))


def test_string_classes_and_probabilities(table):
    X, y = table
    names = np.array(["low", "middle", "high"])[y]
    model = MLPClassifier(**SMALL, learning_rate_init=0.1).fit(X, names)
    assert list(model.classes_) == ["high", "low", "middle"]
    assert model.score(X, names) > 0.9
    probabilities = model.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert np.array_equal(model.classes_[probabilities.argmax(axis=1)], model.predict(X))
    np.testing.assert_allclose(model.predict_log_proba(X), np.log(probabilities))


def test_pipeline_grid_search_in_two_processes(table):
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(**SMALL, max_iter=20))
    search = GridSearchCV(pipeline, {"mlpclassifier__learning_rate_init": [1e-4, 0.1]}, n_jobs=2, cv=2)
    search.fit(*table)
    assert search.best_params_ == {"mlpclassifier__learning_rate_init": 0.1}


def test_survives_joblib_and_goes_on(tmp_path, numbers):
    model = MLPRegressor(**SMALL, solver="adam")
    for _ in range(3):
        model.partial_fit(*numbers)
    joblib.dump(model, tmp_path / "model")
    other = joblib.load(tmp_path / "model")
    for each in (model, other):
        each.partial_fit(*numbers)
    assert np.array_equal(model.predict(numbers[0]), other.predict(numbers[0]))


def test_clone_takes_any_solver(numbers):
    model = clone(MLPRegressor(**SMALL, max_iter=40, solver=optax.adam(0.05)))
    assert model.fit(*numbers).loss_ < model.loss_curve_[0] / 2
    assert clone(MLPRegressor(solver=optim.optimizer_named("rmsprop"))).solver.recipe["name"] == "rmsprop"


@pytest.mark.parametrize("solver", sorted({*optim.OPTIMIZERS} - {*optim.MINIMISERS}))
def test_every_optimizer(solver, numbers):
    model = MLPRegressor(**SMALL, solver=solver, learning_rate_init=0.02, max_iter=30).fit(*numbers)
    assert model.loss_ < model.loss_curve_[0]


def test_full_batch_methods(numbers):
    small = {**SMALL, "activation": "tanh"}
    adam = MLPRegressor(**small, solver="adam", max_iter=30).fit(*numbers)
    model = MLPRegressor(**small, solver="levenberg_marquardt", max_iter=30, tol=1e-9).fit(*numbers)
    assert model.loss_ < adam.loss_ / 4
    with pytest.raises(AttributeError, match="partial_fit"):
        model.partial_fit(*numbers)


@pytest.mark.parametrize("activation", sorted({*nn.ACTIVATIONS} - {"step"}))
def test_every_activation(activation, numbers):
    model = MLPRegressor(**SMALL, solver="lbfgs", activation=activation, max_iter=5).fit(*numbers)
    assert model.score(*numbers) > 0.3


def test_class_weight_is_a_sample_weight(table):
    X, y = table
    weights = {0: 1.0, 1: 3.0, 2: 0.5}
    one = MLPClassifier(**SMALL, max_iter=3, class_weight=weights).fit(X, y)
    other = MLPClassifier(**SMALL, max_iter=3).fit(X, y, [weights[label] for label in y])
    np.testing.assert_allclose(one.coefs_[0], other.coefs_[0], rtol=1e-12)
    with pytest.raises(ValueError, match="balanced"):
        MLPClassifier(class_weight="balanced").partial_fit(X, y, classes=[0, 1, 2])


def test_l1_shrinks_and_dropout_disturbs(numbers):
    plain, lasso, dropout = (
        MLPRegressor(**SMALL, max_iter=100, learning_rate_init=0.02, **more).fit(*numbers)
        for more in ({}, {"l1": 1.0}, {"dropout": 0.5})
    )
    assert np.abs(lasso.coefs_[0]).sum() < 0.8 * np.abs(plain.coefs_[0]).sum()
    assert dropout.loss_ > plain.loss_
    assert np.array_equal(dropout.predict(numbers[0]), dropout.predict(numbers[0]))
    with pytest.raises(ValueError, match="dropout"):
        MLPRegressor(dropout=0.5, solver="lbfgs").fit(*numbers)


def test_similar_sizes_share_a_program(numbers, compilations):
    X, y = numbers
    for n in (60, 50):
        before = len(compilations)
        MLPRegressor(**SMALL, max_iter=2, alpha=0.01 * n).fit(X[:n], y[:n]).predict(X[:n])
    assert compilations[before:] == []


def test_divergence_keeps_the_last_finite_parameters(numbers):
    X, y = numbers
    model = MLPRegressor(**SMALL, solver="sgd", activation="identity", learning_rate_init=1e3)
    with pytest.raises(ValueError, match="non-finite"):
        model.fit(X, 1e6 * y)
    assert all(np.isfinite(array).all() for array in model.coefs_)
    assert np.isnan(model.loss_curve_[-1])


def test_says_when_it_has_not_converged(table, capsys):
    with pytest.warns(ConvergenceWarning, match="max_iter=2"):
        MLPClassifier(**SMALL, max_iter=2, verbose=True).fit(*table)
    assert re.findall(r"Iteration (\d)", capsys.readouterr().out) == ["1", "2"]


def test_multilabel_and_several_outputs(table):
    X, _ = table
    labels = (X[:, :2] > 0).astype(int)
    model = MLPClassifier(**SMALL, solver="lbfgs", class_weight="balanced").fit(X, labels)
    assert model.predict(X).shape == labels.shape
    assert model.score(X, labels) > 0.9
    assert MLPRegressor(**SMALL, solver="lbfgs").fit(X, X[:, :2]).score(X, X[:, :2]) > 0.9


def test_no_partial_fit_with_lbfgs():
    assert not hasattr(MLPRegressor(solver="lbfgs"), "partial_fit")
    assert hasattr(MLPRegressor(solver="adamw"), "partial_fit")


@pytest.mark.parametrize(
    ("argument", "value", "message"),
    [
        ("activation", "rleu", "Did you mean 'relu'"),
        ("solver", "adan", "Did you mean 'adam'"),
        ("solver", 3, "solver"),
        ("learning_rate", "adaptative", "Did you mean 'adaptive'"),
        ("hidden_layer_sizes", (5, 0), "hidden_layer_sizes"),
        ("hidden_layer_sizes", 2.5, "hidden_layer_sizes"),
        ("alpha", -1, "alpha"),
        ("batch_size", 0, "batch_size"),
        ("learning_rate_init", 0, "learning_rate_init"),
        ("max_iter", 0, "max_iter"),
        ("momentum", 1.5, "momentum"),
        ("beta_1", 1.0, "beta_1"),
        ("n_iter_no_change", 0, "n_iter_no_change"),
        ("shuffle", "yes", "shuffle"),
        ("dropout", 1.0, "dropout"),
        ("l1", float("nan"), "l1"),
        ("class_weight", "even", "class_weight"),
        ("device", "abacus", "device"),
    ],
)
def test_bad_arguments(argument, value, message, table):
    with pytest.raises((TypeError, ValueError), match=message):
        MLPClassifier(**{argument: value}).fit(*table)


@pytest.mark.parametrize(
    ("X", "y", "weights", "message"),
    [
        ([[np.nan], [1.0]], [0, 1], None, "NaN"),
        ([[1.0], [2.0]], [0, 1, 1], None, "inconsistent"),
        ([["a"], ["b"]], [0, 1], None, "could not convert"),
        ([[1.0], [2.0]], [0.5, 1.5], None, "Unknown label type"),
        ([[1.0], [2.0]], [0, 1], [1.0, -1.0], "sample_weight"),
        ([[1.0], [2.0]], [0, 1], [0.0, 0.0], "sample_weight"),
        ([[1.0], [2.0]], [0, 1], [1.0], "sample_weight"),
    ],
)
def test_bad_data(X, y, weights, message):
    with pytest.raises(ValueError, match=message):
        MLPClassifier().fit(X, y, weights)


def test_a_mini_batch_larger_than_the_data_is_cut(table):
    with pytest.warns(UserWarning, match="batch_size=100"):
        MLPClassifier(**SMALL, max_iter=1, batch_size=100).fit(*table)


def test_partial_fit_asks_for_classes(table):
    X, y = table
    with pytest.raises(ValueError, match="classes"):
        MLPClassifier().partial_fit(X, y)
    model = MLPClassifier(**SMALL).partial_fit(X[:10], y[:10], classes=[0, 1, 2])
    with pytest.raises(ValueError, match="classes"):
        model.partial_fit(X, y + 1)
    with pytest.raises(ValueError, match="classes"):
        model.partial_fit(X, y, classes=[0, 1])


def test_other_layers_need_other_parameters(table):
    model = MLPClassifier(**SMALL, warm_start=True, max_iter=1).fit(*table)
    model.set_params(hidden_layer_sizes=(6,))
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        model.fit(*table)


def test_interrupts_nothing_of_the_callers_warnings(table):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        MLPClassifier(**SMALL, tol=10.0).fit(*table)
