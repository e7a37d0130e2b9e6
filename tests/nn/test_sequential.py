import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shinso import nn

KEY = jax.random.key(0)


class Watcher(nn.Layer):
    """Adds a random number in training and remembers which key came."""

    seen: list = eqx.field(static=True)

    @property
    def uses_key(self):
        return True

    def __call__(self, x, *, key=None):
        self.seen.append(None if key is None else jax.random.key_data(key).tolist())
        return x


def test_keys_go_to_those_who_draw():
    seen = []
    inner = nn.Sequential([nn.Flatten(), Watcher(seen)])
    model = nn.Sequential([nn.Activation("relu"), Watcher(seen), nn.Dropout(0.0), inner])
    model(jnp.ones((1, 2)))
    assert seen == [None, None]
    seen.clear()
    model(jnp.ones((1, 2)), key=KEY)
    assert seen == jax.random.key_data(jax.random.split(KEY, 2)).tolist()


def test_one_drawer_gets_the_key_itself():
    seen = []
    nn.Sequential([nn.Flatten(), Watcher(seen)])(jnp.ones((1, 2)), key=KEY)
    assert seen == [jax.random.key_data(KEY).tolist()]


def test_shapes_name_the_layer():
    model = nn.Sequential([nn.Flatten(), nn.Dense(4, 3, key=KEY), nn.Dense(5, 3, key=KEY)])
    with pytest.raises(ValueError, match=r"layer 3 of 3: Dense takes examples of shape \(5,\); got \(3,\)\."):
        model.shapes((2, 2))


def test_no_layers_is_the_identity():
    x = jnp.ones((2, 3))
    assert nn.Sequential([])(x) is x
    assert nn.Sequential([]).output_shape((3,)) == (3,)


class Scale(eqx.Module):
    factor: float

    def __call__(self, x):
        return x * self.factor


@pytest.mark.parametrize(
    "module", [eqx.nn.MLP(4, 3, 5, 1, key=KEY), eqx.nn.Linear(4, 3, key=KEY), Scale(2.0)], ids=["mlp", "linear", "own"]
)
def test_per_example_modules(module):
    x = jnp.linspace(0, 1, 8).reshape(2, 4)
    layer = nn.PerExample(module)
    expected = jnp.stack([module(row) for row in x])
    np.testing.assert_allclose(layer(x), expected, rtol=1e-5)
    np.testing.assert_allclose(eqx.filter_jit(layer)(x, key=KEY), expected, rtol=1e-5)
    assert layer.output_shape((4,)) == expected.shape[1:]
    assert layer.uses_key is not isinstance(module, Scale)


def test_per_example_dropout():
    layer = nn.PerExample(eqx.nn.Sequential([eqx.nn.Linear(4, 50, key=KEY), eqx.nn.Dropout(0.5)]))
    x = jnp.ones((2, 4))
    dropped = layer(x, key=KEY) == 0
    assert dropped[0].any()
    assert (dropped[0] != dropped[1]).any()
    assert not (layer(x) == 0).any()
    inside = nn.Sequential([nn.Flatten(), layer])
    np.testing.assert_array_equal(inside(x, key=KEY), layer(x, key=KEY))


def test_per_example_takes_trees():
    layer = nn.PerExample(lambda pair: pair["a"] @ pair["b"])
    x = {"a": jnp.ones((5, 3)), "b": jnp.ones((5, 3))}
    np.testing.assert_allclose(layer(x), 3 * np.ones(5))
