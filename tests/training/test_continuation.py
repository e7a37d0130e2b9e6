"""Continuation: without blur it is training, bit for bit; stages share one program; prediction has no noise."""

import jax
import numpy as np
import pytest

import shinso
from shinso import nn
from shinso.training import continuation

SETTINGS = {"epochs": 3, "batch_size": 8, "optimizer": "momentum", "learning_rate": 0.1}


def same_bits(one, other):
    return all((a == b).all() for a, b in zip(*(jax.tree.leaves(run.model) for run in (one, other)), strict=True))


def test_without_blur_it_is_training(table, objective):
    model = nn.mlp(3, 2, (4,), activation="tanh", dropout=0.25, key=jax.random.key(0))
    plain = shinso.train(model, objective, table[0], seed=3, **SETTINGS)
    blurred = continuation(model, objective, table[0], standard_deviations=[0], seed=3, **SETTINGS)
    assert same_bits(plain, blurred.runs[0])
    assert blurred.model is blurred.runs[0].model
    np.testing.assert_array_equal(plain.history["cost"], blurred.runs[0].history["cost"])


def test_stages_share_a_program_and_judge_without_noise(table, objective, model):
    traced = []

    def metric(outputs, targets):
        traced.append(1)
        return outputs[:, 0]

    data, held = table
    settings = {**SETTINGS, "monitor": {"m": metric}, "validation": held}
    _, runs = continuation(model, objective, data, standard_deviations=[0.5, 0.1], **settings)
    once = len(traced)
    _, again = continuation(model, objective, data, standard_deviations=[0.5, 0.1, 0.0], **settings)
    assert len(traced) == once
    assert same_bits(runs[1], again[1])
    assert [run.history["step"][-1] for run in again] == [9, 18, 27]
    assert [float(run.objective.deviation) for run in again] == pytest.approx([0.5, 0.1, 0.0])
    for run in again:
        assert run.evaluate(*held).loss == pytest.approx(run.history["validation_loss"][-1], rel=1e-5)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"standard_deviations": (0.1, 0.2)}, ValueError, "standard_deviations must not grow from stage to stage; got"),
        ({"standard_deviations": ()}, ValueError, "standard_deviations must name at least one stage; got none"),
        ({"standard_deviations": (0.1, -0.2)}, ValueError, "standard_deviations must be a finite number ≥ 0; got -0.2"),
        ({"optimizer": "lbfgs"}, ValueError, "optimizer must be one of mini-batches, such as 'adam'.*got 'lbfgs'"),
        ({"start": None}, TypeError, "takes the arguments of train but start"),
        ({"objective": abs}, TypeError, "objective must be a shinso.Objective; got builtin"),
    ],
)
def test_bad_input(arguments, error, message, table, objective, model):
    with pytest.raises(error, match=message):
        continuation(**{"model": model, "objective": objective, "data": table[0], **arguments})
