import jax
import numpy as np
import pytest

from shinso import _threefry, nn


def words(key):
    return np.asarray(jax.random.key_data(key)).tolist()


@pytest.mark.parametrize("x64", [False, True])
@pytest.mark.parametrize("seed", [0, 1, 2**31 - 1])
def test_keys_are_jaxs(seed, x64):
    with jax.enable_x64(x64):
        key = jax.random.key(seed)
        assert words(_threefry.key_of(seed)) == words(key)
        assert [words(one) for one in _threefry.split(key, 5)] == words(jax.random.split(key, 5))
        assert words(_threefry.fold_in(key, 7)) == words(jax.random.fold_in(key, 7))


def test_a_seed_of_more_than_32_bits():
    with jax.enable_x64(True):
        assert words(_threefry.key_of(2**40 + 3)) == words(jax.random.key(2**40 + 3))


@pytest.mark.parametrize("shape", [(), (3,), (130, 131)])
def test_numbers_are_jaxs_to_rounding(shape):
    key = jax.random.key(5)
    drawn = _threefry.uniform(key, shape, -0.3, 0.2)
    np.testing.assert_allclose(drawn, jax.random.uniform(key, shape, minval=-0.3, maxval=0.2), rtol=0, atol=1e-7)
    drawn = _threefry.normal(key, shape)
    # In the tails a last bit of the uniform number is more than one of the normal one.
    np.testing.assert_allclose(drawn, jax.random.normal(key, shape), rtol=1e-5, atol=1e-6)
    assert drawn.dtype == np.float32


@pytest.mark.parametrize("key", [jax.random.key(1, impl="rbg"), jax.random.PRNGKey(1)], ids=["rbg", "raw"])
def test_other_keys(key):
    np.testing.assert_allclose(_threefry.normal(key, (4, 3)), jax.random.normal(key, (4, 3)), rtol=1e-5, atol=1e-6)
    for own, jaxs in zip(_threefry.split(key, 2), jax.random.split(key, 2), strict=True):
        np.testing.assert_allclose(_threefry.normal(own, (3,)), jax.random.normal(jaxs, (3,)), rtol=1e-5, atol=1e-6)


def test_a_traced_key_gives_the_same_network():
    def weights(key):
        return [layer.weight for layer in nn.mlp(3, 2, (4,), key=key).layers if isinstance(layer, nn.Dense)]

    keys = jax.random.split(jax.random.key(2), 2)
    together = jax.jit(jax.vmap(weights))(keys)
    for index, key in enumerate(keys):
        for all_of_them, alone in zip(together, weights(key), strict=True):
            np.testing.assert_allclose(all_of_them[index], alone, rtol=1e-5, atol=1e-6)


def test_a_known_key_while_something_else_is_traced():
    key = jax.random.key(2)
    inside = jax.jit(lambda x: x + nn.Dense(3, 2, key=_threefry.fold_in(key, 1)).weight)(np.zeros((3, 2)))
    np.testing.assert_array_equal(inside, nn.Dense(3, 2, key=_threefry.fold_in(key, 1)).weight)


def test_float64_starts_from_the_same_numbers():
    narrow = nn.Dense(4, 3, weight_init="he_normal", key=jax.random.key(0)).weight
    with jax.enable_x64(True):
        wide = nn.Dense(4, 3, weight_init="he_normal", key=jax.random.key(0)).weight
        assert wide.dtype == np.float64
    np.testing.assert_allclose(narrow, wide, rtol=1e-6)


def test_no_program_is_compiled(compilations):
    jax.random.split(jax.random.key(0), 6)
    compilations.reset()
    for spec in ("he_normal", "glorot_uniform", "orthogonal", {"name": "constant", "value": 0.2}):
        nn.Dense(17, 13, weight_init=spec, key=_threefry.fold_in(_threefry.key_of(3), 1))
    nn.cnn((11, 11, 1), 3, (2,), hidden=(5,), key=_threefry.key_of(4))
    assert compilations.count == 0
