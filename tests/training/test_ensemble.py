"""Ensembles: votes, averages, bootstrap samples."""

from types import SimpleNamespace

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from shinso import nn
from shinso.objectives import Objective, likelihood
from shinso.training import Ensemble, train_ensemble
from shinso.training._train_ensemble import _bootstrap


def made_of(name, *means):
    """An ensemble of networks that say what is given."""
    runs = [
        SimpleNamespace(data={}, likelihood=likelihood(name), predict_mean=lambda X, mean=mean: np.array(mean))
        for mean in means
    ]
    return Ensemble(tuple(runs))


THREE = (
    [[0.4, 0.6, 0.0], [0.5, 0.3, 0.2], [0.9, 0.1, 0.0]],
    [[0.4, 0.6, 0.0], [0.2, 0.5, 0.3], [0.2, 0.5, 0.3]],
    [[0.9, 0.0, 0.1], [0.2, 0.2, 0.6], [0.0, 0.6, 0.4]],
)


def test_average_and_majority_of_classes():
    ensemble = made_of("categorical", *THREE)
    assert_allclose(ensemble.predict_mean(None), np.mean(THREE, axis=0))
    assert_array_equal(ensemble.predict(None), [0, 2, 1])
    # The first: two votes for 1 against one; the second: one vote each, so the average decides.
    assert_array_equal(ensemble.predict(None, vote="majority"), [1, 2, 1])


def test_average_and_majority_of_labels():
    ensemble = made_of("bernoulli", [[0.6, 0.9]], [[0.6, 0.2]], [[0.1, 0.3]])
    assert_array_equal(ensemble.predict(None), [[0, 0]])
    assert_array_equal(ensemble.predict(None, vote="majority"), [[1, 0]])
    assert_array_equal(made_of("bernoulli", [[0.9]], [[0.3]]).predict(None, vote="majority"), [1])
    with pytest.raises(ValueError, match="vote"):
        ensemble.predict(None, vote="loudest")


def test_means_are_averaged():
    assert_allclose(made_of("gaussian", [[1.0]], [[4.0]]).predict(None, vote="majority"), [[2.5]])


@pytest.fixture(scope="module")
def table():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(40, 2)).astype(np.float32)
    return X, (X[:, 0] * X[:, 1] > 0).astype(np.int32)


@pytest.fixture(scope="module")
def bagged(table):
    return train_ensemble(
        lambda key: nn.mlp(2, 2, (4,), key=key),
        Objective(likelihood("categorical")),
        table,
        members=3,
        bagging=True,
        epochs=3,
    )


def test_members_differ_and_a_seed_repeats_them(bagged, table):
    means = [run.predict_mean(table[0]) for run in bagged.runs]
    assert not np.allclose(means[0], means[1])
    assert bagged.predict(table[0]).shape == (40,)
    again = train_ensemble(
        lambda key: nn.mlp(2, 2, (4,), key=key),
        Objective(likelihood("categorical")),
        table,
        members=3,
        bagging=True,
        epochs=3,
    )
    assert_array_equal(again.predict_mean(table[0]), bagged.predict_mean(table[0]))


def test_a_bootstrap_sample_has_n_draws():
    counts = _bootstrap(200, 50, 0)
    assert_array_equal(counts.sum(axis=1), np.full(200, 50))
    # An example is left out with probability (1 − 1/N)^N; five standard deviations of the mean share.
    assert abs((counts == 0).mean() - (1 - 1 / 50) ** 50) < 5 * 0.04 / np.sqrt(200)


def test_one_network_is_no_ensemble(table):
    with pytest.raises(ValueError, match="members"):
        train_ensemble(lambda key: nn.mlp(2, 2, key=key), Objective(likelihood("categorical")), table, members=1)
    with pytest.raises(ValueError, match="at least 2"):
        train_ensemble([nn.mlp(2, 2, key=jax.random.key(0))], Objective(likelihood("categorical")), table)
