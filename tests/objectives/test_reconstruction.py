"""Reconstruction and the penalties of codes, against NumPy, SciPy and integrals."""

import json

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.integrate
import scipy.special
import scipy.stats

from shinso import Objective, nn, objectives
from shinso.objectives import CodeDivergence, CodeL1, CodeSparsity, Reconstruction

N, D, S = 5, 3, 4
RANDOM = np.random.default_rng(0)
REBUILT, X = RANDOM.normal(size=(N, D)), RANDOM.random((N, D))
REAL, UNIT = RANDOM.normal(size=(N, S)), RANDOM.uniform(0.02, 0.98, (N, S))
RHO = 0.2

sigmoid = scipy.special.expit


def gaussian_loss(a):
    return 0.5 * 4.0 * ((X - a) ** 2).sum(1)


def bernoulli_loss(a):
    return -(X * np.log(sigmoid(a)) + (1 - X) * np.log(1 - sigmoid(a))).sum(1)


def sparsity(z):
    return 0.7 * (RHO * np.log(RHO / z) + (1 - RHO) * np.log((1 - RHO) / (1 - z))).sum(1)


def divergence(code):
    mean, log_variance = np.split(code, 2, axis=1)
    return 0.3 * 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(1)


LIKELIHOODS = {
    "gaussian": ({"name": "gaussian", "precision": 4.0}, gaussian_loss, lambda a: a),
    "bernoulli": ("bernoulli", bernoulli_loss, sigmoid),
}
CODES = {
    "none": (None, REAL, lambda z: np.zeros(N)),
    "l1": ({"name": "l1", "strength": 0.3}, REAL, lambda z: 0.3 * np.abs(z).sum(1)),
    "sparsity": ({"name": "sparsity", "strength": 0.7, "target": RHO}, UNIT, sparsity),
    "variational": ({"name": "variational", "strength": 0.3}, REAL, divergence),
}


@jax.jit
def everything(likelihood, outputs, targets):
    def loss(a):
        return likelihood.loss(a, targets)

    return {
        "loss": loss(outputs),
        "gradient": jax.grad(lambda a: loss(a).sum())(outputs),
        "second": jax.vmap(jax.hessian(lambda a, x: likelihood.loss(a[None], x[None])[0]))(outputs, targets),
        "hessian": likelihood.output_hessian(outputs, targets),
        "mean": likelihood.mean(outputs),
        "predict": likelihood.predict(outputs),
        "score": likelihood.score(outputs, targets),
        "log_likelihood": likelihood.log_likelihood(outputs, targets),
    }


@pytest.mark.parametrize(("kind", "code"), [*(("gaussian", code) for code in CODES), ("bernoulli", "sparsity")])
def test_values_and_derivatives(kind, code):
    spec, loss_of, mean_of = LIKELIHOODS[kind]
    code_spec, values, omega = CODES[code]

    def literal(outputs):
        return loss_of(outputs[:, :D]) + omega(outputs[:, D:])

    outputs = np.concatenate([REBUILT, values], axis=1)
    with jax.enable_x64(True):
        likelihood = objectives.likelihood("reconstruction", inputs=D, likelihood=spec, code=code_spec)
        found = everything(likelihood, jnp.asarray(outputs), jnp.asarray(X))
    np.testing.assert_allclose(found["loss"], literal(outputs), rtol=1e-12)
    for k in range(D + S):
        shift = 1e-6 * np.eye(D + S)[k]
        difference = (literal(outputs + shift) - literal(outputs - shift)) / 2e-6
        np.testing.assert_allclose(found["gradient"][:, k], difference, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(found["hessian"], found["second"], rtol=1e-11, atol=1e-13)
    mean = mean_of(REBUILT)
    for name in ("mean", "predict"):
        np.testing.assert_allclose(found[name], mean, rtol=1e-12)
    np.testing.assert_allclose(found["score"], ((X - mean) ** 2).mean(1), rtol=1e-12)
    density = scipy.stats.norm.logpdf(X, REBUILT, 0.5).sum(1) if kind == "gaussian" else -bernoulli_loss(REBUILT)
    np.testing.assert_allclose(found["log_likelihood"], density, rtol=1e-12)


def test_divergence_is_the_integral():
    """KL(N(μ, σ²) ‖ N(0, 1)) = ∫ q ln(q/p), one number of the code at a time."""
    for mean, log_variance in ((0.0, 0.0), (1.5, -2.0), (-0.7, 1.0)):
        q, p = scipy.stats.norm(mean, np.exp(log_variance / 2)), scipy.stats.norm()
        ends = q.ppf([1e-12, 1 - 1e-12])
        expected, _ = scipy.integrate.quad(lambda z, q=q, p=p: q.pdf(z) * (q.logpdf(z) - p.logpdf(z)), *ends)
        found = CodeDivergence()(jnp.array([[mean, log_variance]]))
        assert float(found[0]) == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_divergence_near_the_prior_keeps_its_digits():
    found = CodeDivergence()(jnp.array([[0.0, 1e-3]], jnp.float32))
    assert float(found[0]) == pytest.approx(0.25e-6 * (1 + 1e-3 / 3), rel=1e-3)


def test_sparsity_at_the_ends():
    """0 and 1 are finite and pull no more; beyond them the cost is infinite."""
    penalty = CodeSparsity(1.0)
    at = jnp.array([[0.0], [1.0], [0.05], [-0.1], [1.1]])
    values, slopes = jax.vmap(jax.value_and_grad(lambda z: penalty(z[None])[0]))(at)
    assert jnp.isfinite(values[:3]).all()
    assert values[2] == pytest.approx(0, abs=1e-7)
    assert jnp.isinf(values[3:]).all()
    np.testing.assert_allclose(slopes[:3], 0, atol=1e-5)


def test_without_inputs_all_outputs_are_the_reconstruction():
    found = Reconstruction(likelihood="bernoulli").loss(jnp.asarray(REBUILT), jnp.asarray(X))
    np.testing.assert_allclose(found, bernoulli_loss(REBUILT), rtol=1e-5)


def test_images_are_targets_too():
    likelihood = Reconstruction(6)
    outputs, images = jnp.asarray(RANDOM.normal(size=(2, 7))), jnp.asarray(RANDOM.normal(size=(2, 3, 2, 1)))
    np.testing.assert_array_equal(likelihood.loss(outputs, images), likelihood.loss(outputs, images.reshape(2, 6)))
    assert likelihood.sample(outputs, jax.random.key(0)).shape == (2, 6)


def test_recipe_round_trip():
    for spec, _, _ in LIKELIHOODS.values():
        for code, _, _ in CODES.values():
            objective = Objective(Reconstruction(D, spec, code), [objectives.L2(1e-3)])
            recipe = json.loads(json.dumps(objective.recipe))
            rebuilt = objectives.objective_from_recipe(recipe)
            assert eqx.tree_equal(rebuilt, objective)
            assert rebuilt.recipe == recipe
    assert objectives.objective_from_recipe({"likelihood": {"name": "reconstruction"}}).recipe["likelihood"] == {
        "name": "reconstruction"
    }


def test_strengths_compile_nothing():
    traces = []

    @eqx.filter_jit
    def loss(likelihood):
        traces.append(1)
        return likelihood.loss(jnp.zeros((2, 3)), jnp.zeros((2, 2)))

    for strength in (0.1, 0.2):
        loss(Reconstruction(2, code={"name": "l1", "strength": strength}))
    assert len(traces) == 1


def test_gradient_of_an_autoencoder_is_the_chain_rule():
    """One hidden layer each way, tied or not, code penalty included, against back-propagation written out in NumPy."""
    x = RANDOM.normal(size=(6, 4))
    for tied in (False, True):
        with jax.enable_x64(True):
            model = nn.autoencoder(
                4, 2, code_activation="tanh", tied=tied, bias_init="standard_normal", key=jax.random.key(1)
            )
            objective = Objective(Reconstruction(4, code={"name": "l1", "strength": 0.3}))
            batch = objectives.Batch(jnp.asarray(x), jnp.asarray(x), jnp.ones(6))
            cost, gradient = eqx.filter_jit(eqx.filter_value_and_grad(objective))(model, batch)
        encoder, decoder = model.encoder.layers[0], model.decoder.layers[0]
        W, b = np.asarray(encoder.weight), np.asarray(encoder.bias)
        V, c = W.T if tied else np.asarray(decoder.weight), np.asarray(decoder.bias)
        z = np.tanh(x @ W + b)
        error = z @ V + c - x
        assert float(cost) == pytest.approx((0.5 * (error**2).sum() + 0.3 * np.abs(z).sum()) / 6, rel=1e-12)
        delta = (error @ V.T + 0.3 * np.sign(z)) * (1 - z**2) / 6
        expected = x.T @ delta + ((z.T @ error / 6).T if tied else 0)
        np.testing.assert_allclose(gradient.encoder.layers[0].weight, expected, rtol=1e-11)
        np.testing.assert_allclose(gradient.encoder.layers[0].bias, delta.sum(0), rtol=1e-11)
        np.testing.assert_allclose(gradient.decoder.layers[0].bias, error.sum(0) / 6, rtol=1e-11)
        if not tied:
            np.testing.assert_allclose(gradient.decoder.layers[0].weight, z.T @ error / 6, rtol=1e-11)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Reconstruction(0), "inputs must be a whole number, at least 1; got 0"),
        (lambda: Reconstruction(likelihood="poisson"), "likelihood must be one of bernoulli, gaussian; got 'poisson'"),
        (lambda: Reconstruction(3, code="l2"), "code must be one of l1, sparsity, variational; got 'l2'"),
        (lambda: Reconstruction(3, code="l1"), "code 'l1' needs strength"),
        (lambda: Reconstruction(3, code={"name": "l1", "strenght": 1}), "code 'l1': .*strenght"),
        (lambda: Reconstruction(code="variational"), "inputs must say how many outputs are no code"),
        (lambda: CodeL1(-1.0), "strength must be a finite number ≥ 0"),
        (lambda: CodeSparsity(1.0, 1.0), "target must be a finite number > 0 and < 1"),
        (lambda: CodeDivergence()(jnp.zeros((2, 3))), "means and as many log-variances; got 3 numbers"),
        (lambda: Reconstruction(4).loss(jnp.zeros((2, 3)), jnp.zeros((2, 4))), "outputs must be at least 4"),
        (lambda: Reconstruction(2).loss(jnp.zeros((2, 3)), jnp.zeros((2, 3))), r"targets must have the shape \(2, 2\)"),
        (
            lambda: Reconstruction(2, "bernoulli").target.checked("X", np.array([[0.0, 1.5]])),
            r"X must be in \[0, 1\].*1.5",
        ),
        (lambda: Reconstruction(2, "bernoulli").target.checked("X", np.array([[-2.0, 1.5]])), "got -2"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()


def test_targets_outside_the_unit_interval_cost_infinitely_much():
    loss = Reconstruction(2, "bernoulli").loss(jnp.zeros((3, 2)), jnp.array([[0.0, 1.0], [0.5, 1.1], [-0.1, 0.5]]))
    np.testing.assert_array_equal(jnp.isfinite(loss), [True, False, False])
