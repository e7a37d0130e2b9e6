"""Classes in an order: proportional odds against SciPy's minimum of the classical formula, and the doors to them."""

from pathlib import Path

import jax
import numpy as np
import polars as pl
import pytest
import scipy.optimize
from scipy.special import expit

import shinso
from shinso import NetworkClassifier, nn, objectives
from shinso.experiment import predict_run, prepare_experiment, run_experiment
from shinso.settings import Settings

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(200, 2)).astype(np.float32)
Y = np.digitize(X @ [1.5, -1.0] + RANDOM.logistic(size=200), [-1.0, 0.5, 2.0]).astype(np.int32)
WORDS = np.array(["low", "middle", "high", "most"])


def classical(parameters: np.ndarray) -> float:
    """The mean −ln p of proportional odds by its slopes and its cuts themselves, as textbooks write it."""
    slopes, edges = parameters[:2], np.concatenate([[-np.inf], np.sort(parameters[2:]), [np.inf]])
    f = X.astype(float) @ slopes
    return -float(np.mean(np.log(expit(edges[Y + 1] - f) - expit(edges[Y] - f))))


def test_proportional_odds_are_those_of_the_classical_formula() -> None:
    wanted = scipy.optimize.minimize(classical, [0.0, 0.0, -1.0, 0.0, 1.0], method="BFGS", options={"gtol": 1e-8})
    model = nn.Sequential([nn.Dense(2, 1, key=jax.random.key(0)), nn.SharedThresholds(4)])
    objective = shinso.Objective(objectives.Ordinal())
    run = shinso.train(model, objective, (X, Y), optimizer="lbfgs", epochs=60, probes="off")
    assert run.history["cost"][-1] == pytest.approx(wanted.fun, rel=1e-5)
    dense, last = run.model.layers
    np.testing.assert_allclose(dense.weight[:, 0], wanted.x[:2], rtol=0.01)
    first, *gaps = np.asarray(last.thresholds)
    cuts = np.cumsum([first - float(dense.bias[0]), *np.log1p(np.exp(gaps))])
    np.testing.assert_allclose(cuts, np.sort(wanted.x[2:]), atol=0.02)
    # One factor multiplies the odds of y ≤ k, whatever k is.
    below = np.cumsum(run.predict_mean(X[:2]), axis=1)[:, :-1]
    factors = (below / (1 - below))[0] / (below / (1 - below))[1]
    np.testing.assert_allclose(factors, factors[0], rtol=1e-3)


def test_shares_are_reached_by_a_constant() -> None:
    shares = np.full(len(Y), 1 / len(Y))
    constant = objectives.Ordinal().best_constant(Y, shares, 4)
    found = objectives.Ordinal().mean(jax.numpy.asarray(constant)[None])[0]
    np.testing.assert_allclose(found, np.bincount(Y) / len(Y), rtol=1e-4)


def test_first_all_classes_are_as_probable() -> None:
    outputs = nn.SharedThresholds(5)(np.zeros((1, 1), np.float32))
    np.testing.assert_allclose(objectives.Ordinal().mean(outputs)[0], np.full(5, 0.2), rtol=1e-5)
    two = objectives.Ordinal().mean(np.array([[0.0, 1.0]], np.float32))
    np.testing.assert_allclose(two[0], [expit(1.0), expit(-1.0)], rtol=1e-6)


@pytest.mark.slow
def test_the_estimator_takes_numbers_and_refuses_words() -> None:
    model = NetworkClassifier(likelihood="ordinal", hidden=(4,), epochs=40, learning_rate=0.05).fit(X, Y + 1)
    assert model.score(X, Y + 1) > 0.5
    np.testing.assert_allclose(model.predict_proba(X[:5]).sum(axis=1), 1, rtol=1e-5)
    with pytest.raises(ValueError, match=r"y must be numbers for likelihood='ordinal'.* got 'high'"):
        NetworkClassifier(likelihood="ordinal").fit(X, WORDS[Y])


@pytest.mark.slow
def test_words_come_in_the_order_that_is_given(tmp_path: Path) -> None:
    pl.DataFrame({"a": X[:, 0], "b": X[:, 1], "y": WORDS[Y]}).write_csv(tmp_path / "t.csv")
    asked = {"source": str(tmp_path / "t.csv"), "target": "y", "likelihood": "ordinal", "epochs": 2, "hidden": (4,)}
    with pytest.raises(ValueError, match="class_order must say which of the classes high, low, middle, most is less"):
        prepare_experiment(Settings.from_dict(asked))
    with pytest.raises(
        ValueError, match="class_order must name each of the classes high, low, middle, most once; got low"
    ):
        prepare_experiment(Settings.from_dict({**asked, "class_order": ("low",)}))
    run_experiment(Settings.from_dict({**asked, "class_order": WORDS.tolist()}), folder=tmp_path / "run")
    assert predict_run(tmp_path / "run", [tmp_path / "t.csv"]).outcomes == tuple(WORDS)
