"""Simple predictors beside a network: their scores against scikit-learn and NumPy, and what is made of them."""

import dataclasses
import math
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge

from shinso import objectives
from shinso.diagnose import (
    Baseline,
    Baselines,
    Diagnosis,
    Finding,
    baselines_of,
    store_diagnosis,
    stored_diagnosis,
    worse_than_baseline,
)
from shinso.objectives import R2, Batch, as_batch
from shinso.report import beside_baselines
from shinso.training import paired_difference

N, HELD = 200, 400


def predictor(likelihood: str, kind: str, answers: np.ndarray) -> SimpleNamespace:
    """What `baselines_of` needs of a run: one that predicts `answers`, whatever the inputs."""
    return SimpleNamespace(
        likelihood=objectives.likelihood(likelihood), data={"kind": kind, "encoder": None}, predict=lambda _: answers
    )


def batches(X: np.ndarray, y: np.ndarray, likelihood: str) -> tuple[Batch, Batch]:
    known, new = (X[:N], y[:N]), (X[N:], y[N:])
    return tuple(as_batch("data", one, objectives.likelihood(likelihood)) for one in (known, new))


def standardized(X: np.ndarray) -> np.ndarray:
    return (X - X[:N].mean(axis=0)) / X[:N].std(axis=0)


@pytest.fixture(scope="module")
def classes():
    random = np.random.default_rng(0)
    y = random.integers(3, size=N + HELD).astype(np.int32)
    X = random.normal(size=(N + HELD, 4)).astype(np.float32) + 1.2 * y[:, None]
    answers = np.where(random.uniform(size=HELD) < 0.8, y[N:], (y[N:] + 1) % 3)
    return (
        X,
        y,
        answers,
        baselines_of(predictor("categorical", "classification", answers), *batches(X, y, "categorical"), "test"),
    )


def test_scores_of_classes_are_those_of_scikit_learn(classes):
    X, y, answers, found = classes
    assert [one.name for one in found.found] == ["most frequent class", "linear model", "gradient boosting"]
    assert (found.of, found.score_name, found.trained, found.examples) == ("test", "accuracy", N, HELD)
    assert found.network == pytest.approx(np.mean(answers == y[N:]))
    majority = np.bincount(y[:N]).argmax()
    Z = standardized(X.astype(float))
    linear = LogisticRegression(max_iter=200).fit(Z[:N], y[:N]).predict(Z[N:])
    for one, own in zip(found.found, (np.full(HELD, majority), linear), strict=False):
        right, theirs = answers == y[N:], own == y[N:]
        assert one.score == pytest.approx(np.mean(theirs))
        assert one.gain == pytest.approx(np.mean(right) - np.mean(theirs))
        error = np.std(right.astype(float) - theirs) / math.sqrt(HELD)
        assert (one.high - one.low) / 2 == pytest.approx(1.96 * error, rel=0.15)
        assert (one.high + one.low) / 2 == pytest.approx(one.gain, abs=0.3 * error)


def test_darkness_of_images_and_support_vectors():
    random = np.random.default_rng(1)
    y = random.integers(2, size=N + HELD).astype(np.int32)
    X = random.uniform(size=(N + HELD, 3, 3, 1)).astype(np.float32) * (0.5 + 0.3 * y[:, None, None, None])
    run = predictor("categorical", "classification", np.zeros(HELD, int))
    found = {one.name: one.score for one in baselines_of(run, *batches(X, y, "categorical"), "test").found}
    sums = X.reshape(N + HELD, -1).sum(axis=1)
    means = [sums[:N][y[:N] == k].mean() for k in (0, 1)]
    said = [int(abs(value - means[1]) < abs(value - means[0])) for value in sums[N:]]
    assert found["average darkness"] == pytest.approx(np.mean(said == y[N:]))
    assert list(found) == ["most frequent class", "average darkness", "linear model", "support vectors"]


@pytest.mark.parametrize(
    ("likelihood", "kind", "machine"), [("gaussian", "regression", Ridge()), ("poisson", "count", PoissonRegressor())]
)
def test_scores_of_numbers_and_counts(likelihood, kind, machine):
    random = np.random.default_rng(2)
    X = random.normal(size=(N + HELD, 3)).astype(np.float32)
    y = random.poisson(np.exp(1 + 0.5 * X[:, 0])).astype(np.float32)
    answers = np.full((HELD, 1), float(y.mean()))
    found = baselines_of(predictor(likelihood, kind, answers), *batches(X, y, likelihood), "validation")
    Z, true = standardized(X.astype(float)), y[N:].astype(float)
    own = machine.fit(Z[:N], y[:N]).predict(Z[N:])
    linear = next(one for one in found.found if one.name == "linear model")
    if kind == "regression":
        score, sign = 1 - np.sum((true - own) ** 2) / np.sum((true - true.mean()) ** 2), 1
    else:
        terms = np.where(true > 0, true * np.log(np.where(true > 0, true, 1) / own), 0)
        score, sign = np.mean(2 * (terms - true + own)), -1
    assert linear.score == pytest.approx(score, rel=1e-5)
    assert linear.gain == pytest.approx(sign * (found.network - score), rel=1e-4)
    assert linear.gain < 0
    assert linear.high < 0


def test_what_they_are_not_for():
    run = predictor("bernoulli", "multilabel", np.zeros((HELD, 2)))
    random = np.random.default_rng(0)
    X, y = random.normal(size=(N + HELD, 2)), random.integers(2, size=(N + HELD, 2))
    assert baselines_of(run, *batches(X, y, "bernoulli"), "test") is None


def test_a_paired_difference_of_equals_is_nothing():
    y = np.arange(50.0)[:, None]
    assert paired_difference(R2, y, y + 1, y + 1) == (0.0, 0.0, 0.0)


def compared(low: float, high: float, dummy: float = 0.2) -> Baselines:
    simple = Baseline("linear model", 0.9, (low + high) / 2, low, high)
    return Baselines(
        "test",
        "accuracy",
        0.85,
        N,
        HELD,
        (Baseline("most frequent class", 0.4, dummy, dummy - 0.01, dummy + 0.01), simple),
    )


@pytest.mark.parametrize(
    ("ends", "dummy", "severity", "said"),
    [
        ((0.01, 0.1), 0.2, None, "Better than linear model (accuracy 90.0 %) by 5.5 points"),
        ((-0.02, 0.02), 0.2, None, "Level with linear model (accuracy 90.0 %): 95 % interval"),
        ((-0.04, 0.02), 0.2, None, "Behind linear model (accuracy 90.0 %) by 1.0 points, which may be chance"),
        ((-0.1, -0.02), 0.2, "warning", "Worse than linear model (accuracy 90.0 %) by 6.0 points"),
        ((-0.1, -0.02), -0.2, "bad", "Worse than most frequent class (accuracy 40.0 %) by 20.0 points"),
    ],
)
def test_what_is_said_of_them(ends, dummy, severity, said):
    found = compared(*ends, dummy)
    assert beside_baselines(found).replace("\N{NO-BREAK SPACE}", " ").startswith(said)
    finding = worse_than_baseline(found)
    assert (None if finding is None else finding.severity) == severity


def test_a_diagnosis_is_kept_until_the_run_goes_on(tmp_path):
    (tmp_path / "run.json").write_text("1")
    finding = Finding("cliff", "bad", "It leapt.", {"leap": math.inf}, {"hidden": (3, 4)}, "It holds.")
    diagnosis = Diagnosis((finding,), ("Nothing is known.",), compared(0.0, 0.1))
    assert stored_diagnosis(tmp_path) is None
    store_diagnosis(tmp_path, diagnosis)
    again = stored_diagnosis(tmp_path)
    assert again.baselines == diagnosis.baselines
    assert math.isnan(again.first.evidence["leap"])
    assert dataclasses.replace(again.first, evidence={}, remedy={}) == dataclasses.replace(
        finding, evidence={}, remedy={}
    )
    (tmp_path / "run.json").write_text("2")
    assert stored_diagnosis(tmp_path) is None
    (tmp_path / "diagnosis.json").write_text("[]")
    assert stored_diagnosis(tmp_path) is None
