"""Label smoothing against its formula, noise on targets against what it should be on average."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import log_softmax

from shinso import nn, objectives

RANDOM = np.random.default_rng(0)
LABELS = np.array([0, 2, 1, 3, 1])
OUTPUTS = RANDOM.normal(size=(5, 4))
KEY = jax.random.key(0)


def test_smoothed_categorical_is_the_mean_over_redrawn_labels():
    with jax.enable_x64(True):
        likelihood = objectives.likelihood("smoothed_categorical", smoothing=0.2)
        a, y = jnp.asarray(OUTPUTS), jnp.asarray(LABELS)
        costs = -log_softmax(OUTPUTS, axis=1)
        shares = 0.8 * np.eye(4)[LABELS] + 0.2 / 4
        np.testing.assert_allclose(likelihood.loss(a, y), (shares * costs).sum(1), rtol=1e-12)
        slope = jax.grad(lambda a: likelihood.loss(a, y).sum())(a)
        np.testing.assert_allclose(slope, np.exp(-costs) - shares, rtol=1e-10, atol=1e-12)
        second = jax.vmap(jax.hessian(lambda a, y: likelihood.loss(a[None], y[None])[0]))(a, y)
        np.testing.assert_allclose(likelihood.output_hessian(a, y), second, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(likelihood.log_likelihood(a, y), -costs[np.arange(5), LABELS], rtol=1e-12)
    assert likelihood.recipe == {"name": "smoothed_categorical", "smoothing": 0.2}
    assert likelihood.loss(jnp.ones((5, 4), jnp.float16), jnp.asarray(LABELS)).dtype == jnp.float16


@pytest.mark.parametrize("smoothing", [-0.1, 1.0])
def test_smoothing_out_of_range(smoothing):
    with pytest.raises(ValueError, match="smoothing must be a finite number ≥ 0"):
        objectives.SmoothedCategorical(smoothing)


def test_swapped_targets_keep_their_marginals():
    objective = objectives.NoisyTargets(objectives.Categorical(), swap=0.3)
    targets = jnp.asarray(RANDOM.choice(4, size=20_000, p=[0.1, 0.2, 0.3, 0.4]))
    noisy = np.asarray(objective.noisy(targets, KEY))
    assert noisy.dtype == targets.dtype
    shares = np.bincount(np.asarray(targets)) / 20_000
    np.testing.assert_allclose(np.bincount(noisy) / 20_000, shares, atol=0.015)
    assert abs((noisy != np.asarray(targets)).mean() - 0.3 * (1 - (shares**2).sum())) < 0.015


def test_added_noise():
    objective = objectives.NoisyTargets(objectives.Gaussian(), deviation=0.5)
    targets = jnp.zeros((10_000, 2))
    noise = np.asarray(objective.noisy(targets, KEY))
    assert abs(noise.mean()) < 0.02
    assert abs(noise.std() - 0.5) < 0.02


def test_noise_in_training_only_and_the_same_for_the_same_key():
    x = jnp.asarray(RANDOM.normal(size=(6, 3)), jnp.float32)
    batch = objectives.Batch(x, jnp.arange(6.0)[:, None], jnp.ones(6))
    model = nn.linear(3, 1, key=KEY)
    plain = objectives.Objective(objectives.Gaussian(), [objectives.L2(0.1)])
    noisy = objectives.NoisyTargets(objectives.Gaussian(), [objectives.L2(0.1)], swap=0.5, deviation=0.1)
    assert noisy(model, batch) == plain(model, batch)
    with_key = noisy(model, batch, key=KEY)
    assert with_key == noisy(model, batch, key=KEY)
    assert with_key != plain(model, batch)
    cost, outputs, _ = noisy.value_outputs_and_model(model, batch, key=KEY)
    assert cost == with_key
    np.testing.assert_array_equal(outputs, model(x))
    assert eqx.tree_equal(objectives.objective_from_recipe(noisy.recipe), noisy)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"swap": 1.5}, "swap must be a finite number ≥ 0 and ≤ 1; got 1.5"),
        ({"deviation": -1.0}, "deviation must be a finite number ≥ 0"),
        ({"deviation": 0.1}, "deviation must be 0 but for a gaussian likelihood; got 0.1 for categorical"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        objectives.NoisyTargets(objectives.Categorical(), **arguments)
