"""Generalized linear models on the one training loop against scikit-learn, and the consistency of grouped priors."""

import equinox as eqx
import jax
import numpy as np
import pytest
from scipy import optimize, stats
from sklearn import linear_model
from sklearn.metrics import d2_pinball_score, mean_pinball_loss

import shinso
from shinso import nn, objectives, optim

RNG = np.random.default_rng(0)
N = 50
X = RNG.normal(size=(N, 3)) + np.array([0.5, 0.0, -0.5])
SIGNAL = X @ [0.8, -0.5, 0.3]
CLASSES = (SIGNAL + RNG.logistic(size=N) > 0).astype(np.int32) + (X[:, 2] + 0.5 * RNG.normal(size=N) > 0)


def fitted(model, likelihood, penalty, data, epochs=400, **arguments):
    objective = shinso.Objective(objectives.likelihood(likelihood, **arguments), penalty)
    rule = optim.LBFGS(gradient_tolerance=1e-9)
    run = shinso.train(model, objective, data, optimizer=rule, epochs=epochs)
    assert run.stop.reason in ("converged", "no_descent"), run.stop
    return run


# scikit-learn's model, the likelihood, its penalty in the mean cost, targets
ALPHA, PLENTY = 0.3, 2.0
CASES = {
    "gaussian": (linear_model.Ridge(ALPHA), ALPHA / N, SIGNAL + RNG.normal(size=N)),
    "poisson": (
        linear_model.PoissonRegressor(alpha=ALPHA, tol=1e-10, max_iter=1000),
        ALPHA,
        RNG.poisson(np.exp(SIGNAL)),
    ),
    "bernoulli": (
        linear_model.LogisticRegression(C=PLENTY, tol=1e-10, max_iter=1000),
        1 / (PLENTY * N),
        (SIGNAL + RNG.logistic(size=N) > 0).astype(int),
    ),
    "categorical": (linear_model.LogisticRegression(C=PLENTY, tol=1e-10, max_iter=1000), 1 / (PLENTY * N), CLASSES),
}


@pytest.mark.parametrize("likelihood", CASES)
def test_as_scikit_learn(likelihood):
    reference, strength, targets = CASES[likelihood]
    reference.fit(X, targets)
    with jax.enable_x64(True):
        model = nn.linear(3, 3 if likelihood == "categorical" else 1, key=jax.random.key(0))
        targets = targets if likelihood == "categorical" else targets[:, None].astype(float)
        run = fitted(model, likelihood, [objectives.L2(strength)], (X, targets))
        (layer,) = run.model.layers
        weight, bias = np.asarray(layer.weight), np.asarray(layer.bias)
        probabilities = run.predict_mean(X)
    np.testing.assert_allclose(weight.T, np.atleast_2d(reference.coef_), atol=1e-5)
    if likelihood == "categorical":
        # Free biases are known up to a common constant.
        np.testing.assert_allclose(bias - bias.mean(), reference.intercept_ - reference.intercept_.mean(), atol=1e-5)
        np.testing.assert_allclose(probabilities, reference.predict_proba(X), atol=1e-5)
    else:
        np.testing.assert_allclose(bias, np.atleast_1d(reference.intercept_), atol=1e-5)


# A model of scikit-learn's or SciPy's: its weights and bias, given what it minimizes.
COUNTS = RNG.negative_binomial(2.0, 1 / (1 + 0.5 * np.exp(SIGNAL)))
NOISY = SIGNAL + 0.3 * RNG.standard_t(2, size=N)
LABELS = CASES["bernoulli"][2]


def minimized(log_likelihood):
    """The weights and bias at the most likely place, by SciPy."""
    design = np.c_[X, np.ones(N)]
    found = optimize.minimize(lambda w: -log_likelihood(design @ w).sum(), np.zeros(4), method="BFGS", tol=1e-10)
    return found.x[:3], found.x[3]


def huber_regressor():
    fit = linear_model.HuberRegressor(epsilon=1.35, alpha=ALPHA, tol=1e-9, max_iter=1000).fit(X, NOISY)
    return fit.coef_, fit.intercept_, fit.scale_


@pytest.mark.parametrize("name", ["huber", "negative_binomial", "probit"])
def test_as_other_references(name):
    penalty, model = [], nn.linear(3, 1, key=jax.random.key(0))
    if name == "huber":
        weight, bias, scale = huber_regressor()
        # scikit-learn minimizes Σ 2sρ(r/s) + α‖w‖², s along with w.
        arguments, targets, penalty = {"scale": scale, "threshold": 1.35}, NOISY, [objectives.L2(ALPHA / (scale * N))]
    elif name == "negative_binomial":
        weight, bias = minimized(lambda a: stats.nbinom.logpmf(COUNTS, 2.0, 1 / (1 + 0.5 * np.exp(a))))
        arguments, targets = {"dispersion": 0.5}, COUNTS
    else:
        weight, bias = minimized(lambda a: np.where(LABELS, stats.norm.logcdf(a), stats.norm.logsf(a)))
        arguments, targets = {"link": "probit"}, LABELS
    with jax.enable_x64(True):
        model = nn.linear(3, 1, key=jax.random.key(0))
        likelihood = "bernoulli" if name == "probit" else name
        run = fitted(model, likelihood, penalty, (X, targets[:, None].astype(float)), **arguments)
        (layer,) = run.model.layers
        evaluation = run.evaluate(X, targets[:, None].astype(float))
        score = float(run.likelihood.score(run.outputs(X), targets[:, None].astype(float)).mean())
    np.testing.assert_allclose(np.asarray(layer.weight)[:, 0], weight, atol=1e-4)
    np.testing.assert_allclose(np.asarray(layer.bias)[0], bias, atol=1e-4)
    expected = {"huber": "r2", "negative_binomial": "deviance", "probit": "accuracy"}[name]
    assert evaluation.score_name == expected
    if name == "negative_binomial":
        assert evaluation.score == pytest.approx(score)


def test_quantile_regression_is_scikit_learns():
    """At its solution, a corner of the cost, no direction leads down, and training comes close to it."""
    level = 0.8
    fit = linear_model.QuantileRegressor(quantile=level, alpha=0.0).fit(X, NOISY)
    with jax.enable_x64(True):
        model = nn.linear(3, 1, key=jax.random.key(0))
        objective = shinso.Objective(objectives.Quantile(level))
        data = (X, NOISY[:, None])

        def at(weight, bias):
            places = lambda m: (m.layers[0].weight, m.layers[0].bias)  # noqa: E731
            arrays = (jax.numpy.asarray(weight)[:, None], jax.numpy.asarray(bias)[None])
            return objective(
                eqx.tree_at(places, model, arrays), objectives.as_batch("data", data, objective.likelihood)
            )

        best = float(at(fit.coef_, fit.intercept_))
        assert best == pytest.approx(mean_pinball_loss(NOISY, fit.predict(X), alpha=level), rel=1e-12)
        for step in 1e-3 * RNG.normal(size=(20, 4)):
            assert float(at(fit.coef_ + step[:3], fit.intercept_ + step[3])) > best - 1e-12
        rate = optim.Cosine(0.05, 600)
        run = shinso.train(model, objective, data, learning_rate=rate, epochs=600, batch_size=N)
        evaluation, predicted = run.evaluate(*data), run.predict(X)[:, 0]
    assert best <= run.history["loss"][-1] < 1.02 * best
    share = np.mean(predicted >= NOISY)
    assert abs(share - level) <= 0.1
    assert evaluation.score_name == "d2_pinball"
    assert evaluation.score == pytest.approx(d2_pinball_score(NOISY, predicted, alpha=level), rel=1e-2)


def test_a_grouped_prior_learns_the_same_function_from_rescaled_data():
    """x → 4x − 1 and y → y/2 + 3: grouped precisions that follow give the same function, plain weight decay does not."""
    a, b, c, d = 4.0, -1.0, 0.5, 3.0
    x = np.linspace(-2, 2, 30)[:, None]
    y = np.tanh(x) + 0.3 * x + 0.05 * RNG.normal(size=x.shape)

    def learned(scale, shift, height, offset, precisions):
        data = (scale * x + shift, height * y + offset)
        # Both begin at the same function, so that they can find the same minimum.
        start = nn.mlp(1, 1, (2,), activation="tanh", key=jax.random.key(3))
        first, last = start.layers[0], start.layers[2]
        weight = first.weight / scale
        parameters = (
            weight,
            first.bias - shift * weight.sum(axis=0),
            height * last.weight,
            height * last.bias + offset,
        )
        places = lambda m: (m.layers[0].weight, m.layers[0].bias, m.layers[2].weight, m.layers[2].bias)  # noqa: E731
        start = eqx.tree_at(places, start, parameters)
        prior = objectives.gaussian_prior(start, weights=precisions, n=len(x))
        run = fitted(start, "gaussian", prior, data, precision=100.0 / height**2)
        return (run.outputs(data[0]) - offset) / height

    with jax.enable_x64(True):
        before = learned(1.0, 0.0, 1.0, 0.0, [1.0, 1.0])
        consistent = learned(a, b, c, d, [a**2, c**-2])
        inconsistent = learned(a, b, c, d, [1.0, 1.0])
    np.testing.assert_allclose(consistent, before, atol=1e-5)
    assert np.abs(inconsistent - before).max() > 1e-3
