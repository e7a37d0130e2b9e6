"""Every operator against PRML's formulas in NumPy, JAX's dense Hessian and differences, on every cost."""

import numpy as np
import pytest

from shinso import curvature, textbook

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
@pytest.mark.parametrize("activation", ["tanh", "gelu"])
def test_the_pieces_are_those_of_the_written_out_pass(case, likelihood, activation):
    """h′, h″, δ and M by automatic differentiation are those written down in NumPy."""
    one = case(likelihood, activation)
    passed, pieces = textbook.two_layer_pass(one.model, one.objective.likelihood, one.data), one.pieces()
    for name in ("x", "z", "slope", "bend", "w", "delta", "share"):
        agree(getattr(passed, name), pieces[name], 1e-13)
    agree(passed.curvature, pieces["M"], 1e-13)
