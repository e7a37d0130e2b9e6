"""Matrices made the shorter ways, beside products with unit vectors, which the references hold to account."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from shinso import curvature, nn
from shinso.curvature import _matrix
from shinso.objectives import L2, Objective, likelihood


@pytest.fixture(scope="module", autouse=True)
def double():
    with jax.enable_x64(True):
        yield


class SquareOfTheSum(L2):
    """λ (Σ w)², which couples all weights."""

    def __call__(self, model, total_weight):
        return self.strength * sum(jnp.sum(leaf) for leaf in self.touched(model).values()) ** 2


def by_products(operator):
    zeros, unflatten = ravel_pytree(operator.point())
    columns = jax.vmap(lambda unit: ravel_pytree(operator.mv(unflatten(unit)))[0])(jnp.eye(len(zeros)))
    return np.asarray(columns).T


class Backwards(eqx.Module):
    """Applies its layers from the last one to the first, and one of them twice."""

    layers: tuple[nn.Dense, ...]

    def __call__(self, x, *, key=None):
        for layer in (*reversed(self.layers), self.layers[0]):
            x = jnp.tanh(layer(x))
        return x


def deep(outputs):
    return nn.mlp(3, outputs, (3,) * 4, activation="tanh", key=jax.random.key(0))


def backwards(outputs):
    keys = jax.random.split(jax.random.key(1), 2)
    return Backwards((nn.Dense(outputs, outputs, key=keys[0]), nn.Dense(3, outputs, key=keys[1])))


def convolutional(outputs):
    return nn.cnn((4, 4, 1), outputs, (2,), kernel_size=3, hidden=(3,), activation="tanh", key=jax.random.key(2))


CASES = [
    ("hessian", deep, 10),
    ("hessian", backwards, 2),
    ("gauss_newton", deep, 10),
    ("gauss_newton", backwards, 2),
    ("outer_product", convolutional, 10),
    ("fisher", convolutional, 9),
    ("sampled", backwards, 10),
]
"""Up to 8 rows for an example, or more, which products do without."""


@pytest.mark.parametrize(("kind", "make", "outputs"), CASES)
def test_dense_is_the_matrix_of_the_products(kinds, kind, make, outputs, monkeypatch):
    """More layers than are taken one by one; layers in another order than they are used; a layer used twice."""
    monkeypatch.setattr(_matrix, "PIECES", 2)
    rng = np.random.default_rng(0)
    shape = (4, 4, 1) if make is convolutional else (3,)
    data = rng.normal(size=(11, *shape)), rng.integers(0, outputs, 11), rng.uniform(0.5, 2, 11)
    objective = Objective(likelihood("categorical"), [L2(0.25), SquareOfTheSum(0.125)])
    operator = kinds[kind](make(outputs), objective, data, chunk=4)
    expected = by_products(operator)
    found = curvature.dense(operator)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13 * np.abs(expected).max())
    np.testing.assert_array_equal(found, np.asarray(found).T)
