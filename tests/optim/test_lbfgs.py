"""L-BFGS against SciPy and closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize

from shinso import optim


def minimize(cost, start, steps=200, **settings):
    optimizer = optim.LBFGS(**settings)
    step = jax.jit(lambda p, s, k: optimizer.step(cost, p, s, k, jnp.ones(())))
    params, state = jnp.asarray(start), optimizer.init(jnp.asarray(start))
    for k in range(steps):
        done = step(params, state, jnp.asarray(k))
        params, state = done.params, done.state
        if int(done.result) != optim.RUNNING:
            break
    return np.asarray(params), k + 1, done


def rosenbrock(x):
    return jnp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2), x[0]


@pytest.mark.parametrize("start", [[-1.2, 1.0], [-1.2, 1.0, -1.2, 1.0, -1.2, 1.0]])
def test_rosenbrock_as_scipy(start):
    with jax.enable_x64(True):
        found, iterations, done = minimize(rosenbrock, start, gradient_tolerance=1e-6)
    gradient = jax.grad(lambda x: rosenbrock(x)[0])
    scipys = scipy.optimize.minimize(
        lambda x: float(rosenbrock(jnp.asarray(x))[0]), start, jac=lambda x: np.asarray(gradient(jnp.asarray(x)), float),
        method="L-BFGS-B", options={"gtol": 1e-6},
    )  # fmt: skip
    np.testing.assert_allclose(found, np.ones(len(start)), atol=1e-6)
    assert int(done.result) == optim.CONVERGED
    assert iterations <= 1.3 * scipys.nit + 1
    np.testing.assert_allclose(done.auxiliary, found[0])


def test_the_budget_of_evaluations_ends_it():
    with jax.enable_x64(True):
        _, iterations, done = minimize(rosenbrock, [-1.2, 1.0], max_evaluations=7)
    assert int(done.result) == optim.BUDGET_SPENT
    assert iterations <= 7


def test_a_start_at_the_minimum_is_converged():
    _, iterations, done = minimize(lambda x: (jnp.sum(x**2), 0.0), jnp.zeros(3))
    assert (iterations, int(done.result)) == (1, optim.CONVERGED)
