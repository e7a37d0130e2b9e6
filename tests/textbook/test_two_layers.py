"""PRML's Hessian of a two-layer network and its R-operator, against JAX's dense Hessian in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from shinso import nn, objectives, textbook
from shinso.objectives import Batch, Objective

RNG = np.random.default_rng(3)
EXAMPLES, INPUTS, HIDDEN, OUTPUTS = 6, 2, 4, 3
X = RNG.normal(size=(EXAMPLES, INPUTS))
WEIGHTS = np.array([1.0, 2.0, 0.5, 0.0, 1.5, 3.0])
CLASSES = RNG.integers(0, OUTPUTS, size=EXAMPLES)
TARGETS = {
    "gaussian": RNG.normal(size=(EXAMPLES, OUTPUTS)),
    "bernoulli": RNG.integers(0, 2, size=(EXAMPLES, OUTPUTS)),
    "categorical": CLASSES,
    "poisson": RNG.poisson(2.0, size=(EXAMPLES, OUTPUTS)),
    "sigmoid_quadratic": CLASSES,
    "sigmoid_cross_entropy": CLASSES,
}
PAIRS = [(name, "tanh") for name in TARGETS]
PAIRS += [("categorical", phi) for phi in nn.ACTIVATIONS if phi != "tanh"]


def network(activation):
    arguments = {"activation": activation, "bias_init": "standard_normal", "key": jax.random.key(1)}
    return nn.mlp(INPUTS, OUTPUTS, HIDDEN, **arguments)


@pytest.fixture(autouse=True)
def _float64():
    with jax.enable_x64(True):
        yield


def dense_hessian(model, likelihood, data):
    theta, tree = ravel_pytree(model)
    batch = Batch(*(jnp.asarray(part) for part in data))
    return jax.jit(jax.hessian(lambda theta: Objective(likelihood)(tree(theta), batch)))(theta)


@pytest.mark.parametrize(("name", "activation"), PAIRS)
def test_every_cost_and_every_activation(name, activation):
    model, likelihood, data = network(activation), objectives.likelihood(name), (X, TARGETS[name], WEIGHTS)
    expected = np.asarray(dense_hessian(model, likelihood, data))
    found = np.asarray(textbook.two_layer_hessian(model, likelihood, data))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9 * np.abs(expected).max())
    vectors = np.random.default_rng(0).normal(size=(2, len(expected)))
    for vector in vectors:
        product = textbook.hessian_vector_product(model, likelihood, data, jnp.asarray(vector))
        np.testing.assert_allclose(product, expected @ vector, rtol=0, atol=1e-9 * np.abs(expected).max())


def test_many_vectors_at_once():
    """v may be a batch: the passes are linear in v and work under vmap."""
    model, likelihood, data = network("tanh"), objectives.likelihood("poisson"), (X, TARGETS["poisson"])
    passed = textbook.two_layer_pass(model, likelihood, data)
    vectors = jnp.eye(len(ravel_pytree(model)[0]))
    rows = jax.vmap(lambda v: textbook.r_backward(passed, v, textbook.r_forward(passed, v)))(vectors)
    np.testing.assert_allclose(rows, textbook.two_layer_hessian(model, likelihood, data), atol=1e-12)


def test_r_forward_is_the_derivative_of_the_forward_pass():
    model, likelihood, data = network("sigmoid"), objectives.likelihood("gaussian"), (X, TARGETS["gaussian"])
    theta, tree = ravel_pytree(model)
    vector = jnp.asarray(np.random.default_rng(1).normal(size=theta.size))
    forward = textbook.r_forward(textbook.two_layer_pass(model, likelihood, data), vector)
    for found, layers in zip(forward, (1, 2, 3), strict=True):
        part = lambda theta, layers=layers: nn.Sequential(tree(theta).layers[:layers])(jnp.asarray(X))  # noqa: E731
        np.testing.assert_allclose(found, jax.jvp(part, (theta,), (vector,))[1], atol=1e-12)


def test_only_two_layers():
    deeper = nn.mlp(2, 3, [4, 4], key=jax.random.key(0))
    with pytest.raises(TypeError, match="model must be Dense, Activation, Dense; got Dense, Activation, Dense, Act"):
        textbook.two_layer_hessian(deeper, objectives.likelihood("categorical"), (X, CLASSES))
