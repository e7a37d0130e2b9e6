"""Evaluations against scikit-learn and closed forms."""

import json
import math

import jax.numpy as jnp
import numpy as np
import pytest
from sklearn import metrics

from shinso import objectives
from shinso.objectives import R2, Poisson
from shinso.training import Evaluation, _scores, hardest_confusion, wilson_interval
from shinso.training._scores import evaluate_classes, evaluate_labels, evaluate_numbers


def wilson(right, n, z=1.959963984540054):
    p = right / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return centre - half, centre + half


@pytest.mark.parametrize(("right", "n"), [(0, 5), (5, 5), (986, 1000), (1, 2), (9542, 10000)])
def test_wilson_interval(right, n):
    np.testing.assert_allclose(wilson_interval(right, n), wilson(right, n), atol=1e-9)


def test_wilson_intervals_cover():
    random = np.random.default_rng(0)
    draws = random.binomial(60, 0.9, size=2000)
    covered = {k: wilson(k, 60)[0] <= 0.9 <= wilson(k, 60)[1] for k in np.unique(draws)}
    assert 0.93 < np.mean([covered[k] for k in draws]) < 0.97


def test_an_evaluation_reads_as_one_line():
    found = evaluate_classes(np.array([0, 1, 1, 1]), np.eye(2)[[0, 1, 1, 0]] * 0.98 + 0.01, 0.25)
    low, high = wilson(3, 4)
    assert str(found) == f"accuracy 0.75 (95 % interval {low:.4g} to {high:.4g}), loss 0.25, of 4 examples"
    assert "Mistake" not in repr(found)


@pytest.fixture(scope="module")
def classes():
    random = np.random.default_rng(1)
    targets = random.integers(0, 3, size=60)
    probabilities = random.dirichlet([1, 1, 1], size=60) + 0.6 * np.eye(3)[targets]
    return targets, probabilities / probabilities.sum(axis=1, keepdims=True)


def test_classes(classes):
    targets, probabilities = classes
    images = np.random.default_rng(2).random((60, 4, 4, 1))
    found = evaluate_classes(targets, probabilities, 0.5, images)
    predicted = probabilities.argmax(axis=1)
    assert found.score == metrics.accuracy_score(targets, predicted)
    assert found.confusion == metrics.confusion_matrix(targets, predicted).tolist()
    assert found.metrics["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(targets, predicted))
    wrong = np.flatnonzero(predicted != targets)
    assert 1 < len(wrong) <= 24
    assert sorted(mistake.index for mistake in found.mistakes) == wrong.tolist()
    assert [m.probability for m in found.mistakes] == sorted((m.probability for m in found.mistakes), reverse=True)
    first = found.mistakes[0]
    assert (first.true, first.predicted) == (targets[first.index], predicted[first.index])
    np.testing.assert_allclose(first.image, images[first.index], atol=1e-3)
    assert Evaluation.from_dict(json.loads(json.dumps(found.to_dict()))) == found


def test_the_hardest_confusion(classes):
    found = evaluate_classes(*classes, 0.0)
    true, predicted, count, total = hardest_confusion(found, ["a", "b", "c"])
    off = np.array(found.confusion) - np.diag(np.diag(found.confusion))
    assert count == off.max()
    assert found.confusion["abc".index(true)]["abc".index(predicted)] == count
    assert total == sum(found.confusion["abc".index(true)])
    perfect = evaluate_classes(np.array([0, 1]), np.eye(2), 0.0)
    assert hardest_confusion(perfect, "ab") is None


def test_labels():
    random = np.random.default_rng(3)
    targets, probabilities = random.integers(0, 2, size=(50, 4)), random.random((50, 4))
    found = evaluate_labels(targets, probabilities, 0.5)
    predicted = probabilities > 0.5
    assert found.score == metrics.accuracy_score(targets, predicted)
    assert found.metrics["label_accuracy"] == pytest.approx(1 - metrics.hamming_loss(targets, predicted))
    assert found.metrics["f1_micro"] == pytest.approx(metrics.f1_score(targets, predicted, average="micro"))


def test_numbers():
    random = np.random.default_rng(4)
    targets = random.normal(size=(2000, 2))
    predictions = targets + 0.3 * random.normal(size=targets.shape)
    found = evaluate_numbers(targets, predictions, 0.5)
    assert found.score == pytest.approx(metrics.r2_score(targets, predictions))
    assert found.metrics["rmse"] == pytest.approx(metrics.root_mean_squared_error(targets.ravel(), predictions.ravel()))
    assert found.metrics["mae"] == pytest.approx(metrics.mean_absolute_error(targets, predictions))
    low, high = found.interval
    assert low < found.score < high
    assert high - low < 0.02
    assert len(found.points) == 1000
    assert set(found.points) <= set(zip(targets[:, 0].tolist(), predictions[:, 0].tolist(), strict=True))


def test_counts():
    random = np.random.default_rng(5)
    targets, rates = random.poisson(3, size=(100, 1)), random.random((100, 1)) + 2.5
    found = evaluate_numbers(targets, rates, 0.5, Poisson().evaluation_score)
    assert (found.score_name, found.score) == ("deviance", pytest.approx(metrics.mean_poisson_deviance(targets, rates)))


def test_one_example_has_no_r2():
    found = evaluate_numbers(np.ones((1, 1)), np.zeros((1, 1)), 0.5)
    assert math.isnan(found.score)
    assert found.metrics["rmse"] == 1


def test_resamples_of_many_examples_take_little_memory(monkeypatch):
    random = np.random.default_rng(0)
    targets = random.normal(size=(3000, 1))
    predictions = targets + random.normal(size=(3000, 1))
    whole = evaluate_numbers(targets, predictions, 0.0)
    seen = []

    def of(targets, answers, weights):
        seen.append(weights.shape)
        return R2.of(targets, answers, weights)

    monkeypatch.setattr(_scores, "BLOCK", 30_000)
    blocks = evaluate_numbers(targets, predictions, 0.0, R2._replace(of=of))
    assert blocks.interval == pytest.approx(whole.interval)
    assert seen[:-1] == [(10, 3000)] * 100
    monkeypatch.setattr(_scores, "DRAWS", 3000 * 150)
    fewer = evaluate_numbers(targets, predictions, 0.0)
    assert whole.interval == pytest.approx(fewer.interval, abs=0.01)
    # By the delta method: 1 − R² is a ratio of two sums of N squares, nearly independent, each with variance 2/N.
    assert whole.interval[1] - whole.interval[0] == pytest.approx(2 * 1.96 * math.sqrt(4 / 3000), rel=0.15)


def test_what_is_not_a_number_is_no_right_answer():
    probabilities = np.array([[np.nan, np.nan], [0.9, 0.1]])
    assert evaluate_classes(np.array([0, 0]), probabilities, 0.5).score == 0.5


def test_logits_that_overflowed_are_told_as_they_are_predicted():
    cost = objectives.likelihood("categorical")
    outputs = jnp.array([[-np.inf, -3e37, np.inf], [1.0, 2.0, -np.inf]], jnp.float32)
    probabilities = np.asarray(cost.mean(outputs))
    np.testing.assert_allclose(probabilities, [[0, 0, 1], [1 / (1 + np.e), np.e / (1 + np.e), 0]], rtol=1e-6)
    assert (probabilities.argmax(axis=1) == np.asarray(cost.predict(outputs))).all()
