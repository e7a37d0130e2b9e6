"""A function as a loss: what it must return, and that it trains what the named loss trains."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.base import clone

import shinso
from shinso import NetworkClassifier, NetworkRegressor, nn, objectives

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(40, 2)).astype(np.float32)
Y = (X @ [1.0, -2.0])[:, None].astype(np.float32)
QUICK = {"hidden": (4,), "epochs": 3}


def squares(outputs: jax.Array, targets: jax.Array) -> jax.Array:
    return 0.5 * jnp.sum(jnp.square(outputs - targets), axis=1)


def cross_entropy(outputs: jax.Array, targets: jax.Array) -> jax.Array:
    return jax.nn.logsumexp(outputs, axis=1) - jnp.take_along_axis(outputs, targets[:, None], axis=1)[:, 0]


def test_it_trains_as_the_named_loss_does(tmp_path) -> None:
    model = nn.mlp(2, 1, (4,), key=jax.random.key(0))
    own = shinso.train(model, shinso.Objective(squares), (X, Y), epochs=3, probes="off", folder=tmp_path / "run")
    named = shinso.train(model, shinso.Objective(objectives.Gaussian()), (X, Y), epochs=3, probes="off")
    np.testing.assert_allclose(own.predict(X), named.predict(X), rtol=1e-5)
    assert own.evaluate(X, Y).metrics == pytest.approx(named.evaluate(X, Y).metrics, rel=1e-4)
    hessians = [one.likelihood.output_hessian(jnp.ones((2, 1)), jnp.zeros((2, 1))) for one in (own, named)]
    np.testing.assert_allclose(*hessians)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda a, y: jnp.sum(a - y), r"one number for each example, \[N\]; .* returned float32 of shape \[\]"),
        (lambda a, y: jnp.square(a - y), r"returned float32 of shape \[40, 1\]"),
        (lambda a, y: jnp.argmax(a, axis=1), r"returned int32 of shape \[40\]"),
    ],
)
def test_what_it_must_return(function, words) -> None:
    model = nn.mlp(2, 1, (4,), key=jax.random.key(0))
    with pytest.raises(ValueError, match=words):
        shinso.train(model, shinso.Objective(function), (X, Y), epochs=1, probes="off")


def test_what_is_no_function_is_refused() -> None:
    with pytest.raises(TypeError, match="likelihood must be a Likelihood, .* or a function; got 'gaussian'"):
        shinso.Objective("gaussian")
    with pytest.raises(
        ValueError, match="target must be one of classification, count, multilabel, regression; got 'words'"
    ):
        objectives.FunctionLoss(squares, "words")
    with pytest.raises(ValueError, match="got a function"):
        objectives.FunctionLoss(squares).recipe  # noqa: B018


@pytest.mark.slow
def test_estimators_take_it() -> None:
    own = clone(NetworkRegressor(likelihood=squares, **QUICK)).fit(X, Y[:, 0])
    named = NetworkRegressor(**QUICK).fit(X, Y[:, 0])
    np.testing.assert_allclose(own.predict(X), named.predict(X), rtol=1e-4, atol=1e-5)
    assert own.settings_.likelihood is None
    labels = np.where(Y[:, 0] > 0, "up", "down")
    own, named = (NetworkClassifier(likelihood=cost, **QUICK).fit(X, labels) for cost in (cross_entropy, None))
    np.testing.assert_allclose(own.predict_proba(X), named.predict_proba(X), rtol=1e-4, atol=1e-5)
