"""Sparse coding beside scikit-learn's, and its properties."""

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.decomposition import dict_learning, sparse_encode

from shinso.optim import sparse_coding

STRENGTH = 0.3


@pytest.fixture(scope="module")
def inputs():
    """Mixtures of two or three of six directions, with noise."""
    generator = np.random.default_rng(0)
    atoms = generator.normal(size=(6, 8))
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    codes = generator.normal(size=(60, 6)) * (generator.random((60, 6)) < 0.4) * 3
    return codes @ atoms + 0.05 * generator.normal(size=(60, 8))


@pytest.fixture(scope="module")
def first():
    return np.random.default_rng(1).normal(size=(6, 8))


@pytest.fixture(scope="module")
def found(inputs, first):
    with jax.enable_x64(True):
        return sparse_coding(inputs, 6, STRENGTH, dictionary=first, tolerance=1e-9, max_rounds=2000)


def cost(X, H, W):
    return 0.5 * np.sum((X - H @ W) ** 2) + STRENGTH * np.abs(H).sum()


def test_the_cost_never_rises(found, inputs):
    costs = np.asarray(found.costs)
    assert np.all(np.diff(costs) <= 1e-10 * costs[0])
    assert_allclose(costs[-1], cost(inputs, np.asarray(found.codes), np.asarray(found.dictionary)), rtol=1e-10)
    assert np.all(np.linalg.norm(found.dictionary, axis=1) <= 1 + 1e-12)


def test_the_codes_are_those_of_the_lasso(found, inputs):
    again = sparse_encode(inputs, np.asarray(found.dictionary), algorithm="lasso_cd", alpha=STRENGTH, max_iter=10_000)
    assert_allclose(found.codes, again, atol=1e-3)
    assert np.mean(np.asarray(found.codes) == 0) > 0.3


def test_no_worse_than_scikit_learns(inputs):
    """The problem has several minima; from three starts each, the best two are the same or ours is lower."""
    ours, theirs = [], []
    with jax.enable_x64(True):
        for seed in range(3):
            found = sparse_coding(inputs, 6, STRENGTH, key=jax.random.key(seed), tolerance=1e-7)
            ours.append(float(found.costs[-1]))
            H, W, *_ = dict_learning(
                inputs, 6, alpha=STRENGTH, method="cd", max_iter=500, tol=1e-9, random_state=seed, return_n_iter=False
            )
            theirs.append(cost(inputs, H, W))
    assert min(ours) <= min(theirs) * 1.01


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"strength": 0.0}, "strength"),
        ({"atoms": 0}, "atoms"),
        ({"inputs": np.zeros(3)}, "matrix"),
        ({"inputs": np.full((2, 2), np.nan)}, "finite"),
        ({"dictionary": np.ones((2, 2))}, "dictionary must have shape"),
    ],
)
def test_bad_input_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        sparse_coding(**{"inputs": np.ones((4, 3)), "atoms": 2, "strength": 0.1, **arguments})
