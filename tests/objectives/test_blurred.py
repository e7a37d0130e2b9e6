"""A blurred objective: its expectation in closed form, and where it is not blurred."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shinso import Objective, nn, objectives
from shinso.objectives import Batch, Blurred

RANDOM = np.random.default_rng(0)
X, Y = (jnp.asarray(RANDOM.normal(size=(6, width)), jnp.float32) for width in (3, 2))
BATCH = Batch(X, Y, jnp.ones(6))
MODEL = nn.linear(3, 2, key=jax.random.key(0))
PLAIN = Objective(objectives.likelihood("gaussian"), [objectives.L2(0.7)])


def test_expectation_of_a_quadratic_cost():
    """E J(θ + σε) = J(θ) + ½σ² tr H, with tr H = K(mean ‖x‖² + 1) of the loss and λ for each penalized weight."""
    sigma = 0.3
    keys = jax.random.split(jax.random.key(1), 20_000)
    costs = np.asarray(jax.jit(jax.vmap(lambda key: Blurred(PLAIN, sigma)(MODEL, BATCH, key=key)))(keys))
    trace = 2 * (float((X**2).sum(axis=1).mean()) + 1) + 0.7 * 6
    expected = float(PLAIN(MODEL, BATCH)) + 0.5 * sigma**2 * trace
    assert abs(costs.mean() - expected) < 4 * costs.std() / len(costs) ** 0.5


def test_without_key_or_deviation_it_is_the_cost_itself():
    key = jax.random.key(3)
    assert float(Blurred(PLAIN, 0.5)(MODEL, BATCH)) == float(PLAIN(MODEL, BATCH))
    assert float(Blurred(PLAIN, 0.0)(MODEL, BATCH, key=key)) == float(PLAIN(MODEL, BATCH, key=key))
    assert float(Blurred(PLAIN, 0.5)(MODEL, BATCH, key=key)) != float(PLAIN(MODEL, BATCH, key=key))


def test_every_parameter_has_its_own_noise_and_buffers_have_none():
    model = nn.Sequential(
        [nn.Dense(3, 3, key=jax.random.key(0)), nn.BatchNorm(3), nn.Dense(3, 3, key=jax.random.key(0))]
    )
    blurred = Blurred(PLAIN, 2.0)
    drawn = blurred.blur(model, jax.random.key(1))
    parameters, others = ([nn.parameters(one)[i] for one in (drawn, model)] for i in (0, 1))
    noise = [(a - b).ravel() for a, b in zip(*map(jax.tree.leaves, parameters), strict=True)]
    assert len(np.unique(np.concatenate(noise))) == sum(map(len, noise))
    assert all((a == b).all() for a, b in zip(*map(jax.tree.leaves, others), strict=True))
    cost, outputs, updated = blurred.value_outputs_and_model(model, Batch(X, X, jnp.ones(6)), key=jax.random.key(1))
    again, same, _ = PLAIN.value_outputs_and_model(drawn, Batch(X, X, jnp.ones(6)), key=jax.random.key(1))
    assert float(cost) == float(again)
    np.testing.assert_array_equal(outputs, same)
    for after, before in zip(*(jax.tree.leaves(nn.parameters(one)[0]) for one in (updated, model)), strict=True):
        np.testing.assert_array_equal(after, before)
    assert not nn.unchanged_buffers(model, updated)


def test_recipe_and_range():
    recipe = json.loads(json.dumps(Blurred(PLAIN, 0.1).recipe))
    assert recipe == {**PLAIN.recipe, "deviation": 0.1}
    assert isinstance(objectives.objective_from_recipe(recipe), Blurred)
    assert objectives.objective_from_recipe(recipe).recipe == recipe
    with pytest.raises(ValueError, match="deviation must be a finite number ≥ 0; got -1"):
        Blurred(PLAIN, -1.0)
