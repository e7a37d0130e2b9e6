"""Networks trained side by side: each as if it had been trained alone."""

import warnings

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose

import shinso
from shinso import nn
from shinso.objectives import L2, Objective, likelihood
from shinso.optim import optimizer_named
from shinso.training import Stopping, TrainingWarning, train_many

N, FEATURES = 20, 3
PLAIN = Objective(likelihood("gaussian"), [L2(0.01)])


def network(seed):
    return nn.mlp(FEATURES, 1, (4,), activation="tanh", key=jax.random.key(seed))


@pytest.fixture(scope="module")
def table():
    generator = np.random.default_rng(3)
    inputs = generator.normal(size=(N, FEATURES)).astype(np.float32)
    return inputs, (inputs[:, :1] - np.sin(2 * inputs[:, 1:2])).astype(np.float32)


SETTINGS = {"epochs": 6, "batch_size": 6}


def assert_same_run(one, alone, rtol=2e-4):
    assert len(one.history) == len(alone.history)
    assert (one.stop.reason, one.stop.epoch, one.stop.step) == (alone.stop.reason, alone.stop.epoch, alone.stop.step)
    for ours, its in zip(one.history.rows, alone.history.rows, strict=True):
        assert_allclose(
            list({**ours, "seconds": 0}.values()), list({**its, "seconds": 0}.values()), rtol=rtol, atol=1e-5
        )
    for left, right in zip(jax.tree.leaves(one.model), jax.tree.leaves(alone.model), strict=True):
        assert_allclose(left, right, rtol=rtol, atol=1e-5)


@pytest.fixture(scope="module")
def sweep(table):
    """Three networks with learning rates and penalties of their own; of the last the cost does not stay finite."""
    objectives = [Objective(likelihood("gaussian"), [L2(strength)]) for strength in (0.01, 0.1, 0.01)]
    rates = [0.01, 0.05, 1e25]
    with pytest.warns(TrainingWarning, match="was not finite"):
        runs = train_many(
            [network(i) for i in range(3)], objectives, table, learning_rate=rates, validation=table, **SETTINGS
        )
    return objectives, rates, runs


@pytest.mark.parametrize("index", [0, 1, 2])
def test_each_member_is_trained_as_alone(sweep, table, index):
    objectives, rates, runs = sweep
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainingWarning)
        alone = shinso.train(
            network(index), objectives[index], table, learning_rate=rates[index], validation=table, **SETTINGS
        )
    assert_same_run(runs[index], alone)
    assert runs[index].settings["optimizer"] == alone.settings["optimizer"]
    assert runs[index].settings["objective"] == alone.settings["objective"]


def test_each_member_stops_for_itself(table):
    stopping = [Stopping("validation_loss", patience=patience) for patience in (1, 3)]
    settings = {"validation": table, "learning_rate": 0.3, "epochs": 40, "batch_size": 6}
    runs = train_many([network(0), network(1)], PLAIN, table, stopping=stopping, **settings)
    for index, run in enumerate(runs):
        assert_same_run(run, shinso.train(network(index), PLAIN, table, stopping=stopping[index], **settings))
    assert runs[0].stop.epoch != runs[1].stop.epoch


def test_members_may_weigh_the_examples_each_in_its_own_way(table):
    generator = np.random.default_rng(0)
    weights = np.stack([np.bincount(generator.integers(0, N, N), minlength=N) for _ in range(2)])
    runs = train_many([network(0), network(1)], PLAIN, table, weights=weights, **SETTINGS)
    for index, run in enumerate(runs):
        alone = shinso.train(network(index), PLAIN, (*table, weights[index]), **SETTINGS)
        assert_same_run(run, alone)


def test_noise_is_each_ones_own(table):
    model = nn.mlp(FEATURES, 1, (8,), dropout=0.5, key=jax.random.key(0))
    first, second = train_many([model, model], PLAIN, table, seed=4, **SETTINGS)
    assert_same_run(first, shinso.train(model, PLAIN, table, seed=4, **SETTINGS))
    assert not np.allclose(first.history["cost"], second.history["cost"])


def test_new_numbers_compile_nothing(sweep, table, compilations):
    models = [network(i) for i in range(5, 8)]
    compilations.reset()
    train_many(models, sweep[0], table, learning_rate=[1e-3, 2e-3, 3e-3], validation=table, **SETTINGS)
    assert compilations.count == 0


REFUSED = {
    "no models": (([], PLAIN), {}, TypeError, "at least one model"),
    "structures": (
        ([network(0), nn.mlp(FEATURES, 1, (5,), key=jax.random.key(0))], PLAIN),
        {},
        ValueError,
        "numbers only",
    ),
    "optimizers": (
        ([network(0)] * 2, PLAIN),
        {"optimizer": [optimizer_named("adam"), optimizer_named("sgd")]},
        ValueError,
        "numbers only",
    ),
    "rates": (([network(0)] * 2, PLAIN), {"learning_rate": [0.1]}, ValueError, "one for each of 2 models; got 1"),
    "weights": (([network(0)] * 2, PLAIN), {"weights": np.ones((2, 3))}, ValueError, r"shape \[2, 20\]"),
    "no weight": (([network(0)] * 2, PLAIN), {"weights": np.zeros((2, N))}, ValueError, "not all 0 for any model"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name, table):
    (models, objective), settings, kind, message = REFUSED[name]
    with pytest.raises(kind, match=message):
        train_many(models, objective, table, **settings)
