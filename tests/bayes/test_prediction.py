"""Closed forms of the predictive distribution against integration and sampling."""

import numpy as np
import pytest
from scipy import integrate, special, stats

from shinso import objectives
from shinso.bayes._prediction import closed_form, of_draws

MEAN = np.array([[-2.0], [0.3], [1.5]])
VARIANCE = np.array([[0.5], [2.0], [0.1]])


def expectation(function, mean, variance):
    density = stats.norm(mean, variance**0.5)
    return integrate.quad(lambda a: function(a) * density.pdf(a), *density.interval(1 - 1e-14))[0]


def columns(function):
    return np.array([[expectation(function, *one)] for one in np.column_stack([MEAN, VARIANCE])])


def test_gaussian():
    found = closed_form(objectives.Gaussian(4.0), MEAN, VARIANCE[..., None])
    np.testing.assert_allclose(found.mean, MEAN)
    np.testing.assert_allclose(found.standard_deviation**2, VARIANCE + 0.25)
    levels = (0.05, 0.5, 0.9)
    expected = np.stack([stats.norm(MEAN, np.sqrt(VARIANCE + 0.25)).ppf(level) for level in levels])
    np.testing.assert_allclose(found.quantiles(*levels), expected)
    assert found.probabilities is None


def test_bernoulli():
    found = closed_form(objectives.Bernoulli(), MEAN, VARIANCE[..., None])
    np.testing.assert_allclose(found.mean, special.expit(MEAN / np.sqrt(1 + np.pi * VARIANCE / 8)), rtol=1e-12)
    exact = columns(special.expit)
    np.testing.assert_allclose(found.mean, exact, atol=0.01)
    square = columns(lambda a: special.expit(a) ** 2)
    np.testing.assert_allclose(found.epistemic, square - exact**2, atol=1e-6)
    np.testing.assert_allclose(found.variance, found.mean * (1 - found.mean), rtol=1e-12)
    np.testing.assert_array_equal(found.probabilities, found.mean)
    with pytest.raises(ValueError, match="quantiles are of numbers and counts"):
        found.quantiles(0.5)


def test_poisson():
    found = closed_form(objectives.Poisson(), MEAN, VARIANCE[..., None])
    rate, square = columns(np.exp), columns(lambda a: np.exp(2 * a))
    np.testing.assert_allclose(found.mean, rate, rtol=1e-7)
    np.testing.assert_allclose(found.aleatoric, rate, rtol=1e-7)
    np.testing.assert_allclose(found.epistemic, square - rate**2, rtol=1e-6)
    levels = (0.1, 0.5, 0.99)
    for level, quantiles in zip(levels, found.quantiles(*levels), strict=True):
        below = [
            expectation(lambda a, m=m: special.pdtr(m, np.exp(a)), *one)
            for m, one in zip(quantiles.ravel(), np.column_stack([MEAN, VARIANCE]), strict=True)
        ]
        assert (np.array(below) >= level - 1e-5).all()
        one_less = [
            expectation(lambda a, m=m: special.pdtr(m - 1, np.exp(a)) if m > 0 else 0.0, *one)
            for m, one in zip(quantiles.ravel(), np.column_stack([MEAN, VARIANCE]), strict=True)
        ]
        assert (np.array(one_less) < level + 1e-5).all()


def test_categorical_of_two_classes_is_bernoulli():
    # Logits (a/2, −a/2) have the difference a.
    halves = np.array([0.5, -0.5])
    two = closed_form(objectives.Categorical(), MEAN * halves, VARIANCE[..., None] * np.outer(halves, halves))
    one = closed_form(objectives.Bernoulli(), MEAN, VARIANCE[..., None])
    np.testing.assert_allclose(two.mean[:, :1], one.mean, rtol=1e-12)
    np.testing.assert_allclose(two.epistemic[:, :1], one.epistemic, rtol=0.2)


def test_categorical_is_near_the_integral_and_does_not_see_a_shift():
    rng = np.random.default_rng(0)
    mean = rng.normal(size=(6, 4))
    half = rng.normal(size=(6, 4, 4))
    covariance = half @ np.swapaxes(half, 1, 2) / 4
    found = closed_form(objectives.Categorical(), mean, covariance)
    draws = mean + np.einsum("nkl,snl->snk", np.linalg.cholesky(covariance), rng.normal(size=(20_000, 6, 4)))
    sampled = of_draws(objectives.Categorical(), draws)
    np.testing.assert_allclose(found.mean, sampled.mean, atol=0.06)
    np.testing.assert_allclose(found.epistemic, sampled.epistemic, atol=0.01)
    np.testing.assert_allclose(sampled.variance, sampled.mean * (1 - sampled.mean), rtol=1e-9)
    shifted = closed_form(objectives.Categorical(), mean + 3, covariance + 50)
    np.testing.assert_allclose(shifted.mean, found.mean, rtol=1e-9)


def test_quantiles_of_draws_are_those_of_the_mixture():
    draws = np.random.default_rng(0).normal(size=(50, 3, 2))
    gaussian = of_draws(objectives.Gaussian(4.0), draws)
    (low,) = gaussian.quantiles(0.2)
    np.testing.assert_allclose(stats.norm(draws, 0.5).cdf(low).mean(axis=0), 0.2, rtol=1e-9)
    poisson = of_draws(objectives.Poisson(), draws)
    (high,) = poisson.quantiles(0.9)
    below = stats.poisson(np.exp(draws))
    assert (below.cdf(high).mean(axis=0) >= 0.9).all()
    assert (below.cdf(high - 1).mean(axis=0) < 0.9).all()
