"""Strategies by name: plain arguments, a final run with a folder, and the same bits after a resume."""

import inspect
import signal

import jax
import numpy as np
import pytest

import shinso
from shinso import Objective, nn, objectives, optim
from shinso.training import (
    TRAINING_STRATEGIES,
    continuation,
    curriculum,
    distill,
    is_unstarted,
    pretrain_autoencoders,
    pretrain_supervised,
)
from shinso.training._linear_losses import linear_losses

SETTINGS = {"epochs": 2, "batch_size": 11, "optimizer": "adam", "learning_rate": 0.05}
PLAIN = {
    "autoencoder_pretraining": {"pretraining_epochs": 1, "corruption": 0.25},
    "supervised_pretraining": {"pretraining_epochs": 1},
    "curriculum": {"shares": (0.5, 1)},
    "continuation": {"standard_deviations": (0.1, 0)},
    "distillation": {"temperature": 2.0},
}


@pytest.fixture(scope="module")
def arguments(table, tmp_path_factory):
    """Plain arguments by strategy; the teacher is the folder of a run."""
    objective = Objective(objectives.likelihood("categorical"))
    teacher = shinso.train(network(5), objective, table[0], **SETTINGS)
    folder = teacher.save(tmp_path_factory.mktemp("teacher") / "run")
    return {**PLAIN, "distillation": {**PLAIN["distillation"], "teacher": folder}}


def network(seed=0):
    return nn.mlp(3, 2, (4,), activation="tanh", key=jax.random.key(seed))


def same_bits(one, other):
    return all(np.array_equal(a, b) for a, b in zip(*map(jax.tree.leaves, (one, other)), strict=True))


def test_the_table_of_plain_arguments_is_whole(arguments):
    assert set(TRAINING_STRATEGIES) == set(arguments)
    for strategy in TRAINING_STRATEGIES.values():
        names = list(inspect.signature(strategy).parameters)
        assert names[:3] == ["model", "objective", "data"]
        assert names[-1] == "settings"


@pytest.mark.parametrize("name", TRAINING_STRATEGIES)
def test_a_strategy_stores_its_last_run(name, arguments, table, objective, tmp_path):
    strategy, folder = TRAINING_STRATEGIES[name], tmp_path / "run"
    stages = strategy(network(), objective, table[0], **arguments[name], folder=folder, **SETTINGS)
    assert stages.run.folder == folder
    assert stages.run is stages.runs[-1]
    back = shinso.load(folder)
    assert same_bits(back.model, stages.model)
    assert back.evaluate(*table[1]).loss == pytest.approx(stages.run.evaluate(*table[1]).loss)
    bare = strategy(network(), objective, table[0], **arguments[name], **SETTINGS)
    assert same_bits(bare.model, stages.model)
    # Asked for more epochs, the last stage alone goes on, to the bits of one go.
    longer = {**SETTINGS, "epochs": 3}
    whole = strategy(network(), objective, table[0], **arguments[name], **longer)
    more = strategy(network(), objective, table[0], **arguments[name], folder=folder, resume=True, **longer)
    assert len(more.runs) == 1
    if len(whole.runs) == 1 or "pretraining" in name:
        assert same_bits(more.model, whole.model)
        assert more.run.history["step"].tolist() == whole.run.history["step"].tolist()


@pytest.mark.parametrize("name", ["supervised_pretraining", "curriculum"])
def test_ctrl_c_before_the_last_stage_leaves_an_unstarted_run(name, arguments, table, objective, tmp_path):
    def press(event):
        if event.step:
            signal.raise_signal(signal.SIGINT)

    strategy, folder = TRAINING_STRATEGIES[name], tmp_path / "run"
    whole = strategy(network(), objective, table[0], **arguments[name], **SETTINGS)
    cut = strategy(network(), objective, table[0], **arguments[name], folder=folder, progress=press, **SETTINGS)
    assert len(cut.runs) < len(whole.runs)
    assert is_unstarted(folder)
    folder.mkdir()
    again = strategy(network(), objective, table[0], **arguments[name], folder=folder, resume=True, **SETTINGS)
    assert same_bits(again.model, whole.model)


def test_pretraining_is_the_one_called_by_hand(table, objective):
    settings = {"epochs": 1, "batch_size": 11, "optimizer": optim.optimizer_named("adam", learning_rate=0.05)}
    start = pretrain_supervised(network(), objective, table[0], seed=3, **settings)
    by_hand = shinso.train(start.model, objective, table[0], seed=3, **SETTINGS)
    by_name = TRAINING_STRATEGIES["supervised_pretraining"](
        network(), objective, table[0], pretraining_epochs=1, seed=3, **SETTINGS
    )
    assert same_bits(by_hand.model, by_name.model)
    start = pretrain_autoencoders(network(), table[0][0], corruption=nn.Dropout(0.25), seed=3, **settings)
    by_hand = shinso.train(start.model, objective, table[0], seed=3, **SETTINGS)
    by_name = TRAINING_STRATEGIES["autoencoder_pretraining"](
        network(), objective, table[0], pretraining_epochs=1, corruption=0.25, seed=3, **SETTINGS
    )
    assert same_bits(by_hand.model, by_name.model)


def test_a_schedule_is_for_the_training_that_follows(table, objective):
    settings = {**SETTINGS, "learning_rate": optim.OneCycle(0.05, 4)}
    stages = TRAINING_STRATEGIES["supervised_pretraining"](
        network(), objective, table[0], pretraining_epochs=1, **settings
    )
    *before, last = [run.history["learning_rate"] for run in stages.runs]
    np.testing.assert_allclose(np.concatenate(before), 0.05, rtol=1e-6)
    assert last[-1] < 0.04
    chosen = TRAINING_STRATEGIES["supervised_pretraining"](
        network(), objective, table[0], pretraining_epochs=1, pretraining_learning_rate=0.01, **SETTINGS
    )
    np.testing.assert_allclose(chosen.runs[0].history["learning_rate"], 0.01, rtol=1e-6)


def test_hard_is_what_a_linear_model_gets_wrong(table, objective):
    batch = objectives.as_batch("data", table[0], objective.likelihood)
    losses = linear_losses(network(), objective, batch, 0)
    assert losses.shape == (22,)
    # The rule behind the labels is linear: the loss is large near its border, or where noise has turned the label.
    signed = (2 * table[0][1] - 1) * (table[0][0] @ np.array([1.0, -2.0, 0.5]))
    assert np.corrcoef(losses, -signed)[0, 1] > 0.6
    named = curriculum(network(), objective, table[0], shares=(0.5, 1), **SETTINGS)
    given = curriculum(network(), objective, table[0], losses, shares=(0.5, 1), **SETTINGS)
    assert same_bits(named.model, given.model)
    with pytest.raises(ValueError, match="difficulty must be one of linear_loss; got 'length'"):
        curriculum(network(), objective, table[0], "length", **SETTINGS)
    padded = nn.Sequences(np.repeat(table[0][0][:, None], 4, axis=1), np.arange(22) % 4 + 1)
    with pytest.raises(ValueError, match="difficulty must be numbers or a function for sequences"):
        curriculum(network(), objective, (padded, table[0][1]), **SETTINGS)


@pytest.mark.parametrize("strategy", [continuation, distill, *map(TRAINING_STRATEGIES.get, TRAINING_STRATEGIES)])
def test_a_start_of_ones_own_is_refused(strategy, table, objective):
    more = {"teacher": network()} if "teacher" in inspect.signature(strategy).parameters else {}
    if strategy is distill:
        objective = network()  # distill takes student and teacher
        more = {}
    with pytest.raises(TypeError, match="takes the arguments of train but start"):
        strategy(network(), objective, table[0], start=None, **more)
