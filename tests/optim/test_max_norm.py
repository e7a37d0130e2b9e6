"""The constraint ‖w‖ ≤ c on each unit, after every step."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shinso import optim

START = {
    "layer": {"weight": np.array([[3.0, 0.1, 0.0], [4.0, 0.2, 0.0]]), "bias": np.array([9.0, 9.0, 9.0])},
    "kernel": {"weight": np.full((2, 2, 1, 2), 2.0) * [1.0, 0.01]},
    "maxout": {"bias": np.full((2, 2), 9.0)},
}
ONE, COUNT = jnp.ones(()), jnp.zeros((), int)


def clipped(weight, limit):
    """Each column, by itself."""
    flat = weight.reshape(-1, weight.shape[-1]).copy()
    for unit in range(flat.shape[1]):
        norm = np.linalg.norm(flat[:, unit])
        if norm > limit:
            flat[:, unit] *= limit / norm
    return flat.reshape(weight.shape)


def cost(params):
    return sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(params)), None


@pytest.mark.parametrize("limit", [1.5, 3.0])
def test_each_unit_is_put_back(limit):
    with jax.enable_x64(True):
        inner = optim.optimizer_named("momentum", learning_rate=0.05)
        optimizer = optim.max_norm(inner, limit)
        params = jax.tree.map(jnp.asarray, START)
        free = inner.step(cost, params, inner.init(params), COUNT, ONE)
        held = optimizer.step(cost, params, optimizer.init(params), COUNT, ONE)
    for name in ("layer", "kernel"):
        expected = clipped(np.asarray(free.params[name]["weight"]), limit)
        np.testing.assert_allclose(held.params[name]["weight"], expected, rtol=1e-12)
    np.testing.assert_array_equal(held.params["layer"]["bias"], free.params["layer"]["bias"])
    np.testing.assert_array_equal(held.params["maxout"]["bias"], free.params["maxout"]["bias"])
    assert jax.tree.all(jax.tree.map(lambda a, b: bool((a == b).all()), held.state, free.state))


def test_inside_the_ball_nothing_changes_and_dtypes_stay():
    inner = optim.optimizer_named("sgd", learning_rate=0.1)
    params = {"weight": jnp.full((2, 3), 0.25, jnp.bfloat16)}
    held = optim.max_norm(inner, 4.0).step(cost, params, inner.init(params), COUNT, ONE).params["weight"]
    free = inner.step(cost, params, inner.init(params), COUNT, ONE).params["weight"]
    assert held.dtype == jnp.bfloat16
    np.testing.assert_array_equal(np.asarray(held, float), np.asarray(free, float))


def test_recipe_and_averages():
    constrained = optim.max_norm(optim.optimizer_named("adam", learning_rate=optim.Cosine(0.1, 50)), 3.5)
    optimizer = optim.averaged(constrained, decay=0.9)
    again = optim.optimizer_from_recipe(optimizer.recipe)
    assert again.recipe == optimizer.recipe
    assert isinstance(again.optimizer, optim.MaxNorm)
    assert optimizer.recipe["max_norm"] == 3.5
    assert constrained.total_steps == 50
    assert constrained.learning_rate_at(COUNT, ONE) == pytest.approx(0.1)
    params = {"weight": jnp.full((4, 1), 100.0)}
    step = optimizer.step(cost, params, optimizer.init(params), COUNT, ONE)
    np.testing.assert_allclose(jnp.linalg.norm(optimizer.averages(step.state)["weight"]), 3.5, rtol=1e-5)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: optim.max_norm("sgd", 3.0), TypeError, "optimizer must be an Optimizer to be constrained; got str"),
        (
            lambda: optim.max_norm(optim.optimizer_named("sgd"), 0.0),
            ValueError,
            "limit must be a finite number > 0; got 0.0",
        ),
        (lambda: optim.max_norm(optim.optimizer_named("lbfgs"), 3.0), TypeError, "optimizer must be a mini-batch rule"),
        (
            lambda: optim.max_norm(optim.averaged(optim.optimizer_named("sgd")), 3.0),
            TypeError,
            "neither averaged nor constrained",
        ),
    ],
)
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()
