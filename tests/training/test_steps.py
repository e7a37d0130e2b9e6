"""Training on an output for every step of a sequence."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

import shinso
from shinso import nn
from shinso.objectives import Objective, likelihood
from shinso.training import Stopping

LENGTHS = np.array([5, 2, 4, 1, 5, 3])
CLASSES = 3


@pytest.fixture(scope="module")
def sequences():
    generator = np.random.default_rng(0)
    values = [generator.normal(size=(length, 2)).astype(np.float32) for length in LENGTHS]
    targets = np.zeros((len(LENGTHS), 5), np.int32)
    for row, sequence in zip(targets, values, strict=True):
        row[: len(sequence)] = np.cumsum(sequence[:, 0]) > 0
    return nn.pad(values), targets


@pytest.fixture(scope="module")
def model():
    return nn.recurrent(2, CLASSES, (4,), cell="elman", per_step=True, key=jax.random.key(0))


@pytest.fixture(scope="module")
def run(model, sequences):
    objective = Objective(likelihood("categorical"))
    stopping = Stopping("validation_loss", patience=50)
    return shinso.train(
        model, objective, sequences, epochs=60, learning_rate=0.03, validation=sequences, stopping=stopping
    )


def mean_loss(model, sequences):
    """Mean over all steps that are there, by hand."""
    inputs, targets = sequences
    logits = np.asarray(model(jax.tree.map(jnp.asarray, inputs)).values, float)
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    losses = [-log_p[n, t, targets[n, t]] for n, length in enumerate(np.asarray(inputs.lengths)) for t in range(length)]
    return np.mean(losses)


def test_the_cost_is_the_mean_over_steps(model, sequences):
    inputs, targets = jax.tree.map(jnp.asarray, sequences)
    objective = Objective(likelihood("categorical"))
    batch = shinso.objectives.Batch(inputs, targets, jnp.ones(len(LENGTHS)))
    assert_allclose(objective(model, batch), mean_loss(model, sequences), rtol=1e-5)


def test_training_learns_and_evaluates_step_by_step(run, sequences):
    assert run.history["accuracy"][-1] > 0.9 > run.history["accuracy"][0]
    assert_allclose(run.history["validation_loss"].min(), mean_loss(run.model, sequences), rtol=1e-4)
    found = run.evaluate(*sequences)
    assert found.n == LENGTHS.sum()
    assert_allclose(found.loss, mean_loss(run.model, sequences), rtol=1e-4)
    assert run.predict(sequences[0]).shape == (len(LENGTHS), 5)


def test_what_stands_in_the_padding_never_matters(run, model, sequences):
    inputs, targets = sequences
    longer = nn.Sequences(np.pad(inputs.values, ((0, 0), (0, 2), (0, 0)), constant_values=7), inputs.lengths)
    filled = np.pad(targets, ((0, 0), (0, 2)), constant_values=2)
    for n, length in enumerate(LENGTHS):
        filled[n, length:] = 2
    again = shinso.train(model, run.objective, (longer, filled), epochs=3, learning_rate=0.03)
    assert_allclose(again.history["loss"], run.history["loss"][:3], rtol=1e-4)


def test_full_batch_methods_take_steps_too(model, sequences):
    found = shinso.train(model, Objective(likelihood("categorical")), sequences, epochs=30, optimizer="lbfgs")
    assert found.history["loss"][-1] < 0.3 * found.history["loss"][0]


def test_plain_arrays_have_no_padding(model):
    generator = np.random.default_rng(1)
    inputs = generator.normal(size=(4, 5, 2)).astype(np.float32)
    targets = (np.cumsum(inputs[..., 0], axis=1) > 0).astype(np.int32)
    run = shinso.train(model, Objective(likelihood("categorical")), (inputs, targets), epochs=2)
    assert run.evaluate(inputs, targets).n == 20


def test_targets_must_be_there_for_every_step(model, sequences):
    with pytest.raises(ValueError, match=r"targets must be \[N, T, …\] with N=6 and T=5"):
        shinso.train(model, Objective(likelihood("categorical")), (sequences[0], sequences[1][:, :3]))
