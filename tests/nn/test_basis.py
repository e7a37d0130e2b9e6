"""Basis functions against NumPy; they have no parameters; models on them are rebuilt from their recipes."""

import json

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shinso import nn, optim
from shinso.objectives import L2, parameter_paths

KEY = jax.random.key(0)
X = np.random.default_rng(0).uniform(-1, 1, size=(7, 2))
POINTS = [[0.0, 0.5], [-1.0, 1.0], [0.3, 0.3]]


def powers(x):
    return np.column_stack([x[:, d] ** m for m in range(1, 5) for d in range(2)])


def gaussians(x):
    return np.stack([np.exp(-((x - np.array(p)) ** 2).sum(1) / (2 * 0.7**2)) for p in POINTS], axis=1)


def sigmoids(x):
    return np.column_stack([1 / (1 + np.exp(-(x[:, d] - c) / 0.2)) for d in range(2) for c in (-0.5, 0.0, 0.5)])


# name: (layer, spec, reference, functions of two inputs, words in the summary)
BASES = {
    "polynomial": (nn.PolynomialBasis(4), {"degree": 4}, powers, 8, "PolynomialBasis of degree 4"),
    "gaussian": (
        nn.GaussianBasis(POINTS, 0.7), {"centres": np.array(POINTS), "width": 0.7}, gaussians, 3,
        "GaussianBasis of 3 centres",
    ),
    "sigmoid": (
        nn.SigmoidBasis([-0.5, 0, 0.5], 0.2), {"centres": (-0.5, 0, 0.5), "width": 0.2}, sigmoids, 6,
        "SigmoidBasis of 3 centres",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BASES)
def test_values_shapes_and_rows(name):
    layer, _, reference, functions, words = BASES[name]
    with jax.enable_x64(True):
        np.testing.assert_allclose(layer(jnp.asarray(X)), reference(X), rtol=1e-13)
    assert layer(jnp.asarray(X, jnp.float32)).dtype == jnp.float32
    assert layer.output_shape((2,)) == (functions,)
    (row,) = nn.summary(layer, (2,))
    assert (row["layer"], row["parameters"], row["output_shape"]) == (words, 0, [functions])


@pytest.mark.parametrize("name", BASES)
def test_nothing_of_a_basis_is_trained_or_penalized(name):
    _, spec, _, functions, _ = BASES[name]
    model = nn.basis_model(2, 3, basis={"name": name, **spec}, key=KEY)
    assert list(parameter_paths(model)) == ["layers.1.weight", "layers.1.bias"]
    assert list(L2(1.0).touched(model)) == ["layers.1.weight"]
    assert nn.parameter_count(model) == functions * 3 + 3


@pytest.mark.parametrize("name", BASES)
def test_a_recipe_builds_the_same_model(name):
    model = nn.network("basis_model", (2,), 3, basis={"name": name, **BASES[name][1]}, key=KEY)
    again = nn.model_from_recipe(json.loads(json.dumps(model.recipe.to_dict())), KEY)
    assert eqx.tree_equal(model, again)
    assert again.recipe == model.recipe


def test_one_input_takes_plain_numbers_and_images_are_flattened():
    basis = nn.GaussianBasis([0.0, 1.0], 1.0)
    np.testing.assert_allclose(basis(jnp.array([[1.0]])), [[np.exp(-0.5), 1.0]], rtol=1e-6)
    model = nn.basis_model((2, 2, 1), 3, key=KEY)
    assert [type(layer).__name__ for layer in model.layers] == ["Flatten", "PolynomialBasis", "Dense"]
    assert model.output_shape((2, 2, 1)) == (3,)


def test_a_closed_form_goes_into_the_model():
    """Nine powers and a bias pass through ten points."""
    x = np.linspace(-1, 1, 10)[:, None]
    y = np.random.default_rng(1).normal(size=(10, 1))
    with jax.enable_x64(True):
        model = nn.basis_model(1, 1, basis={"name": "polynomial", "degree": 9}, key=jax.random.key(0))
        fitted = optim.with_readout(model, optim.least_squares(model.layers[0](jnp.asarray(x)), y))
        np.testing.assert_allclose(fitted(jnp.asarray(x)), y, atol=1e-10)
    coefficients = np.polynomial.polynomial.polyfit(x[:, 0], y[:, 0], 9)
    np.testing.assert_allclose([*fitted.layers[1].bias, *fitted.layers[1].weight[:, 0]], coefficients, rtol=1e-8)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.PolynomialBasis(0), "degree must be a whole number, at least 1; got 0"),
        (lambda: nn.GaussianBasis([0.0], 0.0), "width must be a finite number > 0; got 0.0"),
        (lambda: nn.GaussianBasis([], 1.0), r"centres must be J numbers or J points \[J, D\], at least one"),
        (lambda: nn.GaussianBasis([[1.0], [1.0, 2.0]], 1.0), r"centres must be J numbers or J points \[J, D\]; got"),
        (lambda: nn.SigmoidBasis([[0.0]], 1.0), "centres must be J numbers, at least one; got an array of shape"),
        (lambda: nn.SigmoidBasis([np.nan], 1.0), "centres must be finite; got"),
        (lambda: nn.GaussianBasis(POINTS, 1.0)(jnp.zeros((2, 3))), "has centres of 2 coordinates; got 3 inputs"),
        (lambda: nn.PolynomialBasis(2)(jnp.zeros((2, 3, 1))), r"takes vectors of shape \(D,\); got \(3, 1\)"),
        (lambda: nn.basis_model(1, 1, basis="polynomial", key=KEY), "basis 'polynomial' needs degree; got no arguments"),
        (lambda: nn.basis_model(1, 1, basis={"name": "gausian"}, key=KEY), "Did you mean 'gaussian'"),
        (lambda: nn.basis_model(1, 1, basis={"name": "polynomial", "order": 2}, key=KEY), "takes degree; got 'order'"),
    ],
)  # fmt: skip
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
