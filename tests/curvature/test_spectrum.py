"""Dense sizes, diagonals, traces and spectra, on matrices whose answers NumPy knows."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from shinso import curvature
from shinso.curvature._lanczos import ritz

TREE = {"bias": np.zeros(5), "weight": np.zeros((5, 4))}
W = 25


def operator(matrix, semidefinite=False):
    return curvature.DenseOperator(jnp.asarray(matrix), jax.tree.map(jnp.asarray, TREE), semidefinite)


def symmetric(values, seed=0):
    basis, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(values), len(values))))
    return (basis * values) @ basis.T


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


VALUES = np.r_[-2.0, -0.5, np.linspace(0, 1, 21), 7.0, 40.0]


def test_dense_sizes():
    matrix = symmetric(VALUES)
    np.testing.assert_allclose(curvature.dense(2 * operator(matrix)), 2 * matrix, atol=1e-13)
    np.testing.assert_allclose(curvature.eigenvalues(operator(matrix)), np.linalg.eigvalsh(matrix), atol=1e-12)
    positive = operator(symmetric(VALUES + 3))
    np.testing.assert_allclose(curvature.condition_number(positive), 43, rtol=1e-12)
    np.testing.assert_allclose(curvature.log_determinant(positive), np.log(VALUES + 3).sum(), rtol=1e-12)
    with pytest.raises(ValueError, match="positive definite for a log-determinant; its smallest eigenvalue is -2"):
        curvature.log_determinant(operator(matrix))


def test_diagonal_and_trace():
    matrix = symmetric(VALUES)
    exact = curvature.diagonal(operator(matrix))
    assert jax.tree.map(jnp.shape, exact) == jax.tree.map(np.shape, TREE)
    np.testing.assert_allclose(ravel_pytree(exact)[0], np.diag(matrix), atol=1e-13)
    np.testing.assert_allclose(curvature.trace(operator(matrix)), VALUES.sum(), rtol=1e-12)


def test_estimates_are_unbiased_and_know_their_error():
    matrix = symmetric(VALUES)
    off = np.sum(matrix**2, axis=1) - np.diag(matrix) ** 2
    samples, key = 4000, jax.random.key(0)
    diagonal = ravel_pytree(curvature.diagonal_estimate(operator(matrix), samples=samples, key=key))[0]
    assert np.all(np.abs(diagonal - np.diag(matrix)) < 4.5 * np.sqrt(off / samples))
    trace = curvature.trace_estimate(operator(matrix), samples=samples, key=key)
    assert abs(float(trace.value) - VALUES.sum()) < 4 * float(trace.standard_error)
    np.testing.assert_allclose(trace.standard_error, np.sqrt(2 * off.sum() / samples), rtol=0.1)
    one = curvature.trace_estimate(operator(np.diag(VALUES)), samples=1, key=key)
    np.testing.assert_allclose(one.value, VALUES.sum())  # no error on a diagonal matrix
    assert np.isnan(one.standard_error)


@pytest.mark.parametrize(
    "values",
    [VALUES, np.repeat([-1.0, 0.0, 3.0], [2, 20, 3]), np.ones(W), np.zeros(W)],
    ids=["spread", "few", "one", "0"],
)
def test_as_many_steps_as_columns_find_every_eigenvalue(values):
    found = ritz(operator(symmetric(values)), 100, jax.random.key(1))
    np.testing.assert_allclose(found.values, np.sort(values), atol=1e-10)
    np.testing.assert_allclose(found.weights.sum(), 1, rtol=1e-12)
    assert found.errors.max() < 1e-8


def test_extremes_come_with_errors():
    found = curvature.extreme_eigenvalues(operator(symmetric(VALUES)), steps=12, key=jax.random.key(0))
    assert float(found.largest) == pytest.approx(40, abs=1e-9)
    assert -2 - 1e-12 < float(found.smallest) < -2 + 1e-3
    distances = np.abs(VALUES - float(found.smallest))
    assert distances.min() <= float(found.smallest_error) + 1e-12
    with pytest.raises(ValueError, match="steps must be a whole number, at least 1"):
        curvature.extreme_eigenvalues(operator(symmetric(VALUES)), steps=0, key=jax.random.key(0))


def test_density():
    matrix = symmetric(VALUES)
    density = curvature.spectral_density(operator(matrix), samples=200, steps=12, key=jax.random.key(0))
    assert density.values.shape == (200, 12)
    grid = np.linspace(-10, 50, 6001)
    np.testing.assert_allclose(np.trapezoid(density(grid), grid), 1, rtol=1e-6)
    np.testing.assert_allclose(np.trapezoid(density(grid) * grid, grid), density.moment(1), rtol=1e-6)
    np.testing.assert_allclose(density.moment(0), 1, rtol=1e-12)
    # A start's moment k has variance (2/W)(mean of λ²ᵏ − (mean of λᵏ)²) about trace(Aᵏ)/W, to order 1/W.
    for order in (1, 2):
        powers = VALUES**order
        error = np.sqrt(2 / W * powers.var() / 200)
        assert abs(float(density.moment(order)) - powers.mean()) < 4 * error
    assert float(density.mass(-np.inf, -1e-9)) == pytest.approx(2 / W, abs=0.03)
    assert float(density.mass(-np.inf, np.inf)) == pytest.approx(1)


def test_ritz_values_are_gauss_quadrature():
    """m points are right for powers below 2m: moments from the same start are those of all W points."""
    matrix = operator(symmetric(VALUES))
    few, many = (ritz(matrix, steps, jax.random.key(1)) for steps in (4, W))
    for order in range(8):
        moments = [np.sum(np.asarray(one.weights) * np.asarray(one.values) ** order) for one in (few, many)]
        np.testing.assert_allclose(*moments, rtol=1e-10)


def test_a_density_of_one_point_has_a_width():
    density = curvature.SpectralDensity(jnp.ones((1, 4)), jnp.full((1, 4), 0.25))
    grid = np.linspace(0.9, 1.1, 2001)
    np.testing.assert_allclose(np.trapezoid(density(grid), grid), 1, rtol=1e-6)
