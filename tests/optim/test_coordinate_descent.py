"""Coordinate descent: its rate on a quadratic, and the LASSO against scikit-learn and its conditions of optimality."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn import linear_model

from shinso import optim

RNG = np.random.default_rng(0)
FEATURES = RNG.normal(size=(40, 6)) + np.array([0, 1, 2, 0, 0, -3])
TARGETS = FEATURES[:, :2] @ [[1.0, 0.0], [-2.0, 0.5]] + 0.3 * RNG.normal(size=(40, 2)) + 1.0


def on_host(fit):
    """Compared outside the context in which float64 exists."""
    return type(fit)(*(np.asarray(part) for part in fit))


@pytest.mark.parametrize("alpha", [1.0, 0.1, 0.01])
def test_the_predicted_rate(alpha):
    """(x₁ − x₂)² + α(x₁² + x₂²): a sweep sets x₁ = x₂/(1+α), then x₂ = x₁/(1+α): x₂ falls by (1+α)⁻², slower as α → 0."""
    matrix = 2 * np.array([[1 + alpha, -1], [-1, 1 + alpha]])
    with jax.enable_x64(True):
        path = optim.coordinate_descent(matrix, np.zeros(2), start=[-3.0, 2.0], sweeps=30)
    sweeps = np.arange(1, 31)
    np.testing.assert_allclose(path[1:, 1], 2.0 * (1 + alpha) ** (-2.0 * sweeps), rtol=1e-12)
    np.testing.assert_allclose(path[1:, 0], 2.0 * (1 + alpha) ** (1 - 2.0 * sweeps), rtol=1e-12)
    np.testing.assert_array_equal(path[0], [-3.0, 2.0])
    # The rate is the spectral radius of the Gauss–Seidel iteration.
    radius = np.abs(np.linalg.eigvals(-np.linalg.inv(np.tril(matrix)) @ np.triu(matrix, 1))).max()
    np.testing.assert_allclose(radius, (1 + alpha) ** -2)


def test_it_finds_the_minimum_and_never_rises():
    factor = RNG.normal(size=(5, 5))
    matrix, vector = factor @ factor.T + np.eye(5), RNG.normal(size=5)
    with jax.enable_x64(True):
        path = np.asarray(optim.coordinate_descent(matrix, vector, sweeps=400))
    np.testing.assert_allclose(path[-1], np.linalg.solve(matrix, vector), rtol=1e-8)
    costs = 0.5 * np.einsum("si,ij,sj->s", path, matrix, path) - path @ vector
    assert (np.diff(costs) <= 1e-12).all()


def test_soft_thresholding_on_a_diagonal():
    with jax.enable_x64(True):
        path = optim.coordinate_descent(np.diag([1.0, 2.0, 4.0]), [3.0, -1.0, -5.0], threshold=2.0, sweeps=1)
    np.testing.assert_allclose(path[-1], [1.0, 0.0, -0.75])


@pytest.mark.parametrize("weights", [None, RNG.uniform(size=40)])
@pytest.mark.parametrize("bias", [True, False])
def test_lasso_as_scikit_learn(weights, bias):
    alpha = 0.15
    total = 40 if weights is None else weights.sum()
    with jax.enable_x64(True):
        fit = on_host(optim.lasso(FEATURES, TARGETS, alpha * total, weights=weights, bias=bias))
    for k in range(2):
        reference = linear_model.Lasso(alpha, fit_intercept=bias, tol=1e-12, max_iter=100_000)
        reference.fit(FEATURES, TARGETS[:, k], sample_weight=weights)
        np.testing.assert_allclose(fit.weight[:, k], reference.coef_, atol=1e-6)
        np.testing.assert_allclose(fit.bias[k], reference.intercept_, atol=1e-6)
    assert (fit.weight == 0).any()
    assert (fit.gap <= 1e-12).all()


def test_lasso_is_optimal():
    """Φᵀr = λ sgn(w) where w ≠ 0, |Φᵀr| ≤ λ elsewhere; from λ = ‖Φᵀy‖_∞ on, nothing is left."""
    with jax.enable_x64(True):
        fit = on_host(optim.lasso(FEATURES, TARGETS, 5.0))
        most = np.abs((FEATURES - FEATURES.mean(0)).T @ TARGETS).max()
        empty = on_host(optim.lasso(FEATURES, TARGETS, 1.0001 * most))
    slope = FEATURES.T @ (TARGETS - FEATURES @ fit.weight - fit.bias)
    kept = fit.weight != 0
    np.testing.assert_allclose(slope[kept], 5.0 * np.sign(fit.weight[kept]), atol=1e-4)
    assert (np.abs(slope[~kept]) <= 5.0 + 1e-4).all()
    assert not empty.weight.any()
    np.testing.assert_allclose(empty.bias, TARGETS.mean(0))
    assert not empty.sweeps.any()


def test_lasso_in_the_default_type_and_with_useless_features():
    constant = np.column_stack([FEATURES, np.ones(40), np.zeros(40)])
    fit = optim.lasso(constant, TARGETS[:, 0], 2.0)
    assert (fit.weight.dtype, fit.sweeps.dtype) == (jnp.float32, jnp.int32)
    np.testing.assert_array_equal(fit.weight[-2:, 0], 0)
    np.testing.assert_allclose(fit.weight[:-2], optim.lasso(FEATURES, TARGETS[:, 0], 2.0).weight, atol=1e-6)
    flat = optim.lasso(FEATURES, np.full(40, 3.0), 2.0)
    assert not flat.weight.any()
    np.testing.assert_allclose(flat.bias, 3.0)


def test_a_path_of_strengths_is_one_program():
    """Traced in float32, the gap closes as far as float32 can tell."""
    strengths = jnp.array([0.5, 5.0, 500.0])
    path = jax.jit(jax.vmap(lambda strength: optim.lasso(FEATURES, TARGETS, strength)))(strengths)
    assert path.weight.dtype == jnp.float32
    for weight, strength in zip(path.weight, strengths, strict=True):
        np.testing.assert_allclose(weight, optim.lasso(FEATURES, TARGETS, float(strength)).weight, atol=2e-3)
    assert (path.gap <= 1e-6).all()


def test_too_few_sweeps_are_said():
    with pytest.warns(
        UserWarning, match=r"lasso stopped after 1 sweeps with a relative duality gap of .* Raise max_sweeps"
    ):
        optim.lasso(FEATURES, TARGETS, 0.1, max_sweeps=1)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([[1.0, 2.0]], [1.0]), {}, "matrix must be symmetric with a positive diagonal"),
        (([[1.0, 2.0], [0.0, 1.0]], [1.0, 1.0]), {}, "matrix must be symmetric with a positive diagonal"),
        (([[0.0]], [1.0]), {}, "matrix must be symmetric with a positive diagonal"),
        (([[1.0]], [1.0, 2.0]), {}, r"vector must have shape \[1\], as the matrix; got \[2\]"),
        (([[1.0]], [1.0]), {"start": [[0.0]]}, r"start must have shape \[1\], as the matrix; got \[1, 1\]"),
        (([[1.0]], [1.0]), {"threshold": -1.0}, "threshold must be a finite number ≥ 0"),
        (([[1.0]], [1.0]), {"sweeps": 0}, "sweeps must be a whole number, at least 1"),
    ],
)
def test_bad_arguments(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        optim.coordinate_descent(*arguments, **options)
