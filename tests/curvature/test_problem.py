"""Bad input is met at the door."""

import re

import jax
import numpy as np
import pytest

from shinso import curvature, nn, objectives
from shinso.objectives import L2, Objective

X, Y = np.ones((4, 2), np.float32), np.arange(4) % 3
OBJECTIVE = Objective(objectives.Categorical())


@pytest.fixture(scope="module")
def model():
    return nn.mlp(2, 3, 2, activation="tanh", key=jax.random.key(0))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ((X[:0], Y[:0]), "data must have at least one example; got none."),
        ((X, Y[:3]), "inputs of data must be [N, …] with N=3, as many as targets; got shape (4, 2)."),
        ((X, Y, np.ones(3)), "weights of data must have shape [4]; got [3]."),
        ((X, Y, -np.ones(4)), "weights of data must be ≥ 0 and not all 0; the least is -1."),
        ((X, Y, np.zeros(4)), "weights of data must be ≥ 0 and not all 0; the least is 0."),
        ((X * np.nan, Y), "inputs of data must be finite; got nan at index (0, 0)."),
        ((X, Y + 1), "targets must be class indices below 3, the model's outputs; got 3."),
        ((X, Y - 1), "targets of data must be class indices 0, 1, …; got -1."),
        ((X, np.ones((4, 3))), "targets of data must be class indices 0, 1, …"),
        ((np.ones((4, 5)), Y), "Dense takes examples of shape (2,)"),
        (X, "data must be (X, y), (X, y, weights), a Batch or a Dataset; got ndarray."),
    ],
)
def test_data(model, data, message):
    with pytest.raises((TypeError, ValueError), match=re.escape(message)):
        curvature.hessian(model, OBJECTIVE, data)


def test_models_objectives_and_sizes(model):
    with pytest.raises(ValueError, match="model must have parameters, arrays of real numbers; Sequential has none"):
        curvature.hessian(nn.Sequential([nn.Activation("tanh")]), OBJECTIVE, (X, Y))
    stepping = nn.mlp(2, 3, 2, activation="step", key=jax.random.key(0))
    with pytest.raises(ValueError, match="activations with a derivative; got 'step'"):
        curvature.gauss_newton(stepping, OBJECTIVE, (X, Y))
    with pytest.raises(TypeError, match="objective must be an Objective"):
        curvature.fisher(model, objectives.Categorical(), (X, Y))
    with pytest.raises(ValueError, match="chunk must be a whole number, at least 1; got 0"):
        curvature.hessian(model, OBJECTIVE, (X, Y), chunk=0)
    with pytest.raises(ValueError, match="where must match a parameter"):
        curvature.hessian(model, Objective(objectives.Categorical(), [L2(1.0, where="nothing")]), (X, Y))
    with pytest.raises(TypeError, match="samples and key must be given together; got samples=3, key=None"):
        curvature.fisher(model, OBJECTIVE, (X, Y), samples=3)
    with pytest.raises(ValueError, match="of must be one of cost, gradient; got 'gradients'"):
        curvature.finite_difference(model, OBJECTIVE, (X, Y), of="gradients")
    with pytest.raises(ValueError, match="step must be a finite number > 0; got 0"):
        curvature.finite_difference(model, OBJECTIVE, (X, Y), step=0.0)


def test_padded_sequences_are_taken():
    model = nn.recurrent(2, 3, (3,), cell="elman", key=jax.random.key(0))
    sequences = nn.pad([np.ones((3, 2)), np.ones((2, 2)), np.zeros((1, 2))])
    gradient = curvature.gradient(model, OBJECTIVE, (sequences, np.arange(3)))
    assert jax.tree.structure(gradient) == jax.tree.structure(nn.parameters(model)[0])


def test_cost_and_gradient_are_the_same_in_chunks(model):
    generator = np.random.default_rng(0)
    data = generator.normal(size=(7, 2)), generator.integers(0, 3, 7)
    whole, parts = (curvature.problem(model, OBJECTIVE, data, chunk) for chunk in (7, 3))
    np.testing.assert_allclose(parts.cost(parts.parameters), whole.cost(whole.parameters), rtol=1e-5)
    by_chunks = jax.grad(parts.cost)(parts.parameters)
    for one, other in zip(jax.tree.leaves(by_chunks), jax.tree.leaves(whole.gradient(whole.parameters)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_a_dense_matrix_that_is_too_large_says_its_bytes():
    model = nn.linear(784, 100, key=jax.random.key(0))
    data = (np.ones((1, 784), np.float32), np.zeros(1, int))
    operator = curvature.hessian(model, OBJECTIVE, data)
    message = "24,649,000,000 bytes (23.0 GiB) for the dense matrix of 78,500 parameters; got 2,147,483,648"
    message = message.replace("24,649,000,000", f"{78500**2 * 4:,}")
    for attempt in (
        lambda: curvature.dense(operator),
        operator.as_matrix,
        lambda: curvature.eigenvalues(2 * operator),
        lambda: curvature.log_determinant(operator),
        lambda: curvature.finite_difference(model, OBJECTIVE, data),
        lambda: curvature.inverse_outer_product(model, OBJECTIVE, data, alpha=1.0),
    ):
        with pytest.raises(ValueError, match=re.escape(message)):
            attempt()
