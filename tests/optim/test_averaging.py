"""Averaged parameters against the two formulas, and the optimizer inside left alone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shinso import optim

START = np.array([1.0, -2.0])
SGD = optim.optimizer_named("sgd")


def polyak(thetas):
    return [np.mean(thetas[: t + 1], axis=0) for t in range(len(thetas))]


def exponential(thetas, decay=0.7):
    averages = [thetas[0]]
    for theta in thetas[1:]:
        averages.append(decay * averages[-1] + (1 - decay) * theta)
    return averages


def walk(optimizer, steps=9):
    """Parameters and averages after each step."""

    def step(carry, count):
        new = optimizer.step(lambda p: (jnp.vdot(p, jnp.array([1.0, 8.0]) * p), None), *carry, count, jnp.ones(()))
        return (new.params, new.state), (new.params, optimizer.averages(new.state), new.gradient_norm)

    params = jnp.asarray(START)
    return jax.tree.map(np.asarray, jax.lax.scan(step, (params, optimizer.init(params)), jnp.arange(steps))[1])


@pytest.mark.parametrize(("decay", "formula"), [(None, polyak), (0.7, exponential)])
@pytest.mark.parametrize("start", [0, 4])
def test_averages_are_those_of_the_formula(decay, formula, start):
    inner = optim.optimizer_named("nesterov_interim", learning_rate=0.05, momentum=0.5)
    with jax.enable_x64(True):
        expected, _, norms = walk(inner)
        thetas, averages, found_norms = walk(optim.averaged(inner, decay=decay, start=start))
    np.testing.assert_array_equal(thetas, expected)
    np.testing.assert_array_equal(found_norms, norms)
    np.testing.assert_array_equal(averages[:start], thetas[:start])
    np.testing.assert_allclose(averages[start:], formula(thetas[start:]), rtol=1e-13)


def test_another_decay_compiles_nothing_and_dtypes_stay(compilations):
    @jax.jit
    def step(optimizer, params, state):
        return optimizer.step(lambda p: (jnp.vdot(p, p), None), params, state, jnp.zeros((), int), jnp.ones(()))

    params = jnp.ones(3, jnp.bfloat16)
    for decay in (0.9, 0.99):
        optimizer = optim.averaged(optim.optimizer_named("adam"), decay=decay, start=7)
        state = optimizer.init(params)
        compilations.reset()
        new = step(optimizer, params, state)
    assert compilations.count == 0
    assert [leaf.dtype for leaf in jax.tree.leaves(new.state)] == [leaf.dtype for leaf in jax.tree.leaves(state)]


def test_it_is_the_optimizer_inside_in_everything_else():
    inner = optim.optimizer_named("sgd", learning_rate=optim.Cosine(0.5, 8))
    optimizer = optim.averaged(inner, decay=0.9, start=3)
    assert optimizer.recipe == {**inner.recipe, "averaging": {"decay": 0.9, "start": 3}}
    assert optim.optimizer_from_recipe(optimizer.recipe).recipe == optimizer.recipe
    assert optim.optimizer_from_recipe(optim.averaged(inner).recipe).recipe["averaging"] == {"decay": None, "start": 0}
    assert optimizer.learning_rate_at(4, 0.5) == inner.learning_rate_at(4, 0.5)
    assert (optimizer.total_steps, optimizer.full_batch, optimizer.keeps_averages) == (8, False, True)
    assert optim.averaged(optim.optimizer_named("lbfgs")).full_batch
    assert not inner.keeps_averages
    assert inner.averages(inner.init(jnp.ones(2))) is None


@pytest.mark.parametrize(
    ("make", "error", "sentence"),
    [
        (lambda: optim.averaged("adam"), TypeError, "optimizer must be an Optimizer to be averaged; got str"),
        (
            lambda: optim.averaged(optim.averaged(SGD)),
            TypeError,
            "must be one that is not averaged yet",
        ),
        (
            lambda: optim.averaged(SGD, decay=1),
            ValueError,
            "decay must be a finite number ≥ 0 and < 1",
        ),
        (
            lambda: optim.averaged(SGD, decay=float("nan")),
            ValueError,
            "decay must be .*; got nan",
        ),
        (
            lambda: optim.averaged(SGD, start=-1),
            ValueError,
            "start must be a whole number, at least 0",
        ),
    ],
)
def test_bad_arguments(make, error, sentence):
    with pytest.raises(error, match=sentence):
        make()
