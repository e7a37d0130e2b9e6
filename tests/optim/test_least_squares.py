"""Closed forms against scikit-learn, NumPy and the normal equations."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn import linear_model

from shinso import nn, optim

RNG = np.random.default_rng(0)
FEATURES = RNG.normal(size=(30, 4)) @ np.diag([1.0, 3.0, 0.5, 2.0]) + [1.0, 0.0, -2.0, 5.0]
TARGETS = FEATURES @ RNG.normal(size=(4, 2)) + RNG.normal(size=(30, 2)) + 3.0
WEIGHTS = RNG.uniform(size=30)


def agrees(fit, reference, rtol=1e-9):
    np.testing.assert_allclose(fit.weight.T, np.atleast_2d(reference.coef_), rtol=rtol, atol=1e-12)
    np.testing.assert_allclose(
        fit.bias, np.atleast_1d(reference.intercept_) * np.ones(len(fit.bias)), rtol=rtol, atol=1e-12
    )


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_as_scikit_learn(weights, bias):
    with jax.enable_x64(True):
        plain = optim.least_squares(FEATURES, TARGETS, weights=weights, bias=bias)
        shrunk = optim.ridge(FEATURES, TARGETS, 2.5, weights=weights, bias=bias)
    agrees(plain, linear_model.LinearRegression(fit_intercept=bias).fit(FEATURES, TARGETS, weights))
    agrees(shrunk, linear_model.Ridge(2.5, fit_intercept=bias, solver="cholesky").fit(FEATURES, TARGETS, weights))


def test_ridge_is_the_formula():
    """(ΦᵀΦ + λI)⁻¹ΦᵀY with an M×M identity."""
    with jax.enable_x64(True):
        fit = optim.ridge(FEATURES, TARGETS, 0.7, bias=False)
    formula = np.linalg.solve(FEATURES.T @ FEATURES + 0.7 * np.eye(4), FEATURES.T @ TARGETS)
    np.testing.assert_allclose(fit.weight, formula, rtol=1e-10)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    "features", [FEATURES[:3], FEATURES[:, [0, 1, 1, 0]]], ids=["fewer examples", "repeated columns"]
)
def test_a_deficient_rank_gives_the_least_norm(features, bias):
    targets = TARGETS[: len(features)]
    with jax.enable_x64(True):
        fit = optim.least_squares(features, targets, bias=bias)
    middle = (features.mean(0), targets.mean(0)) if bias else (0.0, 0.0)
    expected, *_ = np.linalg.lstsq(features - middle[0], targets - middle[1], rcond=1e-12)
    np.testing.assert_allclose(fit.weight, expected, rtol=1e-9, atol=1e-12)


def test_vectors_are_one_output_and_the_default_type_is_kept():
    """Solved in float64 even where JAX computes in float32: a condition number of 1e7 costs no digit of the result."""
    features = np.vander(np.linspace(0, 1, 12), 9)[:, :-1]
    fit = optim.least_squares(features, np.sin(6 * features[:, -1]))
    assert (fit.weight.shape, fit.bias.shape, fit.weight.dtype) == ((8, 1), (1,), jnp.float32)
    with jax.enable_x64(True):
        exact = optim.least_squares(features, np.sin(6 * features[:, -1]))
    np.testing.assert_allclose(fit.weight, exact.weight, rtol=1e-7)


def test_it_differentiates_and_maps():
    """Inside a transformation the arrays' own type is used."""
    with jax.enable_x64(True):
        features, targets = jnp.asarray(FEATURES), jnp.asarray(TARGETS)
        strengths = jnp.array([0.1, 10.0])
        weights = jax.jit(jax.vmap(lambda s: optim.ridge(features, targets, s).weight))(strengths)
        np.testing.assert_allclose(weights[1], optim.ridge(FEATURES, TARGETS, 10.0).weight, rtol=1e-9)
        slope = jax.grad(lambda y: optim.ridge(features, y, 1.0).weight.sum())(targets)
    assert slope.shape == targets.shape


def test_with_readout_keeps_the_model_and_refuses_other_shapes():
    model = nn.mlp(4, 2, (3,), key=jax.random.key(0))
    fit = optim.Readout(jnp.ones((3, 2)), jnp.zeros(2))
    fitted = optim.with_readout(model, fit)
    np.testing.assert_array_equal(fitted.layers[-1].weight, 1.0)
    np.testing.assert_array_equal(fitted.layers[0].weight, model.layers[0].weight)
    with pytest.raises(ValueError, match=r"readout must have a weight of shape \[3, 2\] .* got \[4, 2\]"):
        optim.with_readout(model, optim.Readout(jnp.ones((4, 2)), jnp.zeros(2)))
    with pytest.raises(TypeError, match="model must be a Sequential that ends in Dense; got Activation"):
        optim.with_readout(nn.Activation("tanh"), fit)


@pytest.mark.parametrize(
    "fit",
    [
        optim.least_squares,
        lambda *data, **options: optim.ridge(*data, 1.0, **options),
        lambda *data, **options: optim.lasso(*data, 1.0, **options),
    ],
    ids=["least_squares", "ridge", "lasso"],
)
@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((FEATURES[:, 0], TARGETS), {}, r"features must be \[N, M\] and targets \[N\] or \[N, K\]; got shapes"),
        ((FEATURES, TARGETS[:4]), {}, r"got shapes \(30, 4\) and \(4, 2\)"),
        ((FEATURES * np.nan, TARGETS), {}, "features must be finite; got NaN or infinity"),
        ((FEATURES, TARGETS), {"weights": np.ones(3)}, r"weights must have shape \[30\]; got \[3\]"),
        ((FEATURES, TARGETS), {"weights": -np.ones(30)}, "weights must be ≥ 0 and not all 0"),
    ],
)
def test_bad_data(fit, arguments, options, message):
    with pytest.raises(ValueError, match=message):
        fit(*arguments, **options)


@pytest.mark.parametrize(("fit", "sign"), [(optim.ridge, "≥ 0"), (optim.lasso, "> 0")])
def test_bad_strength(fit, sign):
    with pytest.raises(ValueError, match=f"strength must be a finite number {sign}; got -1"):
        fit(FEATURES, TARGETS, -1)
