from dataclasses import replace

import jax
import numpy as np
import pytest

from shinso import nn, objectives
from shinso.data import Dataset
from shinso.training import Run, Stopping, train


def learn(
    dataset: Dataset, likelihood: str, outputs: int, *, network="mlp", validation=True, test=True, **options
) -> Run:
    """Train a tiny network on two thirds of the data; the last third validates and tests."""
    third = len(dataset) // 3
    known, rest = dataset.take(np.arange(2 * third)), dataset.take(np.arange(2 * third, len(dataset)))
    sizes = {"channels": (2,), "hidden": ()} if network == "cnn" else {"hidden": (4,)}
    model = nn.network(network, dataset.inputs.shape[1:], outputs, key=jax.random.key(0), **sizes)
    objective = objectives.Objective(objectives.likelihood(likelihood), (objectives.L2(1e-4),))
    options = {"epochs": 4, "batch_size": 16, "learning_rate": 0.01} | options
    run = train(model, objective, known, validation=rest if validation else None, **options)
    run.evaluate(rest.inputs, rest.targets, name="test")
    return run


@pytest.fixture(scope="session")
def images() -> Dataset:
    random = np.random.default_rng(0)
    targets = random.integers(3, size=120).astype(np.int32)
    inputs = random.uniform(size=(120, 6, 6, 1)).astype(np.float32)
    inputs[np.arange(120), targets * 2] += 0.25
    return Dataset(np.clip(inputs, 0, 1), targets, "classification", classes=("ant", "bee", "cat"), name="insects")


@pytest.fixture(scope="session")
def table() -> Dataset:
    random = np.random.default_rng(1)
    inputs = random.normal(size=(120, 3)).astype(np.float32)
    targets = np.stack([inputs.sum(axis=1), inputs[:, 0]], axis=1) + random.normal(scale=0.3, size=(120, 2))
    names = ("age", "bmi", "pressure")
    return Dataset(
        inputs,
        targets.astype(np.float32),
        "regression",
        feature_names=names,
        target_names=("rise", "fall"),
        name="patients.csv",
    )


@pytest.fixture(scope="session")
def trained_on_images(images) -> Run:
    return learn(images, "categorical", 3, network="cnn", stopping=Stopping(patience=3))


@pytest.fixture(scope="session")
def trained_on_table(table) -> Run:
    return learn(table, "gaussian", 2, validation=False)


@pytest.fixture
def classified(trained_on_images) -> Run:
    """A run on images that a test may change."""
    return _copy(trained_on_images)


@pytest.fixture
def regressed(trained_on_table) -> Run:
    """A run on a table with two numbers to predict that a test may change."""
    return _copy(trained_on_table)


def _copy(run: Run) -> Run:
    history = replace(run.history, rows=[dict(row) for row in run.history.rows])
    evaluations = {name: replace(one) for name, one in run.evaluations.items()}
    return replace(run, history=history, data=dict(run.data), settings=dict(run.settings), evaluations=evaluations)
