"""Embeddings, language models, and drawing from them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from shinso import nn
from shinso.nn import Sequences

KEY = jax.random.key(0)


class Cycle(nn.Layer):
    """Logits of a Markov chain s → s + 1 mod 3 of which the answer depends on the last symbol alone."""

    log_p: jax.Array

    def __call__(self, x, *, key=None):
        return Sequences(self.log_p[x.values[..., 0]], x.lengths)


@pytest.fixture(scope="module")
def model():
    return nn.language_model(5, 6, embedding=3, cell="elman", key=KEY)


def test_an_embedding_is_a_dense_layer_on_one_hot_inputs():
    layer = nn.Embedding(4, 3, key=KEY)
    symbols = np.array([[0, 3, 1], [2, 2, 0]])
    expected = np.eye(4)[symbols] @ np.asarray(layer.weight)
    assert_allclose(layer(symbols[..., None]), expected, rtol=1e-6)
    assert_allclose(layer(symbols[..., None].astype(np.float32)), expected, rtol=1e-6)
    padded = layer(Sequences(jnp.asarray(symbols[..., None]), jnp.array([3, 1])))
    assert_allclose(padded.values, expected, rtol=1e-6)
    assert layer.output_shape((7, 1)) == (7, 3)


def test_the_model_sees_no_symbol_before_its_time(model):
    first, second = np.array([[[1], [2], [3], [4]]]), np.array([[[1], [2], [0], [0]]])
    assert_allclose(model(first)[:, :2], model(second)[:, :2], rtol=1e-6)
    assert not np.allclose(model(first)[:, 2], model(second)[:, 2])
    assert model(first).shape == (1, 4, 5)


def test_it_can_be_built_again(model):
    again = nn.model_from_recipe(model.recipe.to_dict(), KEY)
    for one, other in zip(jax.tree.leaves(again), jax.tree.leaves(model), strict=True):
        assert_array_equal(one, other)


def test_draws_follow_the_models_probabilities():
    p = np.array([[0.1, 0.6, 0.3], [0.2, 0.2, 0.6], [0.7, 0.2, 0.1]])
    chain = Cycle(jnp.log(jnp.asarray(p, jnp.float32)))
    drawn = np.asarray(nn.sample_symbols(chain, [0], 4000, window=3, key=KEY))
    pairs = np.zeros((3, 3))
    np.add.at(pairs, (drawn[:-1], drawn[1:]), 1)
    counts = pairs.sum(axis=1, keepdims=True)
    # Five standard deviations of a share.
    assert np.all(np.abs(pairs / counts - p) < 5 * np.sqrt(p * (1 - p) / counts))


def test_at_a_low_temperature_the_likeliest_symbol_wins():
    chain = Cycle(jnp.log(jnp.array([[0.1, 0.6, 0.3], [0.2, 0.2, 0.6], [0.7, 0.2, 0.1]])))
    assert nn.sample_symbols(chain, [2], 6, temperature=1e-3, window=3, key=KEY).tolist() == [0, 1, 2, 0, 1, 2]


def test_a_draw_sees_the_window_alone(model):
    """The first draw is that of the logits after the last `window` symbols."""
    start, window = [4, 1, 2, 3], 2
    logits = model(np.array([[[2], [3]]]))[0, -1]
    expected = jax.random.categorical(jax.random.split(KEY, 1)[0], logits)
    assert nn.sample_symbols(model, start, 1, window=window, key=KEY)[0] == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"start": []}, "start must be at least one symbol"),
        ({"length": 0}, "length"),
        ({"temperature": 0}, "temperature"),
        ({"window": 0}, "window"),
    ],
)
def test_bad_arguments_are_named(model, arguments, message):
    with pytest.raises(ValueError, match=message):
        nn.sample_symbols(model, **{"start": [0], "length": 2, "key": KEY, **arguments})
    with pytest.raises(ValueError, match="one symbol a step"):
        model(np.zeros((2, 3, 2)))
