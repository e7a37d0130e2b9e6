"""Estimators that know how sure they are: thin faces of `shinso.bayes`."""

import pickle

import jax
import numpy as np
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.utils.estimator_checks import (
    check_methods_sample_order_invariance,
    check_methods_subset_invariance,
)

from shinso import MLPClassifier, MLPRegressor, NetworkClassifier, NetworkRegressor

SMALL = {"network": "linear", "optimizer": "lbfgs", "epochs": 200, "l2": 0.02}
PERCEPTRON = {"hidden_layer_sizes": (5,), "solver": "lbfgs", "alpha": 1.0, "max_iter": 2000, "random_state": 0}


@pytest.fixture(autouse=True, scope="module")
def _double():
    with jax.enable_x64(True):
        yield


@pytest.fixture(scope="module")
def classifier(table):
    return NetworkClassifier(posterior="last_layer", **SMALL).fit(*table)


@pytest.fixture(scope="module")
def regressor(numbers):
    return NetworkRegressor(posterior="all", structure="full", **SMALL).fit(*numbers)


def test_probabilities_are_the_posteriors(classifier, table):
    X, y = table
    prediction = classifier.posterior_.predict(classifier.encoder_.encode(X))
    np.testing.assert_allclose(classifier.predict_proba(X), prediction.probabilities, rtol=1e-14)
    np.testing.assert_array_equal(classifier.predict(X), classifier.predict_proba(X).argmax(axis=1))
    np.testing.assert_allclose(
        classifier.log_predictive_density(X, y), np.log(prediction.probabilities[np.arange(60), y]), rtol=1e-12
    )
    assert classifier.log_evidence_ == classifier.posterior_.log_evidence()


def test_far_from_the_data_it_is_less_sure_than_the_network_alone(classifier, table):
    plain = clone(classifier).set_params(posterior=None).fit(*table)
    assert not hasattr(plain, "posterior_")
    far = 20 * table[0]
    with pytest.warns(UserWarning, match="values far from those of training"):
        sure = [one.predict_proba(far).max(axis=1).mean() for one in (classifier, plain)]
    assert sure[0] < sure[1] - 0.02


def test_names_of_classes_and_unknown_ones(table):
    X, y = table
    named = NetworkClassifier(posterior="last_layer", **SMALL).fit(X, np.array(list("abc"))[y])
    found = named.log_predictive_density(X[:2], ["a", "c"])
    np.testing.assert_allclose(found, np.log([named.predict_proba(X)[0, 0], named.predict_proba(X)[1, 2]]))
    with pytest.raises(ValueError, match=r"y must hold the classes .* of fit; got .*'d'"):
        named.log_predictive_density(X[:2], ["a", "d"])


def test_deviations_are_those_of_the_exact_posterior(regressor, numbers):
    """A linear model with the precisions found: PRML (3.54), (3.59)."""
    X, y = numbers
    mean, std = regressor.predict(X, return_std=True)
    np.testing.assert_allclose(mean, regressor.predict(X), rtol=1e-10)
    posterior, unit = regressor.posterior_, y.std()
    np.testing.assert_allclose(regressor.encoder_.units_of_targets, [unit])
    inputs = regressor.encoder_.encode(X).astype(float)
    beta, alpha = posterior.noise_precision, posterior.prior.of_parameters
    order = [posterior.paths.index(name) for name in sorted(posterior.paths, reverse=True)]
    features = np.hstack([[inputs, np.ones((60, 1))][place] for place in order])
    covariance = np.linalg.inv(np.diag(alpha) + beta * features.T @ features)
    variance = 1 / beta + np.einsum("ni,ij,nj->n", features, covariance, features)
    np.testing.assert_allclose(std, unit * np.sqrt(variance), rtol=1e-6)
    np.testing.assert_allclose(regressor.log_predictive_density(X, y), stats.norm(mean, std).logpdf(y), rtol=1e-5)


def test_evidence_prefers_inputs_that_matter(numbers):
    X, _ = numbers
    y = X[:, 0] + 0.1 * np.random.default_rng(1).normal(size=60)
    right, wrong = (
        NetworkRegressor(posterior="all", structure="full", **SMALL).fit(inputs, y) for inputs in (X, np.roll(X, 7, 0))
    )
    assert right.log_evidence_ > wrong.log_evidence_ + 20


def test_perceptrons_of_two_classes_and_numbers(table, numbers):
    X, y = table
    classes = np.where(y > 0, "yes", "no")
    made = MLPClassifier(posterior="last_layer", **PERCEPTRON).fit(X, classes)
    probabilities = made.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert (made.classes_[probabilities.argmax(axis=1)] == made.predict(X)).all()
    chosen = probabilities[np.arange(60), (classes == "yes").astype(int)]
    np.testing.assert_allclose(made.log_predictive_density(X, classes), np.log(chosen), rtol=1e-10)
    made = MLPRegressor(posterior="last_layer", **PERCEPTRON).fit(*numbers)
    mean, std = made.predict(X, return_std=True)
    assert mean.shape == std.shape == (60,)
    assert (std >= made.posterior_.noise_precision**-0.5).all()


def test_other_parameters_drop_the_posterior(table, numbers):
    X, y = numbers
    made = MLPRegressor(posterior="last_layer", **{**PERCEPTRON, "solver": "adam", "max_iter": 1})
    made.posterior_ = made.log_evidence_ = 0
    made.partial_fit(X, y)
    assert not hasattr(made, "posterior_")
    assert not hasattr(made, "log_evidence_")


def test_pickles_predict_the_same(classifier, table):
    again = pickle.loads(pickle.dumps(classifier))
    np.testing.assert_array_equal(again.predict_proba(table[0]), classifier.predict_proba(table[0]))


@pytest.mark.filterwarnings("ignore::shinso.bayes.PosteriorWarning")
@pytest.mark.parametrize(
    "check",
    [
        check_methods_sample_order_invariance,
        check_methods_subset_invariance,
    ],
    ids=lambda check: check.__name__,
)
def test_contract(check):
    check("NetworkClassifier", NetworkClassifier("linear", posterior="last_layer", epochs=5))


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ({"posterior": 3}, TypeError, "posterior must be None, 'last_layer', 'all', patterns"),
        ({"posterior": []}, TypeError, "posterior must be None, 'last_layer', 'all', patterns"),
        ({"structure": "blocks"}, ValueError, "structure must be one of diagonal, full, kronecker, low_rank"),
        (
            {"posterior": "all", "likelihood": "sigmoid_quadratic"},
            ValueError,
            "posterior must be None for this likelihood",
        ),
    ],
)
def test_bad_arguments_are_met_before_training(table, arguments, error, sentence):
    made = NetworkClassifier(**{**SMALL, **arguments})
    with pytest.raises(error, match=sentence):
        made.fit(*table)
    assert not hasattr(made, "network_")


def test_without_a_posterior_nothing_is_said_of_deviations(numbers):
    made = NetworkRegressor(**SMALL).fit(*numbers)
    with pytest.raises(ValueError, match="posterior must be given when the estimator is made"):
        made.predict(numbers[0], return_std=True)
    with pytest.raises(ValueError, match="posterior must be given when the estimator is made"):
        made.log_predictive_density(*numbers)


@pytest.mark.parametrize("estimator", [NetworkRegressor, MLPRegressor])
def test_a_pattern_that_matches_nothing_is_refused_before_training(estimator, numbers):
    made = estimator(posterior="layers.99.*", **(SMALL if estimator is NetworkRegressor else PERCEPTRON))
    with pytest.raises(ValueError, match="subset must choose a parameter"):
        made.fit(*numbers)
    assert not hasattr(made, "loss_curve_") or not made.loss_curve_
