"""Width and inverse temperature, chosen by held-out examples."""

import dataclasses

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose

import shinso
from shinso import bayes, nn
from shinso.bayes._held_out import FACTORS, INVERSE_TEMPERATURES
from shinso.objectives import L2, Objective, likelihood

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(60, 3)).astype(np.float32)
Y = np.argmax(4 * X + 0.3 * GENERATOR.normal(size=(60, 3)), axis=1).astype(np.int32)
NUMBERS = (X @ GENERATOR.normal(size=(3, 2)) + 0.5 * GENERATOR.normal(size=(60, 2))).astype(np.float32)


def posterior_of(name, targets, precision):
    model = nn.linear(3, 3 if name == "categorical" else 2, key=jax.random.key(0))
    objective = Objective(likelihood(name), [L2(0.05, "*")])  # which leaves logits small
    run = shinso.train(model, objective, (X[:30], targets[:30]), epochs=200, optimizer="lbfgs")
    return shinso.laplace(run, (X[:30], targets[:30]), prior_precision=precision)


@pytest.fixture(scope="module")
def posterior():
    return posterior_of("categorical", Y, 0.1)


@pytest.fixture(scope="module")
def of_numbers():
    return posterior_of("gaussian", NUMBERS, 1.0)


def loss(posterior, targets):
    return bayes.assess(posterior.predict(X[30:]), targets[30:]).negative_log_likelihood


def hyperprior(factor, by):
    return (np.log10(factor) / 2) ** 2 / 2 + np.log2(by) ** 2 / 2


def test_of_all_factors_and_inverse_temperatures_the_likeliest_are_taken(posterior):
    def penalized(factor, by):
        prior = posterior.prior.with_precisions(factor * posterior.prior.precisions)
        tried = dataclasses.replace(posterior, prior=prior, inverse_temperature=by)
        return loss(tried, Y) + hyperprior(factor, by) / 30

    found = posterior.calibrate(X[30:], Y[30:])
    best = min(found.history, key=lambda row: row["penalized"])
    assert [row["factor"] for row in found.history] == FACTORS.tolist()
    assert found.inverse_temperature == best["inverse_temperature"] != 1
    assert_allclose(found.prior.precisions, best["factor"] * posterior.prior.precisions)
    assert_allclose(loss(found, Y), best["negative_log_likelihood"], rtol=1e-6)
    every = [penalized(factor, by) for factor in FACTORS[::4] for by in INVERSE_TEMPERATURES[::6]]
    assert best["penalized"] <= min(every) + 1e-9
    assert_allclose(penalized(best["factor"], best["inverse_temperature"]), best["penalized"], rtol=1e-6)


def test_noise_of_numbers_is_chosen_with_the_width(of_numbers):
    found = of_numbers.calibrate(X[30:], NUMBERS[30:])
    assert found.inverse_temperature == 1
    by_errors = 1 / np.mean(np.square(bayes.predict_alone(of_numbers, X[30:]).mean - NUMBERS[30:]))
    for row in found.history:
        by = row["noise_precision"] / by_errors
        prior = of_numbers.prior.with_precisions(row["factor"] * of_numbers.prior.precisions)
        tried = dataclasses.replace(of_numbers, prior=prior, noise_precision=row["noise_precision"])
        assert_allclose(loss(tried, NUMBERS), row["negative_log_likelihood"], rtol=1e-6)
        width = row["factor"] * of_numbers.noise_precision / row["noise_precision"]
        cost = hyperprior(width, by) / 30
        assert_allclose(row["negative_log_likelihood"] + cost, row["penalized"], rtol=1e-9)
    assert 2 < found.noise_precision < 8  # drawn with 4


def test_counts_have_a_width_alone():
    counts = GENERATOR.poisson(np.exp(0.3 * NUMBERS)).astype(np.float32)
    found = posterior_of("poisson", counts, 1.0).calibrate(X[30:], counts[30:])
    assert found.inverse_temperature == 1
    assert all(row["inverse_temperature"] == 1 for row in found.history)


def test_inverse_temperature_multiplies_logits(posterior, tmp_path):
    cold = dataclasses.replace(posterior, inverse_temperature=2.0)
    mean, covariance = posterior.output_moments(X)
    found = cold.output_moments(X)
    assert_allclose(found[0], 2 * mean)
    assert_allclose(found[1], 4 * covariance)
    key = jax.random.key(0)
    assert_allclose(cold.sample_functions(X, 3, key=key), 2 * posterior.sample_functions(X, 3, key=key))
    assert bayes.load_posterior(cold.save(tmp_path / "posterior.safetensors")).inverse_temperature == 2.0


def test_targets_are_checked(posterior):
    with pytest.raises(ValueError, match="targets must be class"):
        posterior.calibrate(X[30:], Y[30:].astype(float))
