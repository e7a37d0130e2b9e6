"""R35: one pass gives the inverse of the outer-product Hessian."""

import numpy as np
import pytest

from shinso import curvature
from shinso.objectives import L1, L2, Objective

ALPHA = 0.03


def one_by_one(vectors, alpha):
    """PRML (5.89), literally."""
    inverse = np.eye(vectors.shape[1]) / alpha
    for b in vectors:
        inverse = inverse - np.outer(inverse @ b, b @ inverse) / (1 + b @ inverse @ b)
    return inverse


@pytest.mark.parametrize("likelihood", ["gaussian", "categorical"])
def test_inverse(case, monkeypatch, likelihood):
    # Blocks of two examples, so that seven take four passes, the last with one of its own.
    monkeypatch.setattr("shinso.curvature._sequential_inverse.RANK", 6)
    one = case(likelihood)
    p = one.pieces()
    found = curvature.inverse_outer_product(one.model, one.objective, one.data, alpha=ALPHA)
    exact = np.linalg.inv(one.through_outputs(p["M"]) + ALPHA * np.eye(len(one.theta)))
    assert np.abs(found.matrix - exact).max() < 1e-8

    values, bases = np.linalg.eigh(p["M"])
    roots = np.sqrt(np.maximum(values, 0) * p["share"][:, None])[:, :, None] * np.swapaxes(bases, 1, 2)
    vectors = np.einsum("nkl,nlw->nkw", roots, one.jacobian()).reshape(-1, len(one.theta))
    assert np.abs(found.matrix - one_by_one(vectors, ALPHA)).max() < 1e-8
    assert found.semidefinite


def test_penalties_join_the_start_and_the_expected_hessian_is_used(case):
    """For a cost whose M may be negative it inverts the Fisher matrix; penalties are part of it."""
    one = case("sigmoid_quadratic")
    objective = Objective(one.objective.likelihood, [L2(0.4), L1(0.1)])
    found = curvature.inverse_outer_product(one.model, objective, one.data, alpha=ALPHA)
    fisher = curvature.dense(curvature.fisher(one.model, objective, one.data))
    product = np.asarray(found.matrix) @ (np.asarray(fisher) + ALPHA * np.eye(len(one.theta)))
    np.testing.assert_allclose(product, np.eye(len(one.theta)), atol=1e-9)


def test_alpha_is_positive(case):
    one = case("gaussian")
    with pytest.raises(ValueError, match="alpha must be a finite number > 0; got 0"):
        curvature.inverse_outer_product(one.model, one.objective, one.data, alpha=0.0)
