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
