import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shinso import nn

N_IN, N_OUT = 120, 180
KEY = jax.random.key(3)

# name: (standard deviation, bound or None for a normal distribution)
TABLE = [
    ("standard_normal", 1.0, None),
    ("fan_in_normal", (1 / N_IN) ** 0.5, None),
    ("fan_out_normal", (1 / N_OUT) ** 0.5, None),
    ({"name": "fan_out_normal", "gain": 2.0}, 2 * (1 / N_OUT) ** 0.5, None),
    ("glorot_normal", (2 / (N_IN + N_OUT)) ** 0.5, None),
    ("glorot_uniform", (2 / (N_IN + N_OUT)) ** 0.5, (6 / (N_IN + N_OUT)) ** 0.5),
    ({"name": "glorot_uniform", "gain": 3**-0.5}, (2 / 3 / (N_IN + N_OUT)) ** 0.5, (2 / (N_IN + N_OUT)) ** 0.5),
    ("he_normal", (2 / N_IN) ** 0.5, None),
    ("he_uniform", (2 / N_IN) ** 0.5, (6 / N_IN) ** 0.5),
    ("random_walk", (2 / N_IN) ** 0.5 * np.exp(1.2 / (N_IN - 2.4)), None),
]


@pytest.mark.parametrize(("spec", "deviation", "bound"), TABLE, ids=str)
def test_distribution(spec, deviation, bound):
    weight = np.asarray(nn.initialize(spec, KEY, (N_IN, N_OUT), nn.Fans(N_IN, N_OUT)), np.float64)
    n = weight.size
    assert abs(weight.mean()) < 4 * deviation / n**0.5
    assert abs(weight.std() / deviation - 1) < 4 / (2 * n) ** 0.5
    if bound is None:
        assert abs((np.abs(weight) < deviation).mean() - 0.682689) < 4 * (0.2166 / n) ** 0.5
    else:
        assert np.abs(weight).max() <= bound * (1 + 1e-6)
        assert np.abs(weight).max() > 0.99 * bound


def test_orthogonal():
    weight = nn.initialize({"name": "orthogonal", "gain": 2.0}, KEY, (9, 4), nn.Fans(9, 4))
    np.testing.assert_allclose(weight.T @ weight, 4 * np.eye(4), atol=1e-5)


def test_constants():
    assert (nn.initialize("zeros", KEY, (3,), nn.Fans(2, 3)) == 0).all()
    assert (nn.initialize("constant", KEY, (3,), nn.Fans(2, 3)) == jnp.float32(0.1)).all()
    assert (nn.initialize({"name": "constant", "value": -1.0}, KEY, (3,), nn.Fans(2, 3)) == -1).all()


def test_every_name_is_tested():
    named = {spec if isinstance(spec, str) else spec["name"] for spec, _, _ in TABLE}
    assert named | {"orthogonal", "zeros", "constant"} == set(nn.INITIALIZERS)


@pytest.mark.parametrize("name", sorted(nn.INITIALIZERS))
def test_default_dtype(name):
    assert nn.initialize(name, KEY, (3, 2), nn.Fans(3, 2)).dtype == jnp.float32
    with jax.enable_x64(True):
        assert nn.initialize(name, jax.random.key(0), (3, 2), nn.Fans(3, 2)).dtype == jnp.float64


def test_biases_know_their_layers_fans():
    layer = nn.Dense(2, 5000, bias_init="glorot_uniform", key=KEY)
    bound = (6 / 5002) ** 0.5
    assert 0.99 * bound < jnp.abs(layer.bias).max() <= bound * (1 + 1e-6)
    convolution = nn.Conv2d(2, 4000, (3, 5), bias_init="he_uniform", key=KEY)
    bound = (6 / (2 * 15)) ** 0.5
    assert 0.99 * bound < jnp.abs(convolution.bias).max() <= bound * (1 + 1e-6)


def test_the_books_convolution():
    """network3.py: n_out = maps × kernel area / pool area, weights N(0, 1/n_out)."""
    layer = nn.Conv2d(30, 40, 5, weight_init={"name": "fan_out_normal", "gain": 2.0}, key=KEY)
    assert abs(layer.weight.std() / (4 / (40 * 25)) ** 0.5 - 1) < 0.02


def test_function():
    layer = nn.Dense(4, 3, weight_init=jax.nn.initializers.normal(0.5), bias_init=jax.nn.initializers.ones, key=KEY)
    assert layer.weight.shape == (4, 3)
    assert (layer.bias == 1).all()


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("he_norml", "weight_init must be one of .*Did you mean 'he_normal'"),
        ({"name": "he_normal", "scale": 2.0}, "weight_init 'he_normal' takes gain; got 'scale'"),
        ({"name": "he_normal", "gain": -2.0}, "gain must be a finite number ≥ 0; got -2.0"),
        ({"gain": 2.0}, "weight_init must be one of .*got None"),
        (3, "weight_init must be one of .*got 3"),
    ],
)
def test_unknown(spec, message):
    with pytest.raises(ValueError, match=message):
        nn.Dense(4, 3, weight_init=spec, key=KEY)


def test_orthogonal_bias_is_refused():
    with pytest.raises(ValueError, match="'orthogonal' is for weights"):
        nn.Dense(4, 3, bias_init="orthogonal", key=KEY)
