"""Jacobians in products, and the diagonals made of them, against Jacobians written out."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from shinso import curvature, nn, objectives
from shinso.objectives import L2, Objective

OBJECTIVE = Objective(objectives.Categorical(), [L2(0.25, "*.bias")])


class Scaled(eqx.Module):
    """A network with a parameter that no layer shows."""

    network: nn.Sequential
    factor: jax.Array

    def __call__(self, x, *, key=None):
        return self.factor * self.network(x)


@pytest.fixture(scope="module", autouse=True)
def double():
    with jax.enable_x64(True):
        yield


@pytest.fixture(scope="module")
def small(double):
    """A network with a convolution, its pool and two dense layers; five images, one of weight 0."""
    rng = np.random.default_rng(0)
    model = nn.cnn((6, 5, 2), 3, (2,), kernel_size=(3, 2), padding="valid", hidden=(4,), key=jax.random.key(1))
    data = rng.normal(size=(5, 6, 5, 2)), np.array([0, 1, 2, 1, 0]), np.array([1.0, 0.5, 0.0, 2.0, 1.0])
    return model, data


def jacobian(model, inputs):
    parameters, rest = eqx.partition(model, eqx.is_inexact_array)
    flat, unflatten = ravel_pytree(parameters)
    run = jax.jit(jax.jacrev(lambda w: eqx.combine(unflatten(w), rest)(jnp.asarray(inputs))))
    return np.asarray(run(flat))


def diagonal_written_out(model, data):
    j, p = jacobian(model, data[0]), np.asarray(jax.nn.softmax(model(jnp.asarray(data[0]))))
    m = p[:, :, None] * np.eye(3) - p[:, :, None] * p[:, None, :]
    return np.einsum("n,nkw,nkl,nlw->w", data[2] / data[2].sum(), j, m, j)


def test_products_are_the_jacobian(small):
    model, (inputs, *_) = small
    outputs, layers = eqx.filter_jit(curvature.layer_jacobians)(model, jnp.asarray(inputs))
    np.testing.assert_allclose(outputs, model(jnp.asarray(inputs)), rtol=1e-12)
    exact, start = jacobian(model, inputs), 0
    for layer, node in zip(layers, (node for node in model.layers if hasattr(node, "weight")), strict=True):
        found = np.einsum("nra,nkrg->nkag", layer.rows, layer.gradients).reshape(5, 3, -1)
        size = node.weight.size + node.bias.size
        np.testing.assert_allclose(found, exact[..., start : start + size], atol=1e-12)
        start += size


def test_a_layer_alone(small):
    model, (inputs, *_) = small
    compiled = eqx.filter_jit(curvature.layer_jacobians)
    whole = compiled(model, jnp.asarray(inputs))[1][-1]
    last = len(model.layers) - 1
    _, (weight,) = compiled(model, jnp.asarray(inputs), f"layers.{last}.weight")
    assert weight.names == (f"layers.{last}.weight",)
    np.testing.assert_allclose(weight.rows, whole.rows[..., :-1])


@pytest.mark.parametrize("shown", [True, False])
def test_diagonal(small, shown):
    """By layers, and by the gradients of each example where a parameter belongs to none."""
    network, data = small
    model = network if shown else Scaled(network, jnp.asarray(1.5))
    operator = curvature.gauss_newton(model, OBJECTIVE, data, chunk=2)
    penalty = ravel_pytree(jax.tree.map(lambda leaf: jnp.full(leaf.shape, 0.25 * (leaf.ndim == 1)), operator.point()))[
        0
    ]
    found = ravel_pytree(curvature.diagonal(operator))[0]
    np.testing.assert_allclose(found, diagonal_written_out(model, data) + penalty, atol=1e-12)


def test_kronecker_of_some_layers_is_their_part_of_the_whole(small):
    model, data = small
    whole = curvature.kronecker(model, OBJECTIVE, data)
    last = curvature.kronecker(model, OBJECTIVE, data, where=lambda path, _: path in whole.blocks[-1].names)
    (block,) = last.blocks
    np.testing.assert_allclose(
        (block.left * block.values[:, 0]) @ block.left.T,
        (whole.blocks[-1].left * whole.blocks[-1].values[:, 0]) @ whole.blocks[-1].left.T,
        atol=1e-12,
    )
    np.testing.assert_allclose(np.sort(block.values.ravel()), np.sort(whole.blocks[-1].values.ravel()), atol=1e-12)
    # What is held fixed may be of any kind.
    scaled = Scaled(model, jnp.asarray(1.0))
    names = tuple(f"network.{name}" for name in block.names)
    (same,) = curvature.kronecker(scaled, Objective(objectives.Categorical()), data, where=names).blocks
    np.testing.assert_allclose(np.sort(same.values.ravel()), np.sort(block.values.ravel()), atol=1e-12)


def test_layers_that_show_nothing_are_named(small):
    model, (inputs, *_) = small
    with pytest.raises(ValueError, match="got factor of Scaled"):
        curvature.layer_jacobians(Scaled(model, jnp.asarray(1.5)), jnp.asarray(inputs))
