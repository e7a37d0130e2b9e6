"""Distillation on the one training loop."""

import jax
import numpy as np
import pytest

import shinso
from shinso import data, nn
from shinso.objectives import Categorical
from shinso.training import distill

SETTINGS = {"epochs": 2, "batch_size": 11, "optimizer": "sgd", "learning_rate": 0.5}


@pytest.fixture(scope="module")
def teacher():
    return nn.mlp(3, 2, (6,), key=jax.random.key(5))


def leaves(run):
    return [np.asarray(leaf) for leaf in jax.tree.leaves(run.model)]


def test_run_is_judged_by_labels_and_says_how_it_was_trained(table, model, teacher, objective):
    (X, y), held = table
    examples = data.Dataset(X, y, "classification", classes=("no", "yes"), name="lines")
    settings = {"penalties": objective.penalties, "validation": held, **SETTINGS}
    run = distill(model, teacher, examples, temperature=2.0, weight=0.25, **settings)
    assert run.settings["objective"]["likelihood"] == {"name": "distillation", "temperature": 2.0, "weight": 0.25}
    assert isinstance(run.likelihood, Categorical)
    assert run.evaluate(*held).score == pytest.approx(run.history["validation_accuracy"][-1])
    assert (run.data["name"], run.data["classes"]) == ("lines", ["no", "yes"])
    # Without noise the loss of the history is the formula's.
    a, t = (np.asarray(one, float) for one in (run.outputs(held[0]), teacher(held[0])))
    p, soft, q = (np.exp(z) / np.exp(z).sum(axis=1, keepdims=True) for z in (a, a / 2, t / 2))
    hard = -np.log(p[np.arange(len(a)), held[1]])
    loss = 0.75 * hard - 0.25 * 4 * (q * np.log(soft)).sum(axis=1)
    assert run.history["validation_loss"][-1] == pytest.approx(loss.mean(), rel=1e-5)


def test_without_a_share_it_is_training_and_with_all_of_it_labels_do_not_matter(table, model, teacher, objective):
    (X, y), held = table
    settings = {"penalties": objective.penalties, "validation": held, **SETTINGS}
    plain = shinso.train(model, objective, (X, y), **SETTINGS)
    alone = distill(model, teacher, (X, y), weight=0.0, **settings)
    for one, other in zip(leaves(plain), leaves(alone), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-7)
    true, false = (distill(model, teacher, (X, labels), weight=1.0, **settings) for labels in (y, 1 - y))
    assert all((one == other).all() for one, other in zip(leaves(true), leaves(false), strict=True))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"teacher": nn.mlp(3, 4, key=jax.random.key(0))},
            "teacher and student must have equally many outputs; got 4 and 2",
        ),
        ({"teacher": nn.mlp(5, 2, key=jax.random.key(0))}, r"data and teacher do not fit: .*\(5,\); got \(3,\)"),
        ({"student": nn.mlp(5, 2, key=jax.random.key(0))}, r"data and student do not fit: .*\(5,\); got \(3,\)"),
        ({"data": (np.ones((2, 3)), np.array([0, 2]))}, "targets of data must be class indices below 2, .*got 2"),
        ({"temperature": 0}, "temperature must be a finite number > 0; got 0"),
        (
            {"teacher": lambda x, key=None: x[:, 0]},
            r"teacher must return outputs \[N, K\]; for data it returns shape \[22\]",
        ),
    ],
)
def test_mismatch_is_refused(arguments, message, table, model, teacher):
    with pytest.raises(ValueError, match=message):
        distill(**{"student": model, "teacher": teacher, "data": table[0], **arguments})
