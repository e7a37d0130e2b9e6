"""Each output of a regression has noise of its own."""

import numpy as np
import pytest
from scipy import stats

from shinso import NetworkRegressor
from shinso.objectives import Gaussian, objective_from_recipe

NOISE = np.array([0.1, 1.0])
N = 400


@pytest.fixture(scope="module")
def examples():
    random = np.random.default_rng(0)
    X = random.normal(size=(2 * N, 3))
    return X, X[:, :2] + NOISE * random.normal(size=(2 * N, 2))


@pytest.mark.parametrize("units", [1.0, 1e6])
def test_standard_deviations_are_those_of_each_output(examples, units):
    X, y = examples
    model = NetworkRegressor(network="linear", epochs=60, posterior="all", learning_rate=0.01, l2=0.0)
    mean, deviation = model.fit(X[:N], units * y[:N]).predict(X[N:], return_std=True)
    np.testing.assert_allclose(deviation.mean(axis=0), units * NOISE, rtol=0.15)
    inside = np.abs(mean - units * y[N:]) < 1.96 * deviation
    assert (np.abs(inside.mean(axis=0) - 0.95) < 0.04).all()


def test_the_gaussian_with_shares_is_that_of_scipy():
    likelihood = Gaussian(4.0, (0.5, 2.0))
    deviations = 1 / np.sqrt(4.0 * np.array([0.5, 2.0]))
    random = np.random.default_rng(1)
    a, y = random.normal(size=(2, 5, 2)).astype(np.float32)
    expected = stats.norm.logpdf(y, a, deviations).sum(axis=1)
    np.testing.assert_allclose(likelihood.log_likelihood(a, y), expected, rtol=1e-5)
    np.testing.assert_allclose(likelihood.cumulative(y, a), stats.norm.cdf(y, a, deviations), rtol=1e-6)
    np.testing.assert_allclose(likelihood.variance(a), np.broadcast_to(deviations**2, a.shape), rtol=1e-6)
    covariance = np.broadcast_to(np.array([[0.3, 0.1], [0.1, 0.2]]), (5, 2, 2))
    whole = covariance[0] + np.diag(deviations**2)
    density = [stats.multivariate_normal(mean, whole).logpdf(value) for mean, value in zip(a, y, strict=True)]
    np.testing.assert_allclose(likelihood.predictive_log_density(y, a, covariance), density, rtol=1e-5)
    quantile = a + stats.norm.ppf(0.9) * np.sqrt(np.diag(whole))
    np.testing.assert_allclose(likelihood.predictive_quantile(0.9, a, covariance), quantile, rtol=1e-6)
    again = objective_from_recipe({"likelihood": likelihood.recipe}).likelihood
    assert again.recipe == likelihood.recipe


def test_shares_follow_the_errors_and_keep_the_mean_variance():
    errors = np.array([[1.0, 3.0], [-1.0, -3.0]])
    made = Gaussian(2.0).with_own_noise(errors)
    variances = np.asarray(made.variance(np.zeros((1, 2))))[0]
    assert variances.mean() == pytest.approx(0.5)
    assert variances[1] / variances[0] == pytest.approx(9)
    assert Gaussian(2.0).with_own_noise(errors[:, :1]).shares is None
