"""R36: every operator against PRML's formulas in NumPy, JAX's dense Hessian and differences, on every cost."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from shinso import curvature
from shinso.objectives import Batch

LIKELIHOODS = ("gaussian", "bernoulli", "categorical", "poisson", "sigmoid_quadratic", "sigmoid_cross_entropy")
ACTIVATIONS = ("identity", "sigmoid", "gaussian_cdf", "erf", "softplus", "gelu", "silu", "elu", "relu")


def agree(found, expected, tolerance=1e-10):
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * max(1.0, np.abs(expected).max()))


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_every_cost(case, likelihood):
    one = case(likelihood)
    exact = one.closed_form()
    found = curvature.dense(curvature.hessian(one.model, one.objective, one.data))
    agree(found, exact)

    delta, M = one.pieces()["delta"], one.pieces()["M"]
    newton = curvature.gauss_newton(one.model, one.objective, one.data)
    agree(curvature.dense(newton), one.through_outputs(M))
    outer = curvature.outer_product(one.model, one.objective, one.data)
    agree(curvature.dense(outer), one.through_outputs(delta[:, :, None] * delta[:, None, :]))

    differences = curvature.finite_difference(one.model, one.objective, one.data)
    agree(differences.matrix, exact, 1e-6)


def test_differences_of_costs(case):
    one = case("sigmoid_quadratic")
    differences = curvature.finite_difference(one.model, one.objective, one.data, of="cost")
    agree(differences.matrix, one.closed_form(), 1e-6)


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_the_closed_form_is_the_dense_hessian_of_the_objective(case, likelihood):
    one = case(likelihood)
    batch = Batch(*(jnp.asarray(part) for part in one.data))
    theta, tree = ravel_pytree(one.model)
    agree(jax.jit(jax.hessian(lambda theta: one.objective(tree(theta), batch)))(theta), one.closed_form())


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation(case, activation):
    one = case("categorical", activation)
    operator = curvature.hessian(one.model, one.objective, one.data)
    vectors = np.random.default_rng(0).normal(size=(2, len(one.theta)))
    exact = one.closed_form()
    for vector, product in zip(vectors, one.products(operator, vectors), strict=True):
        agree(product, exact @ vector)
        agree(product, one.r_operator(vector))


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_r_operator_is_the_closed_form(case, likelihood):
    one = case(likelihood)
    vector = np.random.default_rng(1).normal(size=len(one.theta))
    agree(one.r_operator(vector), one.closed_form() @ vector, 1e-12)
