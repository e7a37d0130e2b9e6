"""Averaged parameters in training: evaluated, returned, stored and resumed beside the raw ones."""

import dataclasses

import equinox as eqx
import jax
import numpy as np
import pytest

import shinso
from shinso import Stopping, optim
from shinso.training import TrainingWarning

SETTINGS = {"epochs": 7, "batch_size": 22}
"""One step an epoch, so that the parameters after each step are those of a shorter training."""


def leaves(model):
    return [np.asarray(leaf) for leaf in jax.tree.leaves(eqx.filter(model, eqx.is_array))]


def averaged_run(run):
    return dataclasses.replace(run, model=run.averaged_model)


@pytest.fixture(scope="module")
def optimizer():
    """Polyak averaging of momentum from the third step on."""
    return optim.averaged(optim.optimizer_named("momentum", learning_rate=0.5), start=2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("averaged") / "run"


@pytest.fixture(scope="module")
def run(table, objective, optimizer, folder):
    """A stored run with averages."""
    model = shinso.nn.mlp(3, 2, (4,), activation="tanh", key=jax.random.key(0))
    return shinso.train(
        model, objective, table[0], validation=table[1], optimizer=optimizer, folder=folder, **SETTINGS
    )  # fmt: skip


def test_the_mean_of_the_points_is_returned_and_evaluated(run, table, objective, model, optimizer):
    plain = {"optimizer": optimizer.optimizer, "validation": table[1]}
    points = [
        shinso.train(model, objective, table[0], **plain, **{**SETTINGS, "epochs": epochs}) for epochs in range(3, 8)
    ]
    for found, last, *values in zip(
        leaves(run.averaged_model), leaves(run.model), *(leaves(point.model) for point in points), strict=True
    ):
        np.testing.assert_array_equal(last, values[-1])
        np.testing.assert_allclose(found, np.mean(values, axis=0), rtol=2e-6, atol=1e-7)
    np.testing.assert_array_equal(run.history["validation_loss"], points[-1].history["validation_loss"])
    evaluation = averaged_run(run).evaluate(*table[1])
    assert run.history["averaged_validation_loss"][-1] == pytest.approx(evaluation.loss, rel=1e-6)
    assert run.history["averaged_validation_accuracy"][-1] == pytest.approx(evaluation.score)
    assert evaluation.loss != run.evaluate(*table[1]).loss
    assert points[-1].averaged_model is None


def test_averages_are_stored(run, folder, tmp_path):
    back = shinso.load(folder)
    for found, expected in zip(leaves(back.averaged_model), leaves(run.averaged_model), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert back.optimizer.recipe == run.optimizer.recipe
    copy = dataclasses.replace(run, folder=None).save(tmp_path / "copy")
    (copy / "averaged.safetensors").write_bytes((copy / "model.safetensors").read_bytes())
    with pytest.raises(ValueError, match=r"averaged.safetensors is damaged or was changed"):
        shinso.load(copy)


def test_resumed_averages_have_the_same_bits(run, table, objective, model, optimizer, tmp_path):
    arguments = {"validation": table[1], "optimizer": optimizer, "folder": tmp_path / "run"}
    shinso.train(model, objective, table[0], **arguments, **{**SETTINGS, "epochs": 4})
    rest = shinso.train(model, objective, table[0], **arguments, **SETTINGS, resume=True)
    for found, expected in zip(leaves(rest.averaged_model), leaves(run.averaged_model), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_early_stopping_can_watch_the_averages(table, objective, model, optimizer):
    stopping = Stopping("averaged_validation_loss", 3)
    run = shinso.train(
        model, objective, table[0], validation=table[1], optimizer=optimizer, stopping=stopping, epochs=60, batch_size=22
    )  # fmt: skip
    watched = run.history["averaged_validation_loss"]
    assert run.stop.best_epoch == watched.argmin() + 1
    assert run.stop.best_epoch < run.stop.epoch
    assert averaged_run(run).evaluate(*table[1]).loss == pytest.approx(watched.min(), rel=1e-6)
    own = run.history["validation_loss"][run.stop.best_epoch - 1]
    assert run.evaluate(*table[1]).loss == pytest.approx(own, rel=1e-6)


def test_a_schedule_longer_than_training_is_warned_of(table, objective, model):
    longer = {"optimizer": "sgd", "learning_rate": optim.Cosine(0.1, 8)}
    with pytest.warns(TrainingWarning, match="takes 8 steps, training ends after 7: give the schedule fewer steps"):
        shinso.train(model, objective, table[0], **longer, **SETTINGS)
    shinso.train(model, objective, table[0], **longer, **{**SETTINGS, "epochs": 8})
