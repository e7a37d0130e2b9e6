"""What likelihoods make of uncertain outputs, a ~ N(ā, s²), against integration."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, special, stats

from shinso import objectives
from shinso.objectives import GeneralizedLinear, Huber, NegativeBinomial, Poisson, Quantile, likelihood, predictive

MEAN = np.array([[-1.0], [0.3], [1.5]])
VARIANCE = np.array([[0.5], [1.2], [0.1]])
COVARIANCE = VARIANCE[..., None]
ALPHA, DELTA, SCALE = 0.5, 1.2, 0.7


def expectation(function, mean, variance):
    density = stats.norm(mean, variance**0.5)
    low, high = density.interval(1 - 1e-14)
    return integrate.quad(lambda a: function(a) * density.pdf(a), low, high, limit=200)[0]


def column(function):
    return np.array([[expectation(function, *one)] for one in np.column_stack([MEAN, VARIANCE])])


def count(a):
    return stats.nbinom(1 / ALPHA, 1 / (1 + ALPHA * np.exp(a)))


class HuberNoise(stats.rv_continuous):
    """Huber's density by numbers."""

    def _pdf(self, u):
        z = np.sqrt(2 * np.pi) * (2 * stats.norm.cdf(DELTA) - 1) + 2 * np.exp(-(DELTA**2) / 2) / DELTA
        return np.exp(-special.huber(DELTA, u)) / z


NOISE = HuberNoise()


def test_a_negative_binomial_is_averaged_in_closed_form():
    found = NegativeBinomial(ALPHA)
    rate, square = column(np.exp), column(lambda a: np.exp(2 * a))
    epistemic, aleatoric = found.predictive_variances(MEAN, COVARIANCE)
    np.testing.assert_allclose(found.predictive_mean(MEAN, COVARIANCE), rate, rtol=1e-7)
    np.testing.assert_allclose(epistemic, square - rate**2, rtol=1e-6)
    np.testing.assert_allclose(aleatoric, rate + ALPHA * square, rtol=1e-6)
    counts = np.array([[0.0], [2.0], [7.0]])
    expected = [
        np.log(expectation(lambda a, y=y: count(a).pmf(y), *one))
        for y, one in zip(counts.ravel(), np.column_stack([MEAN, VARIANCE]), strict=True)
    ]
    np.testing.assert_allclose(found.predictive_log_density(counts, MEAN, COVARIANCE), expected, rtol=1e-7)


@pytest.mark.parametrize("level", [0.05, 0.5, 0.99])
def test_quantiles_of_counts_are_the_least_that_reach_the_level(level):
    draws = np.random.default_rng(0).normal(size=(40, 3, 2))
    for found, cdf in (
        (NegativeBinomial(ALPHA), lambda m: count(draws).cdf(m)),
        (Poisson(), lambda m: stats.poisson(np.exp(draws)).cdf(m)),
    ):
        most = found.mixture_quantile(level, draws)
        assert (cdf(most).mean(axis=0) >= level).all()
        assert (cdf(most - 1).mean(axis=0) < level).all()


def test_huber_noise_by_numbers():
    found = Huber(DELTA, SCALE)
    values = np.linspace(-4, 4, 9)
    np.testing.assert_allclose(found.cumulative(values, np.zeros(1)), [NOISE.cdf(v / SCALE) for v in values], atol=1e-8)
    variance = (
        SCALE**2
        * 2
        * sum(integrate.quad(lambda u: u**2 * NOISE.pdf(u), *piece)[0] for piece in ((0, DELTA), (DELTA, 60)))
    )
    epistemic, aleatoric = found.predictive_variances(MEAN, COVARIANCE)
    np.testing.assert_allclose(aleatoric, variance, rtol=1e-6)
    np.testing.assert_allclose(epistemic, VARIANCE, rtol=1e-10)
    np.testing.assert_array_equal(found.predictive_mean(MEAN, COVARIANCE), MEAN)
    targets = np.array([[0.5], [3.0], [1.4]])
    expected = [
        np.log(expectation(lambda a, y=y: NOISE.pdf((y - a) / SCALE) / SCALE, *one))
        for y, one in zip(targets.ravel(), np.column_stack([MEAN, VARIANCE]), strict=True)
    ]
    np.testing.assert_allclose(found.predictive_log_density(targets, MEAN, COVARIANCE), expected, rtol=1e-6)
    quantile = found.predictive_quantile(0.9, MEAN, COVARIANCE)
    below = [
        expectation(lambda a, y=y: found.cumulative(y, a), *one)
        for y, one in zip(quantile.ravel(), np.column_stack([MEAN, VARIANCE]), strict=True)
    ]
    np.testing.assert_allclose(below, 0.9, rtol=1e-6)


def test_a_probit_is_averaged_exactly():
    found, spread = likelihood("bernoulli", link="probit"), np.sqrt(1 + VARIANCE)
    p = stats.norm.cdf(MEAN / spread)
    np.testing.assert_allclose(found.predictive_mean(MEAN, COVARIANCE), p, rtol=1e-9)
    epistemic, aleatoric = found.predictive_variances(MEAN, COVARIANCE)
    np.testing.assert_allclose(epistemic + aleatoric, p * (1 - p), rtol=1e-9)
    np.testing.assert_allclose(epistemic, column(lambda a: stats.norm.cdf(a) ** 2) - p**2, atol=1e-9)
    labels = np.array([[1.0], [0.0], [1.0]])
    expected = np.log(np.where(labels == 1, p, 1 - p)).sum(axis=1)
    np.testing.assert_allclose(found.predictive_log_density(labels, MEAN, COVARIANCE), expected, rtol=1e-9)


def test_a_link_averages_its_familys_numbers():
    found = GeneralizedLinear(Poisson(), jax.nn.softplus)
    rates = column(lambda a: np.log1p(np.exp(a)))
    np.testing.assert_allclose(found.predictive_mean(MEAN, COVARIANCE), rates, rtol=1e-8)
    median = found.mixture_quantile(0.5, MEAN[None])
    np.testing.assert_array_equal(median, stats.poisson(np.log1p(np.exp(MEAN))).ppf(0.5))


def test_one_rule_serves_outputs_without_doubt():
    """Of outputs that are certain the average is the likelihood itself."""
    certain = np.zeros_like(COVARIANCE)
    targets = np.array([[1.0], [0.0], [1.0]])
    for name in ("gaussian", "bernoulli", "poisson", "negative_binomial", "huber"):
        one = likelihood(name)
        np.testing.assert_allclose(one.predictive_mean(MEAN, certain), one.mean(jnp.asarray(MEAN)), rtol=1e-6)
        plain = one.log_likelihood(jnp.asarray(MEAN), jnp.asarray(targets))
        np.testing.assert_allclose(one.predictive_log_density(targets, MEAN, certain), plain, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(one.predictive_variances(MEAN, certain)[0], 0, atol=1e-12)


def test_which_can_be_averaged():
    names = [name for name in objectives.LIKELIHOODS if isinstance(likelihood(name), objectives.Predictive)]
    assert names == ["gaussian", "bernoulli", "categorical", "poisson", "negative_binomial", "huber"]
    with pytest.raises(ValueError, match="likelihood must be one of gaussian, .*huber for a posterior; got quantile"):
        predictive(Quantile())
    with pytest.raises(ValueError, match="quantiles are of numbers and counts"):
        likelihood("bernoulli", link="probit").mixture_quantile(0.5, MEAN[None])
