"""Gradients that explode and vanish, and what a gradient costs: against differentiation, grids and XLA's own count."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from shinso import nn, textbook


@pytest.fixture
def float64():
    with jax.enable_x64(True):
        yield


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("weight", [100.0, -3.0])
def test_the_chain_formula(weight):
    """(121) against jax.grad of C = a_L², and w/4 for each layer back where every z is 0."""
    model = textbook.exploding_chain(5, weight=weight, x=0.3)
    x = jnp.asarray([[0.3]])
    output = float(model(x)[0, 0])
    assert output == pytest.approx(0.5)
    gradient = jax.grad(lambda model: jnp.sum(model(x) ** 2))(model)
    found = textbook.chain_gradient(model, 0.3, 2 * output)
    np.testing.assert_allclose(found, [layer.bias[0] for layer in gradient.layers[::2]], rtol=1e-12)
    np.testing.assert_allclose(found[:-1] / found[1:], weight / 4, rtol=1e-12)


@pytest.mark.usefixtures("float64")
def test_the_chain_formula_off_its_point():
    model = textbook.given_network(
        [np.array([[w]]) for w in (0.7, -1.2, 2.0)], [np.array([b]) for b in (0.1, 0.3, -0.2)]
    )
    gradient = jax.grad(lambda model: jnp.sum(model(jnp.asarray([[1.5]]))))(model)
    expected = [layer.bias[0] for layer in gradient.layers[::2]]
    np.testing.assert_allclose(textbook.chain_gradient(model, 1.5), expected, rtol=1e-12)


def test_a_chain_is_one_neuron_wide():
    with pytest.raises(ValueError, match="one neuron in each layer"):
        textbook.chain_gradient(textbook.half_adder(), 0.0)


def test_the_bound_123():
    """|w σ′(wa + b)| ≥ 1 on a fine grid of a; its largest width is 0.45, at 6.9."""
    a = np.linspace(-1, 1, 2_000_001)
    for weight in (4.5, -6.9, 30.0):
        s = 1 / (1 + np.exp(-weight * a))
        assert textbook.steep_width(weight) == pytest.approx((abs(weight) * s * (1 - s) >= 1).mean() * 2, abs=1e-5)
    assert textbook.steep_width(3.99) == 0.0
    assert textbook.steep_width(4.0) == 0.0
    grid = np.arange(4.0, 20.0, 0.01)
    widths = [textbook.steep_width(w) for w in grid]
    assert grid[np.argmax(widths)] == pytest.approx(6.9, abs=0.05)
    assert max(widths) == pytest.approx(0.45, abs=0.005)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("weight", [0.5, 0.1, -0.1])
def test_the_identity_neuron(weight):
    x = jnp.linspace(0.0, 1.0, 1001)[:, None]
    worst = float(abs(textbook.identity_neuron(weight)(x) - x).max())
    assert 0.9 * weight**2 / 96 < worst <= weight**2 / 96


def test_no_identity_from_nothing():
    with pytest.raises(ValueError, match="weight must not be 0"):
        textbook.identity_neuron(0.0)


@pytest.mark.usefixtures("float64")
def test_differences_need_a_pass_for_every_weight():
    model = nn.mlp(3, 2, [4], activation="sigmoid", key=jax.random.key(0))
    weights, tree = ravel_pytree(model)
    x = jnp.asarray([[0.2, -0.4, 1.0]])
    cost = jax.jit(lambda w: jnp.sum(tree(w)(x) ** 2))
    passes = []

    def counted(w):
        passes.append(w)
        return cost(w)

    found = textbook.difference_gradient(counted, np.asarray(weights))
    np.testing.assert_allclose(found, jax.grad(cost)(weights), atol=1e-5)
    assert len(passes) == textbook.gradient_work(model).forward_passes == weights.size + 1


def test_the_work_of_a_gradient():
    """XLA counts two operations for a multiply-add; activations and biases are a few more."""
    sizes = (300, 200, 100, 50)
    weights = [np.ones(shape) for shape in itertools.pairwise(sizes)]
    model = textbook.given_network(weights, [np.ones(size) for size in sizes[1:]])
    work = textbook.gradient_work(model)
    program = jax.jit(jax.grad(lambda model, x: jnp.sum(model(x)))).lower(model, jnp.ones((8, 300))).compile()
    assert program.cost_analysis()["flops"] / (2 * 8) == pytest.approx(work.back_propagation, rel=0.05)
    forward = 300 * 200 + 200 * 100 + 100 * 50
    assert work.differences == work.forward_passes * forward
    assert work.back_propagation < 3 * forward
    million = textbook.gradient_work(textbook.given_network([np.ones((1000, 1000))], [np.ones(1000)]))
    assert million.forward_passes == 1_001_001
    assert million.differences / million.back_propagation > 5e5


def test_only_dense_work_is_counted():
    with pytest.raises(TypeError, match="dense layers"):
        textbook.gradient_work(nn.cnn((8, 8, 1), 2, channels=[2], key=jax.random.key(0)))
