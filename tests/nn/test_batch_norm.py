"""Batch normalization as a layer."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from shinso import nn

KEY = jax.random.key(0)
SHAPES = {"vectors": (6, 4), "images": (3, 2, 5, 4)}


@pytest.fixture(params=SHAPES)
def x(request):
    return np.random.default_rng(0).normal(3, 2, SHAPES[request.param])


def reference(x, scale, bias, epsilon):
    axes = tuple(range(x.ndim - 1))
    return (x - x.mean(axes)) / np.sqrt(x.var(axes) + epsilon) * scale + bias


def layer_of(features=4):
    layer = nn.BatchNorm(features, epsilon=1e-3)
    scale, bias = jnp.linspace(0.5, 2, features), jnp.linspace(-1, 1, features)
    return jax.tree.unflatten(jax.tree.structure(layer), [scale, bias, *jax.tree.leaves(layer.moments)])


def test_training_normalizes_by_the_mini_batch(x):
    with jax.enable_x64(True):
        layer = layer_of()
        expected = reference(x, np.linspace(0.5, 2, 4), np.linspace(-1, 1, 4), 1e-3)
        assert_allclose(layer(jnp.asarray(x), key=KEY), expected, rtol=1e-6)


def test_the_gradient_goes_through_mean_and_variance(x):
    with jax.enable_x64(True):
        layer, direction = layer_of(), np.random.default_rng(1).normal(size=x.shape)
        value = lambda x: jnp.sum(layer(x, key=KEY) ** 3)  # noqa: E731
        slope = jnp.vdot(jax.grad(value)(jnp.asarray(x)), direction)
        scale, bias = np.linspace(0.5, 2, 4), np.linspace(-1, 1, 4)
        ends = [np.sum(reference(x + h * direction, scale, bias, 1e-3) ** 3) for h in (1e-6, -1e-6)]
        assert_allclose(slope, (ends[0] - ends[1]) / 2e-6, rtol=1e-6)


def test_prediction_uses_what_training_has_seen(x):
    layer = layer_of()
    _, updated = layer.call_and_update(jnp.asarray(x, jnp.float32), key=KEY)
    axes = tuple(range(x.ndim - 1))
    assert_allclose(updated.moments.mean, x.mean(axes), rtol=1e-5)
    assert_allclose(updated.moments.variance, x.var(axes, ddof=1), rtol=1e-5)
    expected = (x - x.mean(axes)) / np.sqrt(x.var(axes, ddof=1) + 1e-3) * np.linspace(0.5, 2, 4) + np.linspace(-1, 1, 4)
    assert_allclose(updated(jnp.asarray(x, jnp.float32)), expected, rtol=1e-4, atol=1e-5)
    same, untouched = updated.call_and_update(jnp.asarray(x, jnp.float32))
    assert untouched is updated
    assert same.dtype == jnp.float32


def test_before_training_it_does_nothing_but_its_parameters():
    x = jnp.ones((2, 4))
    assert_allclose(nn.BatchNorm(4, epsilon=1e-12)(x), x, rtol=1e-6)


def test_under_vmap_each_network_has_its_own_statistics():
    x = jnp.asarray(np.random.default_rng(0).normal(size=(2, 6, 4)), jnp.float32)
    layer = nn.BatchNorm(4)
    outputs, moments = jax.vmap(lambda x: _call(layer, x))(x)
    for one in range(2):
        expected, updated = layer.call_and_update(x[one], key=KEY)
        assert_allclose(outputs[one], expected, rtol=1e-5, atol=1e-6)
        assert_allclose(moments.mean[one], updated.moments.mean, rtol=1e-5, atol=1e-7)


def _call(layer, x):
    y, updated = layer.call_and_update(x, key=KEY)
    return y, updated.moments


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0,), "features"),
        ((4, {"momentum": 1.0}), "momentum"),
        ((4, {"epsilon": 0.0}), "epsilon"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    features, options = (*arguments, {})[:2]
    with pytest.raises(ValueError, match=message):
        nn.BatchNorm(features, **options)


def test_bad_shapes_are_named():
    with pytest.raises(ValueError, match="4 features last; got shape"):
        nn.BatchNorm(4)(jnp.ones((3, 5)))
    with pytest.raises(ValueError, match="mini-batch of 1"):
        nn.BatchNorm(4)(jnp.ones((1, 4)), key=KEY)
