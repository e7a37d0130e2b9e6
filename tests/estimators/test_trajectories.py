"""Step for step against scikit-learn: same first weights, same order (shuffle=False), float64, several epochs."""

import warnings

import numpy as np
import pytest
from sklearn import neural_network
from sklearn.datasets import make_classification, make_multilabel_classification, make_regression
from sklearn.exceptions import ConvergenceWarning

from shinso.estimators import MLPClassifier, MLPRegressor

SETTINGS = {"hidden_layer_sizes": (5, 4), "max_iter": 6, "batch_size": 16, "shuffle": False, "random_state": 3}

POLICIES = {
    "sgd": {"solver": "sgd", "learning_rate_init": 0.1},
    "sgd without momentum": {"solver": "sgd", "learning_rate_init": 0.1, "momentum": 0.0},
    "sgd classical momentum": {"solver": "sgd", "learning_rate_init": 0.1, "nesterovs_momentum": False},
    "sgd invscaling": {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.5, "power_t": 0.3},
    "sgd adaptive": {
        "solver": "sgd",
        "learning_rate": "adaptive",
        "learning_rate_init": 0.1,
        "tol": 10.0,
        "n_iter_no_change": 1,
        "max_iter": 30,
    },
    "adam": {"solver": "adam", "learning_rate_init": 0.01},
    "adam other moments": {"solver": "adam", "beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3, "alpha": 0.5},
    "early stopping": {"solver": "adam", "early_stopping": True, "validation_fraction": 0.2, "n_iter_no_change": 2},
    "stops": {"solver": "adam", "tol": 1e-2, "n_iter_no_change": 2, "max_iter": 50},
    "lbfgs": {"solver": "lbfgs", "max_iter": 15},
    "lbfgs few evaluations": {"solver": "lbfgs", "max_fun": 7},
    "one batch": {"solver": "sgd", "batch_size": 60, "learning_rate_init": 0.1},
}


def pair(kind, **settings):
    ours, theirs = {
        "classifier": (MLPClassifier, neural_network.MLPClassifier),
        "regressor": (MLPRegressor, neural_network.MLPRegressor),
    }[kind]
    return ours(**settings), theirs(**settings)


def fitted(kind, data, **settings):
    models = pair(kind, **{**SETTINGS, **settings})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for model in models:
            model.fit(*data)
    return models


def assert_same(ours, theirs):
    # A line search amplifies rounding from iteration to iteration.
    rtol = 1e-5 if ours.solver == "lbfgs" else 1e-9
    for name in ("coefs_", "intercepts_"):
        for a, b in zip(getattr(ours, name), getattr(theirs, name), strict=True):
            np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)
    for name in ("n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_", "_no_improvement_count"):
        assert getattr(ours, name, None) == getattr(theirs, name, None), name
    for name in ("loss_", "loss_curve_", "best_loss_", "validation_scores_", "best_validation_score_"):
        a, b = getattr(ours, name, None), getattr(theirs, name, None)
        assert (a is None) == (b is None), name
        if a is not None:
            np.testing.assert_allclose(a, b, rtol=rtol, err_msg=name)


BINARY = make_classification(60, 6, n_classes=2, random_state=0)
CLASSES = make_classification(60, 6, n_classes=3, n_informative=4, random_state=0)
LABELS = make_multilabel_classification(60, 6, n_classes=3, random_state=0)
NUMBERS = make_regression(60, 6, random_state=0)
NUMBERS = (NUMBERS[0], NUMBERS[1] / 100)
SEVERAL = make_regression(60, 6, n_targets=3, random_state=0)
SEVERAL = (SEVERAL[0], SEVERAL[1] / 100)


@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy_for_classes(policy):
    assert_same(*fitted("classifier", CLASSES, **POLICIES[policy]))


@pytest.mark.parametrize("policy", ["sgd", "adam", "lbfgs", "early stopping", "sgd adaptive"])
def test_policies_for_numbers(policy):
    assert_same(*fitted("regressor", NUMBERS, **POLICIES[policy]))


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh"])
def test_activations(activation):
    assert_same(*fitted("classifier", BINARY, activation=activation, solver="sgd", learning_rate_init=0.1))


@pytest.mark.parametrize("data", [BINARY, LABELS], ids=["binary", "labels"])
@pytest.mark.parametrize("policy", ["adam", "early stopping"])
def test_logistic_outputs(data, policy):
    assert_same(*fitted("classifier", data, **POLICIES[policy]))


@pytest.mark.parametrize("policy", ["sgd", "early stopping"])
def test_several_numbers(policy):
    assert_same(*fitted("regressor", SEVERAL, **POLICIES[policy]))


@pytest.mark.parametrize("policy", ["adam", "lbfgs"])
def test_counts(policy):
    counts = np.random.default_rng(0).poisson(np.exp(0.3 * NUMBERS[0][:, 0]))
    assert_same(*fitted("regressor", (NUMBERS[0], counts), loss="poisson", **POLICIES[policy]))


@pytest.mark.parametrize("policy", ["sgd", "lbfgs", "early stopping"])
@pytest.mark.parametrize("kind", ["classifier", "regressor"])
def test_sample_weights(kind, policy):
    weights = np.random.default_rng(0).integers(0, 4, 60).astype(float)
    data = {"classifier": BINARY, "regressor": NUMBERS}[kind]
    assert_same(*fitted(kind, (*data, weights), **POLICIES[policy]))


@pytest.mark.parametrize("policy", ["sgd", "sgd invscaling", "adam", "sgd adaptive"])
def test_partial_fit_goes_on(policy):
    settings = {name: value for name, value in POLICIES[policy].items() if name != "max_iter"}
    ours, theirs = pair("regressor", **{**SETTINGS, **settings})
    for rows in (slice(0, 40), slice(20, 60), slice(0, 40), slice(0, 40)):
        for model in (ours, theirs):
            model.partial_fit(NUMBERS[0][rows], NUMBERS[1][rows])
        assert ours._optimizer.learning_rate == pytest.approx(
            ours.learning_rate_init if policy == "adam" else theirs._optimizer.learning_rate
        )
    assert_same(ours, theirs)


@pytest.mark.parametrize("policy", ["sgd invscaling", "adam", "lbfgs", "stops"])
def test_warm_start_goes_on(policy):
    ours, theirs = pair("regressor", **{**SETTINGS, **POLICIES[policy], "warm_start": True})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for _ in range(3):
            for model in (ours, theirs):
                model.fit(*NUMBERS)
    assert_same(ours, theirs)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_warm_start_restores_the_best_of_all_fits():
    """scikit-learn trains its stored best weights in place from the second fit on; ours stay as they were."""
    model = MLPRegressor(**{**SETTINGS, **POLICIES["early stopping"], "warm_start": True, "learning_rate_init": 0.5})
    model.fit(*NUMBERS)
    best, weights = model.best_validation_score_, model.coefs_
    model.fit(*NUMBERS)
    assert max(model.validation_scores_) == model.best_validation_score_ >= best
    if model.best_validation_score_ == best:
        assert all(np.array_equal(a, b) for a, b in zip(model.coefs_, weights, strict=True))


def test_first_weights_are_the_same_bits():
    ours, theirs = fitted(
        "classifier", CLASSES, learning_rate_init=1e-300, alpha=0.0, max_iter=1, activation="logistic"
    )
    for a, b in zip(ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True):
        assert np.array_equal(a, b)
