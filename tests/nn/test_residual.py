"""Skip connections, and layers that hold layers."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shinso import nn

KEY = jax.random.key(8)


def test_derivative_is_that_of_the_block_plus_one():
    with jax.enable_x64(True):
        block = nn.Sequential([nn.Dense(3, 3, key=jax.random.key(0)), nn.Activation("tanh")])
        x = jnp.array([[0.3, -1.0, 2.0]])
        with_skip = jax.jacobian(lambda x: nn.Residual(block)(x)[0])(x)[:, 0]
        without = jax.jacobian(lambda x: block(x)[0])(x)[:, 0]
    np.testing.assert_allclose(with_skip, np.asarray(without) + np.eye(3), rtol=1e-12)


def test_padded_shortcut():
    x = jnp.arange(2 * 5 * 4 * 2.0).reshape(2, 5, 4, 2)
    y = nn.PaddedShortcut(2, 3)(x)
    assert y.shape == (2, *nn.PaddedShortcut(2, 3).output_shape((5, 4, 2))) == (2, 3, 2, 5)
    np.testing.assert_array_equal(y[..., 1:3], x[:, ::2, ::2])
    assert not y[..., [0, 3, 4]].any()


def test_zero_pad():
    x = jnp.ones((2, 3, 4, 1))
    layer = nn.ZeroPad2d(((1, 2), (0, 3)))
    assert layer(x).shape == (2, *layer.output_shape((3, 4, 1))) == (2, 6, 7, 1)
    np.testing.assert_array_equal(layer(x)[0, 1:4, :4], x[0])
    assert layer(x).sum() == x.sum()


def test_layer_norm_is_equinoxs():
    x = jax.random.normal(KEY, (4, 6))
    np.testing.assert_allclose(nn.LayerNorm(6)(x), jax.vmap(eqx.nn.LayerNorm(6))(x), rtol=1e-5, atol=1e-6)
    images = jax.random.normal(KEY, (4, 3, 5, 2))
    theirs = jax.vmap(eqx.nn.GroupNorm(1, 2))(jnp.moveaxis(images, 3, 1))
    np.testing.assert_allclose(nn.LayerNorm(2)(images), jnp.moveaxis(theirs, 1, 3), rtol=1e-5, atol=1e-5)


def test_shapes_that_differ_are_named():
    layer = nn.Residual(nn.Dense(3, 2, key=KEY))
    with pytest.raises(
        ValueError, match=r"Residual takes a block that gives the shape \(3,\) of its shortcut; got \(2,\)"
    ):
        layer(jnp.ones((1, 3)))


def test_parts_that_draw_get_keys_of_their_own():
    layer = nn.Residual(nn.Dropout(0.5), nn.Dropout(0.5))
    x = jnp.ones((20, 50))
    both = np.asarray(layer(x, key=KEY))
    assert set(np.unique(both)) == {0.0, 2.0, 4.0}
    assert not nn.Residual(nn.Flatten()).uses_key
    np.testing.assert_array_equal(layer(x), 2 * x)


def test_statistics_inside_are_brought_up_to_date():
    x = jnp.arange(12.0).reshape(4, 3)
    layer = nn.Residual(nn.Sequential([nn.BatchNorm(3)]), nn.BatchNorm(3))
    y, after = layer.call_and_update(x, key=KEY)
    np.testing.assert_allclose(y, 2 * (x - x.mean(0)) / jnp.sqrt(x.var(0) + 1e-5), rtol=1e-5)
    for norm in (after.block.layers[0], after.shortcut):
        np.testing.assert_allclose(norm.moments.mean, x.mean(0))
    assert not nn.unchanged_buffers(layer, after)


def test_heads_read_the_trunk_where_they_are_tapped():
    first, second = nn.Dense(3, 4, key=KEY), nn.Dense(4, 5, key=KEY)
    heads = {"main": nn.Dense(5, 2, key=KEY), "early": nn.Dense(4, 3, key=KEY), "raw": nn.Dropout(0.5)}
    layer = nn.Heads(nn.Sequential([first, second]), heads, {"early": 1, "raw": 0})
    x = jnp.linspace(-1, 1, 6).reshape(2, 3)
    expected = [heads["main"](second(first(x))), heads["early"](first(x)), x]
    np.testing.assert_allclose(layer(x), jnp.concatenate(expected, axis=1), rtol=1e-6)
    assert layer.output_shape((3,)) == (8,)
    assert layer.sizes((3,)) == {"main": 2, "early": 3, "raw": 3}
    assert layer.multiply_adds((3,)) == 12 + 20 + 10 + 12
    assert layer.uses_key
    noisy = layer(x, key=KEY)
    np.testing.assert_array_equal(noisy[:, :5], layer(x)[:, :5])
    assert set(np.unique(noisy[:, 5:] / x)) <= {0.0, 2.0}


def test_statistics_in_heads_are_brought_up_to_date():
    layer = nn.Heads(nn.BatchNorm(3), {"a": nn.BatchNorm(3), "b": nn.Flatten()})
    _, after = layer.call_and_update(jnp.arange(12.0).reshape(4, 3), key=KEY)
    assert not nn.unchanged_buffers(layer, after)
    assert jax.tree.structure(after) == jax.tree.structure(layer)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: nn.Heads(nn.Flatten(), {}), ValueError, "heads must name at least one head"),
        (lambda: nn.Heads(nn.Flatten(), {"a": 3}), TypeError, "head a must be a layer; got int"),
        (
            lambda: nn.Heads(nn.Flatten(), {"a": nn.Flatten()}, {"b": 0}),
            ValueError,
            "each head of taps must be one of a",
        ),
        (lambda: nn.Heads(nn.Flatten(), {"a": nn.Flatten()}, {"a": 2}), ValueError, "tap of a must be at most 1"),
        (
            lambda: nn.Heads(nn.Flatten(), {"a": nn.Flatten(), "b": nn.MaxPool2d(1)}, {"b": 0})(jnp.ones((1, 2, 2, 1))),
            ValueError,
            r"head b must give a vector for each example; it gives shape \(2, 2, 1\)",
        ),
    ],
)
def test_heads_refuse(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_summary_shows_what_is_inside():
    block = nn.Sequential([nn.Conv2d(2, 4, 3, padding=1, key=KEY), nn.Activation("relu")])
    trunk = nn.Sequential(
        [nn.Residual(block, nn.GroupedConv2d(2, 4, 1, groups=2, bias_init=None, key=KEY)), nn.Flatten()]
    )
    model = nn.Sequential([nn.Heads(trunk, {"kind": nn.Dense(64, 3, key=KEY)})])
    rows = nn.summary(model, (4, 4, 2))
    assert [(row["layer"], row["output_shape"], row["parameters"], row["multiply_adds"]) for row in rows] == [
        ("· · Conv2d 3×3", [4, 4, 4], 76, 16 * 72),
        ("· · Activation relu", [4, 4, 4], 0, 0),
        ("· · shortcut: Conv2d 1×1, 2 groups, no bias", [4, 4, 4], 4, 16 * 4),
        ("· Residual", [4, 4, 4], 0, 0),
        ("· Flatten", [64], 0, 0),
        ("· head kind: Dense", [3], 195, 192),
        ("Heads kind", [3], 0, 0),
    ]
    assert sum(row["parameters"] for row in rows) == nn.parameter_count(model)
