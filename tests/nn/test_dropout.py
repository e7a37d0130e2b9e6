import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shinso import nn

KEY = jax.random.key(11)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_share_scale_and_independence(rate):
    x = jnp.ones((400, 251))
    y = np.asarray(jax.jit(nn.Dropout(rate))(x, key=KEY))
    n = y.size
    dropped = y == 0
    assert abs(dropped.mean() - rate) < 4 * (rate * (1 - rate) / n) ** 0.5
    np.testing.assert_allclose(y[~dropped], 1 / (1 - rate), rtol=2e-4)
    assert abs(y.mean() - 1) < 4 * (rate / (1 - rate) / n) ** 0.5
    bound = 5 / n**0.5
    for one, other in [(dropped[1:], dropped[:-1]), (dropped[:, 1:], dropped[:, :-1]), (dropped[:200], dropped[200:])]:
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 2 * bound
    assert dropped.any(axis=1).all()
    assert len({row.tobytes() for row in dropped}) == len(dropped)  # a fresh mask for every example


def test_the_key_decides():
    x = jnp.ones((3, 5, 5, 2))
    layer = nn.Dropout(0.5)
    np.testing.assert_array_equal(layer(x, key=KEY), layer(x, key=KEY))
    assert (layer(x, key=KEY) != layer(x, key=jax.random.key(12))).any()
    several = jax.vmap(lambda key: layer(x, key=key))(jax.random.split(KEY, 3))
    np.testing.assert_array_equal(several[1], layer(x, key=jax.random.split(KEY, 3)[1]))


def test_derivative_is_the_mask():
    x = jnp.linspace(-1, 1, 21).reshape(3, 7)
    layer = nn.Dropout(0.25)
    gradient = jax.grad(lambda x: layer(x, key=KEY).sum())(x)
    np.testing.assert_allclose(gradient, layer(jnp.ones_like(x), key=KEY), rtol=1e-6)


def test_prediction_and_rate_zero_do_nothing():
    x = jnp.ones((3, 5))
    assert nn.Dropout(0.5)(x) is x
    assert nn.Dropout(0.0)(x, key=KEY) is x
    assert not nn.Dropout(0.0).uses_key


def test_dtype_is_kept():
    with jax.enable_x64(True):
        for dtype in (jnp.float16, jnp.float32, jnp.float64):
            assert nn.Dropout(0.3)(jnp.ones((2, 3), dtype), key=jax.random.key(0)).dtype == dtype


def test_not_a_number_can_be_dropped():
    y = nn.Dropout(0.5)(jnp.full((40, 40), jnp.nan), key=KEY)
    assert (y == 0).any()


@pytest.mark.parametrize("mask", ["per_example", "per_batch"])
def test_mask_is_fresh_per_example_or_shared_by_the_batch(mask):
    y = np.asarray(nn.Dropout(0.5, mask)(jnp.ones((50, 40)), key=KEY))
    assert len({row.tobytes() for row in y}) == (50 if mask == "per_example" else 1)


@pytest.mark.parametrize("mask", ["per_example", "per_batch"])
def test_prediction_is_the_sources_scaled_network(mask):
    """Without the factor in training, the next layer's weights are multiplied by 1 − p: the mean over masks is the same."""
    rate, draws = 0.25, 4000
    x, dense = jnp.arange(1.0, 9.0).reshape(2, 4), nn.Dense(4, 3, key=KEY)
    layer = nn.Sequential([nn.Dropout(rate, mask), dense])
    literal_masks = np.random.default_rng(0).random((draws, 1, 4)) > rate
    literal = ((literal_masks * np.asarray(x)) @ np.asarray(dense.weight)).mean(0)
    outputs = jax.jit(jax.vmap(lambda key: layer(x, key=key)))(jax.random.split(KEY, draws))
    error = np.asarray(outputs.std(0)) / draws**0.5
    assert (np.abs(outputs.mean(0) - layer(x)) < 5 * error).all()
    np.testing.assert_allclose((1 - rate) * np.asarray(layer(x)), literal, atol=5 * error.max())


@pytest.mark.parametrize("mask", ["per_example", "per_batch"])
def test_drop_connect_cuts_weights(mask):
    dense = nn.Dense(3, 4, bias_init="standard_normal", key=KEY)
    layer = nn.DropConnect(dense, 0.5, mask)
    identity = jnp.eye(3)
    y = np.asarray(layer(identity, key=KEY)) - np.asarray(dense.bias)
    ratio = y / np.asarray(dense.weight)
    assert (np.isclose(ratio, 0, atol=1e-6) | np.isclose(ratio, 2, rtol=1e-5)).all()
    assert 0 < np.isclose(ratio, 0, atol=1e-6).sum() < 12
    rows = np.asarray(layer(jnp.ones((30, 3)), key=KEY))
    assert (len({row.tobytes() for row in rows}) == 1) == (mask == "per_batch")
    np.testing.assert_array_equal(layer(identity), dense(identity))
    assert layer.uses_key
    assert not nn.DropConnect(dense, 0.0).uses_key


def test_drop_connect_predicts_the_mean():
    layer, x, draws = nn.DropConnect(nn.Dense(4, 3, key=KEY), 0.3), jnp.linspace(-1, 1, 8).reshape(2, 4), 4000
    outputs = jax.jit(jax.vmap(lambda key: layer(x, key=key)))(jax.random.split(KEY, draws))
    assert (jnp.abs(outputs.mean(0) - layer(x)) < 5 * outputs.std(0) / draws**0.5).all()


@pytest.mark.parametrize("kind", ["multiplicative", "additive"])
@pytest.mark.parametrize("deviation", [0.5, 1.0])
def test_gaussian_noise(kind, deviation):
    x = jnp.full((300, 200), 3.0)
    layer = nn.GaussianNoise(deviation, kind)
    noise = np.asarray(layer(x, key=KEY))
    noise = noise / 3 - 1 if kind == "multiplicative" else noise - 3
    n = noise.size
    assert abs(noise.mean()) < 4 * deviation / n**0.5
    assert abs(noise.std() / deviation - 1) < 4 / (2 * n) ** 0.5
    assert layer(x) is x
    assert nn.GaussianNoise(0.0, kind)(x, key=KEY) is x
    assert layer(x.astype(jnp.float16), key=KEY).dtype == jnp.float16
