"""Outputs for every step of a sequence: n counts the steps that are not padding."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from shinso import bayes, curvature, nn
from shinso.objectives import L2, Batch, Categorical, Objective

LENGTHS = (4, 2, 3)
WEIGHTS = np.array([1.0, 2.0, 0.5])
OBJECTIVE = Objective(Categorical(), [L2(0.01)])


@pytest.fixture(scope="module", autouse=True)
def double():
    with jax.enable_x64(True):
        yield


@pytest.fixture(scope="module")
def model():
    return nn.recurrent(2, 3, (2,), cell="elman", per_step=True, key=jax.random.key(0))


@pytest.fixture(scope="module")
def data():
    random = np.random.default_rng(0)
    inputs = nn.pad([random.normal(size=(length, 2)) for length in LENGTHS])
    return inputs, random.integers(0, 3, (3, 4)), WEIGHTS


def every_step(model, inputs):
    """Outputs of the steps that are there, `[M, K]`, as a function of the flat parameters, and their places."""
    parameters, rest = nn.parameters(model)
    start, unflatten = ravel_pytree(parameters)
    places = [(n, t) for n, length in enumerate(LENGTHS) for t in range(length)]

    def run(flat):
        values = eqx.combine(unflatten(flat), rest)(inputs, key=None).values
        return jnp.stack([values[place] for place in places])

    return run, start, places


def flat(matrix):
    return np.asarray(curvature.dense(matrix))


def test_products_are_sums_over_steps(model, data):
    inputs, targets, weights = data
    run, start, places = every_step(model, inputs)
    outputs, jacobian = np.asarray(jax.jit(run)(start)), np.asarray(jax.jit(jax.jacobian(run))(start))
    p = np.exp(outputs) / np.exp(outputs).sum(axis=1, keepdims=True)
    share = np.array([weights[n] for n, _ in places]) / np.dot(weights, LENGTHS)
    curved = np.einsum("mi,ij->mij", p, np.eye(3)) - p[:, :, None] * p[:, None, :]
    deltas = p - np.eye(3)[[targets[place] for place in places]]
    observed = np.einsum("mkw,mk->mw", jacobian, deltas)
    penalty = np.diag(
        ravel_pytree(
            curvature.hessian(model, OBJECTIVE, data).problem.penalty_product(
                jax.tree.map(jnp.ones_like, nn.parameters(model)[0])
            )
        )[0]
    )
    expected = np.einsum("m,mkv,mkl,mlw->vw", share, jacobian, curved, jacobian) + penalty
    for kind in (curvature.gauss_newton, curvature.fisher):
        np.testing.assert_allclose(flat(kind(model, OBJECTIVE, data, chunk=2)), expected, rtol=1e-9, atol=1e-12)
    outer = np.einsum("m,mv,mw->vw", share, observed, observed) + penalty
    np.testing.assert_allclose(flat(curvature.outer_product(model, OBJECTIVE, data)), outer, rtol=1e-9, atol=1e-12)


def test_the_hessian_is_that_of_the_cost(model, data):
    parameters, rest = nn.parameters(model)
    start, unflatten = ravel_pytree(parameters)
    batch = Batch(*map(jax.tree.map, [jnp.asarray] * 3, data))
    expected = jax.jit(jax.hessian(lambda flat: OBJECTIVE(eqx.combine(unflatten(flat), rest), batch)))(start)
    np.testing.assert_allclose(
        flat(curvature.hessian(model, OBJECTIVE, data, chunk=2)), expected, rtol=1e-9, atol=1e-12
    )


def test_what_is_drawn_does_not_depend_on_chunks(model, data):
    key = jax.random.key(1)
    whole, parts = (flat(curvature.fisher(model, OBJECTIVE, data, samples=2, key=key, chunk=chunk)) for chunk in (3, 2))
    np.testing.assert_allclose(parts, whole, rtol=1e-9, atol=1e-12)


def test_what_needs_one_output_each_says_so(model, data):
    with pytest.raises(ValueError, match=r"outputs \[N, K\] for kronecker; it has one for every step"):
        curvature.kronecker(model, OBJECTIVE, data)
    with pytest.raises(ValueError, match=r"outputs \[N, K\] for inverse_outer_product"):
        curvature.inverse_outer_product(model, OBJECTIVE, data, alpha=1.0)
    with pytest.raises(ValueError, match=r"outputs \[N, K\] for a posterior"):
        bayes.laplace(model, data, OBJECTIVE)
