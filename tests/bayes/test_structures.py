"""A small network in every structure against dense matrices, and generalized linear models against the formulas."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from scipy import special, stats

from shinso import bayes, curvature, nn, objectives

OUTPUTS = {"bernoulli": 1, "poisson": 2}
PRIOR = {"layers.0.*": 0.5, "layers.2.weight": 2.0, "layers.2.bias": 0.1}
NEW = np.random.default_rng(7).normal(size=(5, 2))


@pytest.fixture(scope="module")
def network(trained, drawn):
    """A network of tanh units at the minimum of its cost, its cost and its data."""
    inputs, targets = drawn("categorical")
    model = nn.mlp(2, 3, hidden=(4,), activation="tanh", key=jax.random.key(2))
    objective = objectives.Objective(objectives.Categorical(), [objectives.L2(0.02, "*")])
    return trained(model, objective, (inputs, targets)), objective, (inputs, targets)


@pytest.fixture(scope="module")
def dense(network):
    """The curvature that each structure should have, as a dense matrix."""
    model, _, data = network
    return references(model, data)


@pytest.fixture(scope="module")
def unpenalized_biases(network, trained):
    """The network at the minimum of a cost whose penalty leaves biases free."""
    model, _, data = network
    objective = objectives.Objective(objectives.Categorical(), [objectives.L2(0.02)])
    return trained(model, objective, data), data, objective


def jacobian(model, inputs):
    parameters, rest = eqx.partition(model, eqx.is_inexact_array)
    flat, unflatten = ravel_pytree(parameters)
    found = jax.jacfwd(lambda w: eqx.combine(unflatten(w), rest)(jnp.asarray(inputs)))(flat)
    return np.asarray(found)


def gauss_trained(model, inputs):
    """Σ_n JᵀMJ for a softmax, written out."""
    j = jacobian(model, inputs)
    p = special.softmax(np.asarray(model(jnp.asarray(inputs))), axis=1)
    m = np.einsum("nk,kl->nkl", p, np.eye(3)) - np.einsum("nk,nl->nkl", p, p)
    return np.einsum("nkw,nkl,nlv->wv", j, m, j)


def prior_of(posterior):
    sizes = {path: int(np.prod(shape)) for path, shape in posterior.network.shapes.items()}
    alpha = {"layers.0.weight": 0.5, "layers.0.bias": 0.5, "layers.2.weight": 2.0, "layers.2.bias": 0.1}
    return np.concatenate([np.full(size, alpha[path]) for path, size in sizes.items()])


def references(model, data):
    whole = gauss_trained(model, data[0])
    kronecker = curvature.kronecker(model, objectives.Objective(objectives.Categorical()), data)
    values, vectors = np.linalg.eigh(whole)
    leading = (vectors[:, -6:] * values[-6:]) @ vectors[:, -6:].T
    return {
        "full": whole,
        "diagonal": np.diag(np.diag(whole)),
        "kronecker": len(data[1]) * np.asarray(kronecker.as_matrix()),
        "low_rank": leading,
    }


@pytest.mark.parametrize(
    ("structure", "options"), [("full", {}), ("diagonal", {}), ("kronecker", {}), ("low_rank", {"rank": 6})]
)
def test_structure_is_its_dense_matrix(network, dense, structure, options):
    model, objective, data = network
    posterior = bayes.laplace(model, data, objective, structure=structure, prior_precision=PRIOR, **options)
    alpha = prior_of(posterior)
    precision = np.diag(alpha) + dense[structure]
    covariance = np.linalg.inv(precision)
    tolerance = {"rtol": 1e-8, "atol": 1e-10}
    found = posterior.covariance
    np.testing.assert_allclose(found.variances, np.diag(covariance), **tolerance)
    np.testing.assert_allclose(np.stack([found.solve(unit) for unit in np.eye(len(alpha))]), covariance, **tolerance)
    np.testing.assert_allclose(found.log_determinant, np.linalg.slogdet(precision)[1], rtol=tolerance["rtol"])
    root = found.colour(np.eye(len(alpha)))
    np.testing.assert_allclose(root.T @ root, covariance, **tolerance)
    np.testing.assert_allclose(
        posterior.effective_parameters, len(alpha) - alpha @ np.diag(covariance), rtol=tolerance["rtol"]
    )
    j = jacobian(model, NEW)
    j = j - j.mean(axis=1, keepdims=True)
    mean, spread = posterior.output_moments(NEW)
    np.testing.assert_allclose(spread, np.einsum("nkw,wv,nlv->nkl", j, covariance, j), **tolerance)
    outputs = np.asarray(model(jnp.asarray(NEW)))
    np.testing.assert_allclose(mean, outputs - outputs.mean(axis=1, keepdims=True), atol=1e-12)
    likelihood = -special.logsumexp(outputs_of(model, data), axis=1) + chosen(outputs_of(model, data), data[1])
    evidence = likelihood.sum() - 0.5 * alpha @ posterior.mean**2
    evidence += 0.5 * np.log(alpha).sum() - 0.5 * np.linalg.slogdet(precision)[1]
    np.testing.assert_allclose(posterior.log_evidence(), evidence, rtol=tolerance["rtol"])


def outputs_of(model, data):
    return np.asarray(model(jnp.asarray(data[0])))


def chosen(outputs, classes):
    return outputs[np.arange(len(classes)), classes]


def test_low_rank_of_all_directions_is_full(network):
    model, objective, data = network
    posteriors = [
        bayes.laplace(model, data, objective, structure=structure, **options)
        for structure, options in (("full", {}), ("low_rank", {"rank": 27}))
    ]
    np.testing.assert_allclose(*(one.covariance.variances for one in posteriors), rtol=1e-9)
    np.testing.assert_allclose(*(one.log_evidence() for one in posteriors), rtol=1e-9)


def test_exact_hessian_is_that_of_the_cost(network):
    model, objective, data = network
    posterior = bayes.laplace(model, data, objective, hessian=True)
    whole = curvature.dense(curvature.hessian(model, objective, data))
    np.testing.assert_allclose(posterior.covariance.variances, np.diag(np.linalg.inv(40 * whole)), rtol=1e-8)


@pytest.mark.parametrize("structure", ["full", "kronecker", "diagonal"])
def test_part_of_a_network_is_a_block(network, dense, structure):
    model, objective, data = network
    part = bayes.laplace(model, data, objective, structure=structure, subset="last_layer")
    assert part.paths == ("layers.2.weight", "layers.2.bias")
    block = dense[structure][-15:, -15:]
    covariance = np.linalg.inv(0.8 * np.eye(15) + block)
    np.testing.assert_allclose(part.covariance.variances, np.diag(covariance), rtol=1e-8)
    same = bayes.laplace(model, data, objective, structure=structure, subset=lambda path, leaf: "layers.2" in path)
    np.testing.assert_array_equal(same.covariance.variances, part.covariance.variances)
    alone = bayes.laplace(model, data, objective, structure=structure, subset=["layers.2.weight"])
    expected = np.linalg.inv(0.8 * np.eye(12) + block[:12, :12])
    np.testing.assert_allclose(alone.covariance.variances, np.diag(expected), rtol=1e-8)


def test_chunks_change_nothing(network, monkeypatch):
    model, objective, data = network
    whole = bayes.laplace(model, data, objective)
    moments = whole.output_moments(data[0])
    monkeypatch.setattr("shinso.bayes._network.MOST_EXAMPLES", 7)
    parts = bayes.laplace(model, data, objective)
    np.testing.assert_allclose(parts.covariance.variances, whole.covariance.variances, rtol=1e-9)
    for piecewise, at_once in zip(parts.output_moments(data[0]), moments, strict=True):
        np.testing.assert_allclose(piecewise, at_once, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("structure", ["full", "kronecker", "diagonal"])
def test_biases_without_prior_leave_the_shift_of_logits_open(unpenalized_biases, structure):
    free = bayes.laplace(*unpenalized_biases, structure=structure)
    _, spread = free.output_moments(NEW)
    weak = bayes.laplace(*unpenalized_biases, structure=structure, prior_precision={"*.bias": 1e-4})
    np.testing.assert_allclose(spread, weak.output_moments(NEW)[1], rtol=2e-3, atol=1e-6)
    assert np.isfinite(free.predict(NEW).mean).all()
    with pytest.raises(ValueError, match="flat prior"):
        free.log_evidence()


@pytest.mark.parametrize("link", ["negative_binomial", "probit", "of one's own"])
def test_curvature_of_links_that_are_not_canonical(trained, drawn, link):
    """The observed Hessian where the loss is convex in the outputs; of a function of one's own the Fisher information."""
    name = "poisson" if link == "negative_binomial" else "bernoulli"
    inputs, targets = drawn(name)
    targets = targets[:, :1]
    likelihood = {
        "negative_binomial": objectives.NegativeBinomial(0.5),
        "probit": objectives.likelihood("bernoulli", link="probit"),
        "of one's own": objectives.GeneralizedLinear(objectives.Bernoulli(), jax.scipy.stats.norm.cdf),
    }[link]
    objective = objectives.Objective(likelihood, [objectives.L2(0.05, "*")])
    model = trained(nn.linear(2, 1, key=jax.random.key(0)), objective, (inputs, targets))
    posterior = bayes.laplace(model, (inputs, targets), objective)
    a = np.asarray(model(jnp.asarray(inputs)))
    signed = np.where(targets == 1, a, -a)
    mills = stats.norm.pdf(a) / stats.norm.cdf(signed)
    rate = np.exp(a)
    curved = {
        "negative_binomial": rate * (1 + 0.5 * targets) / (1 + 0.5 * rate) ** 2,
        "probit": mills * (mills + signed),
        "of one's own": stats.norm.pdf(a) ** 2 / (stats.norm.cdf(a) * stats.norm.sf(a)),
    }[link]
    assert posterior.paths == ("layers.0.weight", "layers.0.bias")
    features = np.column_stack([inputs, np.ones(len(inputs))])
    np.testing.assert_allclose(posterior.curvature.matrix, features.T @ (curved * features), rtol=1e-8, atol=1e-9)
    found = bayes.assess(posterior.predict(inputs), targets)
    alone = bayes.assess(bayes.predict_alone(posterior, inputs), targets)
    assert found.negative_log_likelihood == pytest.approx(alone.negative_log_likelihood, rel=0.1)
    assert (found.coverage is None) == (name == "bernoulli")
    held_out = posterior.calibrate(inputs, targets)
    assert held_out.inverse_temperature == 1


def test_single_precision_agrees_with_double(linear):
    double = bayes.laplace(linear.model, linear.data, linear.objective)
    with jax.enable_x64(False):
        single = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), linear.model)
        data = tuple(array.astype(np.float32) for array in linear.data)
        posterior = bayes.laplace(single, data, linear.objective)
    np.testing.assert_allclose(posterior.covariance.variances, double.covariance.variances, rtol=1e-5)
    assert posterior.log_evidence() == pytest.approx(double.log_evidence(), rel=1e-5)


@pytest.mark.parametrize("name", ["bernoulli", "poisson"])
def test_generalized_linear_model_is_laplace_written_out(drawn, name):
    inputs, targets = drawn(name)
    features = np.column_stack([inputs, np.ones(len(inputs))])
    alpha, outputs = 0.05 * len(inputs), OUTPUTS[name]
    weights = np.zeros((3, outputs))
    means, slopes = {
        "bernoulli": (special.expit, lambda p: p * (1 - p)),
        "poisson": (np.exp, lambda rate: rate),
    }[name]
    for _ in range(30):  # Newton's method, (4.92) with a prior
        for k in range(outputs):
            p = means(features @ weights[:, k])
            precision = features.T @ (slopes(p)[:, None] * features) + alpha * np.eye(3)
            weights[:, k] -= np.linalg.solve(precision, features.T @ (p - targets[:, k]) + alpha * weights[:, k])
    model = eqx.tree_at(
        lambda m: (m.layers[-1].weight, m.layers[-1].bias),
        nn.linear(2, outputs, key=jax.random.key(0)),
        (jnp.asarray(weights[:2]), jnp.asarray(weights[2])),
    )
    objective = objectives.Objective(objectives.likelihood(name), [objectives.L2(0.05, "*")])
    posterior = bayes.laplace(model, (inputs, targets), objective)
    a = features @ weights
    new = np.column_stack([NEW, np.ones(len(NEW))])
    prediction = posterior.predict(NEW)
    likelihoods = {
        "bernoulli": lambda: np.log(special.expit(np.where(targets == 1, a, -a))),
        "poisson": lambda: targets * a - np.exp(a) - special.gammaln(targets + 1),
    }[name]()
    evidence = likelihoods.sum() - 0.5 * alpha * (weights**2).sum()
    for k in range(outputs):
        curved = slopes(means(a[:, k]))
        precision = features.T @ (curved[:, None] * features) + alpha * np.eye(3)  # (4.143)
        spread = np.einsum("ni,ij,nj->n", new, np.linalg.inv(precision), new)
        mean = new @ weights[:, k]
        if name == "bernoulli":
            expected = special.expit(mean / np.sqrt(1 + np.pi * spread / 8))  # (4.153)
        else:
            expected = np.exp(mean + spread / 2)
        np.testing.assert_allclose(prediction.mean[:, k], expected, rtol=1e-9)
        evidence += 1.5 * np.log(alpha) - 0.5 * np.linalg.slogdet(precision)[1]
    np.testing.assert_allclose(posterior.log_evidence(), evidence, rtol=1e-9)
