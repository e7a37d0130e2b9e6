"""Densities and calibration figures against literal NumPy and SciPy."""

import numpy as np
import pytest
from scipy import stats

from shinso import bayes, objectives
from shinso.bayes._prediction import closed_form, of_draws

RNG = np.random.default_rng(0)
PROBABILITIES = RNG.dirichlet(np.ones(3), size=200)
CLASSES = RNG.integers(0, 3, size=200)


def predicted(name, examples=20, outputs=2):
    """A predictive distribution with correlated outputs."""
    rng = np.random.default_rng(1)
    roots = 0.4 * rng.normal(size=(examples, outputs, outputs))
    covariance = roots @ roots.swapaxes(1, 2)
    likelihood = objectives.Gaussian(4.0) if name == "gaussian" else objectives.likelihood(name)
    return closed_form(likelihood, rng.normal(size=(examples, outputs)), covariance)


@pytest.mark.parametrize("bins", [1, 5, 15])
def test_reliability_is_the_literal_sum_over_bins(bins):
    confidence, right = PROBABILITIES.max(axis=1), PROBABILITIES.argmax(axis=1) == CLASSES
    error = 0.0
    for b in range(bins):
        inside = [n for n in range(200) if b / bins < confidence[n] <= (b + 1) / bins]
        if inside:
            error += len(inside) / 200 * abs(np.mean(right[inside]) - np.mean(confidence[inside]))
    found = bayes.reliability(PROBABILITIES, CLASSES, bins=bins)
    assert found.counts.sum() == 200
    assert bayes.expected_calibration_error(PROBABILITIES, CLASSES, bins=bins) == pytest.approx(error, abs=1e-14)
    assert found.expected_calibration_error == pytest.approx(error, abs=1e-14)


def test_certain_and_right_is_calibrated():
    assert bayes.expected_calibration_error(np.eye(3)[CLASSES], CLASSES) == 0
    assert bayes.expected_calibration_error(np.eye(3)[(CLASSES + 1) % 3], CLASSES) == 1


def test_brier_score():
    literal = np.mean(
        [sum((p[k] - (k == y)) ** 2 for k in range(3)) for p, y in zip(PROBABILITIES, CLASSES, strict=True)]
    )
    assert bayes.brier_score(PROBABILITIES, CLASSES) == pytest.approx(literal, abs=1e-14)


def test_coverage_of_what_is_drawn_from_the_prediction():
    prediction = predicted("gaussian", examples=4000)
    targets = prediction.mean + prediction.standard_deviation * np.random.default_rng(2).normal(
        size=prediction.mean.shape
    )
    assert bayes.interval_coverage(prediction, targets, level=0.9) == pytest.approx(0.9, abs=0.015)
    assert bayes.interval_coverage(prediction, targets, level=0.5) == pytest.approx(0.5, abs=0.02)


def test_gaussian_density_is_that_of_the_outputs_together():
    prediction = predicted("gaussian")
    targets = np.random.default_rng(3).normal(size=(20, 2))
    spread = prediction.output_covariance + np.eye(2) / 4
    expected = [
        stats.multivariate_normal(m, s).logpdf(y) for m, s, y in zip(prediction.mean, spread, targets, strict=True)
    ]
    np.testing.assert_allclose(bayes.log_density(prediction, targets), expected, rtol=1e-12)


def test_densities_of_classes_and_labels():
    prediction = predicted("categorical", outputs=3)
    classes = np.arange(20) % 3
    expected = [np.log(prediction.mean[n, y]) for n, y in enumerate(classes)]
    np.testing.assert_allclose(bayes.log_density(prediction, classes), expected, rtol=1e-14)
    prediction = predicted("bernoulli")
    labels = np.stack([np.arange(20) % 2, np.arange(20) % 3 == 0], axis=1).astype(float)
    expected = stats.bernoulli.logpmf(labels.astype(int), prediction.mean).sum(axis=1)
    np.testing.assert_allclose(bayes.log_density(prediction, labels), expected, rtol=1e-12)


def test_densities_of_counts_are_the_integral():
    prediction = predicted("poisson", outputs=1)
    counts = np.arange(20) % 5
    found = bayes.log_density(prediction, counts.astype(float))
    for n in range(3):
        a = stats.norm(prediction.output_mean[n, 0], prediction.output_covariance[n, 0, 0] ** 0.5)
        integral = a.expect(lambda a, n=n: stats.poisson.pmf(counts[n], np.exp(a)))
        assert found[n] == pytest.approx(np.log(integral), abs=1e-7)
    total = np.exp([bayes.log_density(prediction, np.full(20, float(m))) for m in range(60)]).sum(axis=0)
    np.testing.assert_allclose(total, 1, atol=1e-6)


def test_draws_are_a_mixture():
    draws = np.random.default_rng(4).normal(size=(7, 5, 2))
    prediction = of_draws(objectives.Gaussian(2.0), draws)
    targets = np.zeros((5, 2))
    expected = np.log(stats.norm(draws, 0.5**0.5).pdf(targets).prod(axis=-1).mean(axis=0))
    np.testing.assert_allclose(bayes.log_density(prediction, targets), expected, rtol=1e-10)


def test_assessments():
    classes = np.arange(20) % 3
    prediction = predicted("categorical", outputs=3)
    found = bayes.assess(prediction, classes)
    assert found.accuracy == np.mean(prediction.mean.argmax(axis=1) == classes)
    assert found.brier_score == bayes.brier_score(prediction.mean, classes)
    assert found.expected_calibration_error == bayes.expected_calibration_error(prediction.mean, classes)
    assert found.coverage is None
    prediction = predicted("bernoulli", outputs=1)
    labels = (classes > 0).astype(float)
    two = np.hstack([1 - prediction.mean, prediction.mean])
    assert bayes.assess(prediction, labels).brier_score == bayes.brier_score(two, labels.astype(int))
    prediction = predicted("gaussian", outputs=1)
    found = bayes.assess(prediction, np.zeros(20))
    assert found.root_mean_squared_error == pytest.approx(np.sqrt(np.mean(prediction.mean**2)))
    assert found.coverage == bayes.interval_coverage(prediction, np.zeros(20))
    assert found.accuracy is found.expected_calibration_error is None


@pytest.mark.parametrize(
    ("before", "after", "worse"),
    [
        ({"validation": 0.3, "test": 0.5}, {"validation": 0.2, "test": 0.6}, "test"),
        ({"validation": 0.3, "test": 0.5}, {"validation": 0.4, "test": 0.5}, None),
        ({"validation": 0.3}, {"validation": 0.4}, "validation"),
        ({}, {}, None),
    ],
)
def test_which_examples_the_network_alone_is_better_on(before, after, worse):
    pair = ({name: bayes.Assessment(10, loss) for name, loss in losses.items()} for losses in (before, after))
    assert bayes.RunPosterior(None, None, *pair, {}, 0.0, 1.0).worse == worse


def test_with_evidence_every_parameter_has_a_prior(linear):
    """The noise and precisions are those of `fit_priors`; the network alone differs in its variance only."""
    plain = objectives.Objective(objectives.Gaussian(1.0))
    posterior = bayes.laplace(linear.model, linear.data, plain, subset="all", structure="full", priors="evidence")
    assert len(posterior.prior_precisions) == 2  # weight and bias, each by itself
    assert posterior.prior.proper
    assert np.isfinite(posterior.log_evidence())
    last, before = posterior.history[-1], posterior.history[-2]
    assert last["log_evidence"] == pytest.approx(before["log_evidence"], abs=1e-3)
    inputs = linear.data[0]
    alone, averaged = bayes.predict_alone(posterior, inputs), posterior.predict(inputs)
    np.testing.assert_allclose(alone.mean, averaged.mean, rtol=1e-10)
    np.testing.assert_allclose(alone.variance.mean(axis=1), 1 / posterior.noise_precision, rtol=1e-6)
    errors = np.mean((np.asarray(linear.data[1]) - alone.mean) ** 2, axis=0)
    np.testing.assert_allclose(
        alone.variance / alone.variance.sum(axis=1, keepdims=True), [errors / errors.sum()] * 30, rtol=0.05
    )
    assert (averaged.variance > alone.variance).all()
    penalized = objectives.Objective(objectives.Gaussian(1.0), [objectives.L1(0.1), objectives.L2(0.1, "*.bias")])
    with pytest.warns(bayes.PosteriorWarning, match="not at a minimum"):
        posterior = bayes.laplace(
            linear.model, linear.data, penalized, subset="all", structure="kronecker", priors="evidence"
        )
    assert len(posterior.prior_precisions) == 2  # L1 has given way to a Gaussian prior


@pytest.mark.parametrize(
    ("work", "sentence"),
    [
        (lambda: bayes.reliability([[0.5, 0.6]], [0]), "at least 0 with sum 1"),
        (lambda: bayes.reliability([[1.0]], [0]), "K ≥ 2 classes"),
        (lambda: bayes.reliability([[0.5, 0.5]], [2]), "classes from 0 to 1; got 2"),
        (lambda: bayes.reliability([[0.5, 0.5]], [0.0]), "targets must be class indices"),
        (lambda: bayes.reliability([[0.5, 0.5]], [0], bins=0), "bins must be a whole number, at least 1; got 0"),
        (lambda: bayes.log_density(predicted("gaussian"), np.zeros(20)), r"targets must have shape \[20, 2\]"),
        (lambda: bayes.log_density(predicted("categorical"), np.zeros(20)), "targets must be class indices"),
        (lambda: bayes.log_density(predicted("categorical"), np.full(20, 2)), "classes from 0 to 1"),
        (lambda: bayes.interval_coverage(predicted("gaussian"), np.zeros((20, 2)), level=1.0), "level must be"),
        (lambda: bayes.interval_coverage(predicted("categorical"), np.zeros(20, int)), "quantiles are of numbers"),
    ],
)
def test_bad_input_is_one_sentence(work, sentence):
    with pytest.raises(ValueError, match=sentence):
        work()
