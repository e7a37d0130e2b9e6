"""The learning-rate finder: a quadratic whose threshold is known, and nothing changed by looking."""

import random

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from shinso import Objective, nn, objectives, optim
from shinso.tuning import find_learning_rate
from shinso.tuning._book_rate import falls
from shinso.tuning._rate_range import smooth

GAUSSIAN = Objective(objectives.likelihood("gaussian"))


def linear(outputs=1):
    return nn.linear(3, outputs, key=jax.random.key(1))


@pytest.fixture(scope="module")
def bowl():
    """Inputs with E[xxᵀ] = 2I and mean 0: full-batch gradient descent on ½(y − wx − b)² diverges from rate 2/2 = 1 on."""
    inputs = np.sqrt(6) * np.concatenate([np.eye(3), -np.eye(3)]).astype(np.float32)
    return inputs, (inputs @ [[1.0], [-2.0], [0.5]]).astype(np.float32)


@pytest.fixture(scope="module")
def book(bowl):
    return find_learning_rate(linear(), GAUSSIAN, bowl, optimizer="sgd", batch_size=6)


def test_the_book_finds_the_threshold_of_a_quadratic(book):
    assert_allclose(book.threshold, 10 ** (-1 / 9))  # the last ninth of a decade below 1
    assert book.rate == book.threshold / 2
    assert len(book.rows) == 16 * 5
    rates = sorted({row["learning_rate"] for row in book.rows})
    assert rates[0] == 1e-5
    assert rates[-1] == 100


def test_the_curves_are_those_of_gradient_descent(book, bowl):
    X, y = (array.astype(float) for array in bowl)
    model = linear()
    w, b = (np.asarray(leaf, float) for leaf in (model.layers[0].weight, model.layers[0].bias))
    costs = []
    for _ in range(4):
        error = X @ w + b - y
        costs.append(0.5 * np.mean(error**2))
        w, b = w - 0.1 * X.T @ error / 6, b - 0.1 * error.mean(axis=0)
    ours = [row["cost"] for row in book.rows if row["learning_rate"] == 0.1]
    assert_allclose(ours, [costs[0], *costs], rtol=1e-5)


def test_the_range_test_on_a_quadratic(bowl):
    found = find_learning_rate(
        linear(), GAUSSIAN, bowl, optimizer="sgd", method="range", batch_size=6, steps=120, lowest=1e-4, highest=100
    )
    assert found.threshold > 1.0
    assert 0.01 < found.rate < 1.0
    assert_allclose([row["learning_rate"] for row in found.rows[:3]], 1e-4 * 1e6 ** (np.arange(3) / 119), rtol=1e-5)
    costs = np.array([row["cost"] for row in found.rows])
    assert_allclose([row["smoothed"] for row in found.rows], smooth(costs))


def test_nothing_is_changed_by_looking(bowl):
    model, rule = linear(), optim.optimizer_named("momentum", learning_rate=optim.Cosine(0.3, 7))
    before = jax.tree.map(np.array, (jax.tree.leaves(model), jax.tree.leaves(rule)))
    np.random.seed(3)  # noqa: NPY002
    random.seed(3)
    states = np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    for method in ("book", "range"):
        find_learning_rate(model, GAUSSIAN, bowl, optimizer=rule, method=method, batch_size=6, steps=20, highest=1e-2)
    for old, new in zip(jax.tree.leaves(before), jax.tree.leaves((model, rule)), strict=True):
        assert old.tobytes() == np.asarray(new).tobytes()
    assert_array_equal(states[0], np.random.get_state()[1])  # noqa: NPY002
    assert states[1] == random.getstate()


@pytest.mark.parametrize(
    ("costs", "verdict"),
    [
        ([3.0, 2.0, 1.0], True),
        ([3.0, 1.0, 1.019], True),
        ([3.0, 1.0, 1.03], False),
        ([3.0, 3.5, 1.0], False),
        ([3.0, 2.0, np.inf], False),
        ([3.0, 2.0, np.nan], False),
        ([3.0, 3.0, 3.0], False),
    ],
)
def test_what_falling_means(costs, verdict):
    assert falls(costs) is verdict


def test_smoothing_is_the_weighted_mean():
    costs = np.array([3.0, 1.0, 4.0, 1.0, 5.0])
    weights = [0.9 ** np.arange(k, -1, -1.0) for k in range(5)]
    assert_allclose(smooth(costs), [np.average(costs[: k + 1], weights=w) for k, w in enumerate(weights)])


def test_another_rate():
    rule = optim.optimizer_named("momentum", learning_rate=optim.Cosine(0.3, 7), momentum=0.7)
    assert (
        rule.with_learning_rate(0.5).recipe == optim.optimizer_named("momentum", learning_rate=0.5, momentum=0.7).recipe
    )
    rule = optim.optimizer_named("kfac", learning_rate=optim.Cosine(0.3, 7), damping=2.0)
    assert rule.with_learning_rate(0.5).recipe == optim.optimizer_named("kfac", learning_rate=0.5, damping=2.0).recipe


@pytest.mark.parametrize(
    ("arguments", "kind", "sentence"),
    [
        ({"method": "ranged"}, ValueError, "Did you mean 'range'"),
        ({"optimizer": "lbfgs"}, TypeError, "mini-batch rule with a learning_rate"),
        ({"epochs": 0}, ValueError, "epochs must be a whole number, at least 1"),
        ({"method": "range", "lowest": 0.0}, ValueError, "lowest must be a finite number > 0"),
        ({"method": "range", "lowest": 1.0, "highest": 0.1}, ValueError, "highest must be a finite number > 1"),
        ({"method": "range", "steps": 5}, ValueError, "steps must be a whole number, at least 10"),
    ],
)
def test_bad_input_is_one_sentence(bowl, arguments, kind, sentence):
    with pytest.raises(kind, match=sentence):
        find_learning_rate(linear(), GAUSSIAN, bowl, **{"optimizer": "sgd", **arguments})


def test_a_cost_that_cannot_fall(bowl):
    X, _ = bowl
    flat = X * 0 + 1e-30, np.zeros((6, 1), np.float32)
    model = jax.tree.map(lambda leaf: leaf * 0, linear())
    with pytest.raises(ValueError, match="the cost falls at no learning rate"):
        find_learning_rate(model, GAUSSIAN, flat, optimizer="sgd", batch_size=6)
