"""Greedy supervised pre-training: which layers move, and that a stage is the training it says it is."""

import equinox as eqx
import jax
import numpy as np
import pytest

import shinso
from shinso import nn
from shinso.training import pretrain_supervised
from shinso.training._stages import stage_seed
from shinso.training._supervised_pretraining import _output_layers

SETTINGS = {"epochs": 2, "batch_size": 8, "optimizer": "sgd", "learning_rate": 0.5}


def same(one, other):
    return bool(eqx.tree_equal(one, other))


@pytest.fixture(scope="module")
def deep():
    return nn.mlp(3, 2, (4, 3), activation="tanh", key=jax.random.key(1))


@pytest.fixture(scope="module")
def stages(deep, table, objective):
    return pretrain_supervised(deep, objective, table[0], seed=5, **SETTINGS)


def test_layers_below_are_frozen_and_layers_above_wait(deep, stages):
    first, last = (run.model.layers for run in stages.runs)
    assert (len(first), len(last)) == (3, 5)
    assert not same(first[0], deep.layers[0])
    assert same(last[0], first[0])
    assert not same(last[2], deep.layers[2])
    assert not same(last[4], deep.layers[4])  # the last output layer is the model's own
    assert stages.model.recipe == deep.recipe
    assert same(stages.model.layers, last)


def test_a_stage_is_training_on_the_codes_below(deep, stages, table, objective):
    (X, y), _ = table
    codes = np.asarray(nn.Sequential(stages.model.layers[:2])(X))
    # The penalty of the frozen layer moves nothing.
    above = nn.Sequential(deep.layers[2:])
    alone = shinso.train(above, objective, (codes, y), seed=stage_seed(5, 1), **SETTINGS).model
    for place in (0, 2):
        np.testing.assert_allclose(alone.layers[place].weight, stages.model.layers[2 + place].weight, rtol=1e-5)


@pytest.mark.parametrize(
    ("shape", "kinds"), [((3,), "Dense"), ((4, 3), "LastStep Dense"), ((2, 2, 3), "Flatten Dense")]
)
def test_output_layers_suit_the_features(shape, kinds):
    layers = _output_layers(shape, 5, jax.random.key(0))
    assert " ".join(type(layer).__name__ for layer in layers) == kinds
    assert nn.Sequential(layers).output_shape(shape) == (5,)


@pytest.mark.parametrize(
    ("model", "arguments", "error", "message"),
    [
        (nn.linear(3, 2, key=jax.random.key(0)), {}, ValueError, "model must have a hidden layer .*got 1 layers"),
        (abs, {}, TypeError, "model must be a Sequential; got builtin"),
        (nn.mlp(4, 2, key=jax.random.key(0)), {}, ValueError, r"Dense takes examples of shape \(4,\); got \(3,\)"),
        (nn.mlp(3, 2, key=jax.random.key(0)), {"trainable": None}, TypeError, "arguments of train but trainable"),
    ],
)
def test_bad_input(model, arguments, error, message, table, objective):
    with pytest.raises(error, match=message):
        pretrain_supervised(model, objective, table[0], **arguments)
