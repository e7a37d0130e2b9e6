"""Linear models with Gaussian noise: the Laplace posterior is the exact one, of Bishop, PRML, chapter 3."""

import jax
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from shinso import bayes, objectives

ALPHA, BETA = 0.7, 5.0  # those of the problem
EXACT = [("full", {}), ("full", {"hessian": True}), ("kronecker", {}), ("low_rank", {"rank": 8})]
NEW = np.random.default_rng(5).normal(size=(7, 3))


def with_ones(inputs):
    return np.column_stack([inputs, np.ones(len(inputs))])


@pytest.mark.parametrize(("structure", "options"), EXACT, ids=["full", "hessian", "kronecker", "low_rank"])
@pytest.mark.parametrize("subset", ["all", "last_layer"])
def test_posterior_is_exact(linear, subset, structure, options):
    posterior = bayes.laplace(
        linear.model, linear.data, linear.objective, subset=subset, structure=structure, **options
    )
    # Parameters are W [3, 2] row by row, then b [2]: output by output they have one covariance.
    covariance = np.kron(linear.covariance, np.eye(2))
    np.testing.assert_allclose(posterior.mean.reshape(4, 2), linear.mean, rtol=1e-12)
    np.testing.assert_allclose(posterior.covariance.variances, np.diag(covariance), rtol=1e-9)
    units = [posterior.covariance.solve(unit) for unit in np.eye(8)]
    np.testing.assert_allclose(units, covariance, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(posterior.log_evidence(), linear.log_evidence(), rtol=1e-9)
    prediction = posterior.predict(NEW)
    np.testing.assert_allclose(prediction.mean, with_ones(NEW) @ linear.mean, rtol=1e-9)
    variance = linear.predictive_variance(with_ones(NEW))
    np.testing.assert_allclose(prediction.variance, np.column_stack([variance, variance]), rtol=1e-9)
    np.testing.assert_allclose(prediction.aleatoric, 1 / BETA, rtol=1e-12)


@pytest.mark.parametrize("structure", ["full", "kronecker", "low_rank", "diagonal"])
def test_posterior_of_the_weights_alone_holds_the_bias(linear_problem, structure):
    linear = linear_problem(0.3, orthogonal=True)
    posterior = bayes.laplace(linear.model, linear.data, linear.objective, subset="*.weight", structure=structure)
    assert posterior.paths == ("layers.0.weight",)
    held = linear_problem(0.3, orthogonal=True)
    held.targets = linear.targets - linear.mean[3]
    held.features, held.prior = linear.features[:, :3], linear.prior[:3]
    np.testing.assert_allclose(posterior.log_evidence(), held.log_evidence(), rtol=1e-9)
    variance = posterior.predict(NEW).variance[:, 0]
    np.testing.assert_allclose(variance, held.predictive_variance(NEW), rtol=1e-9)


def test_diagonal_is_exact_for_orthogonal_features(linear_problem):
    linear = linear_problem(0.3, orthogonal=True)
    posterior = bayes.laplace(linear.model, linear.data, linear.objective, structure="diagonal")
    np.testing.assert_allclose(posterior.log_evidence(), linear.log_evidence(), rtol=1e-9)
    np.testing.assert_allclose(posterior.variances.layers[0].bias, linear.covariance[3, 3], rtol=1e-9)


@pytest.mark.parametrize("structure", ["full", "kronecker"])
def test_bias_without_prior(linear_problem, structure):
    linear = linear_problem(0.0)
    posterior = bayes.laplace(linear.model, linear.data, linear.objective, structure=structure)
    variance = linear.predictive_variance(with_ones(NEW))
    np.testing.assert_allclose(posterior.predict(NEW).variance[:, 1], variance, rtol=1e-9)
    with pytest.raises(ValueError, match=r"layers\.0\.bias has none: a flat prior does not integrate"):
        posterior.log_evidence()
    given = bayes.laplace(
        linear.model, linear.data, linear.objective, structure=structure, prior_precision={"*.bias": 0.3}
    )
    assert given.prior_precisions == pytest.approx({"layers.0.bias": 0.3, "layers.0.weight": ALPHA})
    linear.prior = np.array([ALPHA, ALPHA, ALPHA, 0.3])
    np.testing.assert_allclose(given.predict(NEW).variance[:, 0], linear.predictive_variance(with_ones(NEW)), rtol=1e-9)


@pytest.mark.parametrize("structure", ["full", "kronecker", "low_rank", "diagonal"])
def test_an_ard_prior_has_a_precision_for_each_input(linear, structure):
    alphas = np.array([0.2, 4.0, 50.0])
    penalties = [objectives.ARD(alphas, "*.weight", 1 / 30), objectives.L2(0.3 / 30, "*.bias")]
    objective = objectives.Objective(objectives.Gaussian(BETA), penalties)
    with pytest.warns(bayes.PosteriorWarning):  # the parameters are those of another prior
        posterior = bayes.laplace(linear.model, linear.data, objective, structure=structure)
    assert posterior.prior_precisions == pytest.approx(
        {"layers.0.weight[0]": 0.2, "layers.0.weight[1]": 4.0, "layers.0.weight[2]": 50.0, "layers.0.bias": 0.3}
    )
    linear_prior = np.append(alphas, 0.3)
    precision = np.diag(linear_prior) + BETA * linear.features.T @ linear.features
    if structure == "diagonal":
        precision = np.diag(np.diag(precision))
    expected = np.repeat(np.diag(np.linalg.inv(precision)), 2)
    np.testing.assert_allclose(posterior.covariance.variances, expected, rtol=1e-9)


def test_functions_and_parameters_are_drawn_from_the_posterior(linear):
    posterior = bayes.laplace(linear.model, linear.data, linear.objective)
    draws = 4000
    key = jax.random.key(3)
    functions = posterior.sample_functions(NEW, draws, key=key)
    prediction = posterior.predict(NEW)
    assert functions.shape == (draws, 7, 2)
    # A mean of S draws is off by σ/√S, a variance by σ²√(2/S): five of those in 14 comparisons.
    spread = np.sqrt(prediction.epistemic)
    assert (np.abs(functions.mean(axis=0) - prediction.output_mean) < 5 * spread / draws**0.5).all()
    assert (np.abs(functions.var(axis=0) / prediction.epistemic - 1) < 5 * (2 / draws) ** 0.5).all()
    # The model is linear, so weights put into it give the same functions, and parameters drawn with the key are they.
    again = posterior.sample_functions(NEW, draws, key=key, of="weights")
    np.testing.assert_allclose(again, functions, atol=1e-9)
    parameters = posterior.sample_parameters(draws, key=key)
    layer = parameters.layers[0]
    np.testing.assert_allclose(NEW @ layer.weight + layer.bias[:, None], functions, atol=1e-9)
    vectors = jax.vmap(lambda tree: ravel_pytree(tree)[0])(parameters)
    correlation = np.corrcoef(np.asarray(vectors), rowvar=False)
    covariance = np.kron(linear.covariance, np.eye(2))
    sizes = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose(correlation, covariance / np.outer(sizes, sizes), atol=5 / draws**0.5)


def test_samples_agree_with_the_closed_form(linear):
    posterior = bayes.laplace(linear.model, linear.data, linear.objective)
    closed, sampled = posterior.predict(NEW), posterior.predict(NEW, samples=4000, key=jax.random.key(0))
    np.testing.assert_allclose(sampled.mean, closed.mean, atol=5 * closed.standard_deviation.max() / 4000**0.5)
    np.testing.assert_allclose(sampled.variance, closed.variance, rtol=0.1)
    levels = (0.05, 0.5, 0.95)
    np.testing.assert_allclose(sampled.quantiles(*levels), closed.quantiles(*levels), atol=0.03)


@pytest.mark.filterwarnings("ignore::shinso.bayes.PosteriorWarning")
def test_weighted_examples_count_as_often_as_their_weight(linear):
    inputs, targets = linear.data
    weights = np.where(np.arange(30) < 10, 2.0, 1.0)
    rows = np.repeat(np.arange(30), weights.astype(int))
    objective = objectives.Objective(objectives.Gaussian(BETA), [objectives.L2(0.02, "*")])
    weighted = bayes.laplace(linear.model, (inputs, targets, weights), objective)
    repeated = bayes.laplace(linear.model, (inputs[rows], targets[rows]), objective)
    assert weighted.prior_precisions == pytest.approx({"layers.0.weight, layers.0.bias": 0.8})
    np.testing.assert_allclose(weighted.covariance.variances, repeated.covariance.variances, rtol=1e-9)
    np.testing.assert_allclose(weighted.log_evidence(), repeated.log_evidence(), rtol=1e-9)
