"""Generalized linear models on the one training loop against scikit-learn, and the consistency of grouped priors."""

import equinox as eqx
import jax
import numpy as np
import pytest
from sklearn import linear_model

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
