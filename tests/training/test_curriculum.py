"""Curricula: which examples a stage has, and that stages share one program."""

import jax
import numpy as np
import pytest

import shinso
from shinso import data, nn
from shinso.training import _curriculum as module
from shinso.training import curriculum
from shinso.training._curriculum import stage_examples

HARDNESS = np.array([5.0, 1.0, 4.0, 2.0, 3.0, 2.0, 9.0, 0.0])


def drawn(share, mixing=0.0, seed=0):
    return np.bincount(stage_examples(HARDNESS, share, mixing, np.random.default_rng(seed)), minlength=8)


@pytest.mark.parametrize(
    ("share", "released"),
    [(0.01, [7]), (0.25, [1, 7]), (0.375, [1, 3, 5, 7]), (0.5, [1, 3, 5, 7]), (0.875, [0, 1, 2, 3, 4, 5, 7])],
)
def test_easy_examples_are_released_first(share, released):
    counts = drawn(share)
    assert np.flatnonzero(counts).tolist() == released
    assert counts.sum() == 8
    assert counts[released].max() - counts[released].min() <= 1


def test_the_last_stage_has_each_example_once():
    assert (drawn(1.0) == 1).all()
    assert (drawn(1.0, mixing=0.5) == 1).all()


def test_mixing_keeps_hard_examples_from_the_first_stage_on():
    hard = np.isin(np.arange(8), [0, 2, 4, 6])
    for share, expected in ((0.25, 0.25 * 4), (0.75, 0.75 * 2 * 8 / 6 + 0.25 * 4), (1.0, 4.0)):
        counts = np.mean([drawn(share, 0.25, seed) for seed in range(400)], axis=0)
        assert counts[hard].sum() == pytest.approx(expected, abs=0.15)
    assert (drawn(0.1, mixing=1.0) == 1).all()


def test_stages_are_made_of_what_was_given(table, objective, monkeypatch):
    (X, y), _ = table
    monkeypatch.setattr(module, "in_stages", lambda model, stages, count, seed, settings: [data for _, data in stages])
    first, last = curriculum(None, objective, (X, y, np.arange(1.0, 23.0)), lambda X, y: X[:, 0], shares=(0.5, 1))
    assert first.inputs.shape == X.shape
    assert set(first.inputs[:, 0]) == set(np.sort(X[:, 0])[:11])
    place = {row[0]: number for number, row in enumerate(X)}
    origin = [place[value] for value in first.inputs[:, 0]]
    np.testing.assert_array_equal(first.targets, y[origin])
    np.testing.assert_array_equal(first.weights, np.arange(1.0, 23.0)[origin])
    assert set(last.inputs[:, 0]) == set(X[:, 0])
    padded = nn.Sequences(np.repeat(X[:, None], 4, axis=1), np.arange(22) % 4 + 1)
    first, _ = curriculum(None, objective, (padded, y), padded.lengths, shares=(0.2, 1))
    assert set(first.inputs.lengths) == {1}
    examples = data.Dataset(X, y, "classification", classes=("no", "yes"))
    first, _ = curriculum(None, objective, examples, np.arange(22), shares=(0.2, 1))
    assert isinstance(first, data.Dataset)
    assert first.classes == ("no", "yes")


def test_stages_share_a_program_and_the_optimizer_goes_on(table, objective, model):
    traced = []

    def metric(outputs, targets):
        traced.append(1)
        return outputs[:, 0]

    (X, y), held = table
    settings = {"epochs": 3, "batch_size": 8, "optimizer": "momentum", "monitor": {"m": metric}, "validation": held}
    trained, runs = curriculum(model, objective, (X, y), X[:, 0], seed=4, **settings)
    once = len(traced)
    assert [run.history["step"][-1] for run in runs] == [9, 18, 27, 36]
    assert trained is runs[-1].model
    again = curriculum(model, objective, (X, y), X[:, 0], seed=4, shares=(0.1, 0.9, 1.0), mixing=0.5, **settings)
    assert len(traced) == once
    assert len(again.runs) == 3
    whole = curriculum(model, objective, (X, y), X[:, 0], seed=4, shares=[1], **settings).runs[0]
    order = np.random.default_rng(4).permutation(22)
    plain = shinso.train(model, objective, (X[order], y[order]), seed=4, **settings)
    assert all(
        (one == other).all() for one, other in zip(*map(jax.tree.leaves, (whole.model, plain.model)), strict=True)
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"shares": (0.5, 0.8)}, r"shares must end with 1; ending with 0.8 they never release 4 of 22 examples"),
        ({"shares": (0.5, 0.4, 1)}, "shares must not fall from stage to stage; got"),
        ({"shares": ()}, "shares must name at least one stage; got none"),
        ({"shares": (0, 1)}, "shares must be a finite number > 0 and ≤ 1; got 0"),
        ({"mixing": 1.5}, "mixing must be a finite number ≥ 0 and ≤ 1; got 1.5"),
        ({"difficulty": [1.0, 2.0]}, r"difficulty must be one number for each of 22 examples; got shape \(2,\)"),
        ({"difficulty": [0.0] * 21 + [np.inf]}, "difficulty must be finite; got inf for example 21, which no stage"),
    ],
)
def test_bad_input(arguments, message, table, objective, model):
    with pytest.raises(ValueError, match=message):
        curriculum(model, objective, table[0], **{"difficulty": np.arange(22), **arguments})
