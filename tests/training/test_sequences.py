"""Sequences of different lengths through the one training loop."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import shinso
from shinso import Objective, nn, objectives
from shinso.objectives import as_batch

RANDOM = np.random.default_rng(0)
LENGTHS = np.array([3, 5, 2, 4, 1, 5])
ARRAYS = [RANDOM.normal(size=(length, 2)).astype(np.float32) for length in LENGTHS]
Y = np.array([0, 1, 0, 1, 1, 0])
OBJECTIVE = Objective(objectives.likelihood("categorical"))


def test_lengths_stay_whole_numbers():
    batch = as_batch("data", (nn.pad(ARRAYS), Y), OBJECTIVE.likelihood)
    assert isinstance(batch.inputs, nn.Sequences)
    assert batch.inputs.values.dtype == jnp.float32
    assert batch.inputs.lengths.dtype == jnp.int32
    plain = as_batch("data", (np.arange(12).reshape(6, 2), Y), OBJECTIVE.likelihood)
    assert plain.inputs.dtype == jnp.float32


def test_training_does_not_see_the_padding(tmp_path):
    model = nn.recurrent(2, 2, 3, cell="gru", key=jax.random.key(0))
    short, long = (nn.pad(ARRAYS, multiple=multiple) for multiple in (1, 7))
    settings = {"epochs": 3, "batch_size": 4, "optimizer": "sgd", "learning_rate": 0.5}
    one = shinso.train(model, OBJECTIVE, (short, Y), validation=(short, Y), **settings)
    other = shinso.train(model, OBJECTIVE, (long, Y), validation=(long, Y), **settings)
    assert np.abs(one.model.layers[0].weight - model.layers[0].weight).max() > 1e-3
    for ours, theirs in zip(jax.tree.leaves(one.model), jax.tree.leaves(other.model), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(one.outputs(short), other.outputs(long), rtol=1e-4, atol=1e-6)
    assert one.evaluate(short, Y).score == pytest.approx(one.history["validation_accuracy"][-1])
    loaded = shinso.load(one.save(tmp_path / "run"))
    np.testing.assert_array_equal(loaded.outputs(short), one.outputs(short))


@pytest.mark.parametrize(
    ("inputs", "error", "message"),
    [
        (
            nn.Sequences(np.ones((6, 5, 2)), LENGTHS + 1),
            ValueError,
            "lengths of inputs of data must be from 1 to 5, .*6",
        ),
        (nn.Sequences(np.ones((6, 5, 2)), LENGTHS * 1.0), TypeError, "lengths of inputs of data must be whole numbers"),
        (nn.Sequences(np.ones((6, 5, 2)), LENGTHS[:5]), ValueError, r"must be values \[N, T, D\] and lengths \[N\]"),
        (nn.Sequences(np.full((6, 5, 2), np.nan), LENGTHS), ValueError, "inputs of data must be finite"),
        (nn.Sequences(np.ones((5, 5, 2)), LENGTHS[:5]), ValueError, "N=6, as many as targets"),
        (nn.Sequences(np.ones((6, 5, 3)), LENGTHS), ValueError, r"GRU takes sequences of shape \(T, 2\); got \(5, 3\)"),
    ],
)
def test_bad_sequences(inputs, error, message):
    model = nn.recurrent(2, 2, 3, cell="gru", key=jax.random.key(0))
    with pytest.raises(error, match=message):
        shinso.train(model, OBJECTIVE, (inputs, Y))
