"""The one runner: records, resuming, budget, missing data; and seeds trained side by side or alone."""

import dataclasses
import json
import math
import os
import re
import shutil
import signal
import sys

import jax
import numpy as np
import pytest

from shinso import nn
from shinso.experiment import prepare_experiment
from shinso.objectives import L2, Objective, likelihood
from shinso.reproduce import (
    ENTRIES,
    Procedure,
    Result,
    duration_in_words,
    figure_path,
    find_entries,
    how,
    missing,
    read_records,
    rows_of,
    run_entries,
    usable,
)
from shinso.settings import Settings
from shinso.training import train


@pytest.fixture(scope="module")
def records(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("records")
    assert run_entries([small], folder) == []
    return folder


def test_records_hold_what_was_measured(small, records):
    found = read_records(records, "R0")
    assert [record.seed for record in found] == [0, 1]
    for record in found:
        assert set(record.curves["net"]) == {"cost", "test_loss", "test_accuracy", "training_loss", "training_accuracy"}
        assert all(len(curve) == 4 for curve in record.curves["net"].values())
        assert record.values == {"net: epochs": 4}
        assert record.together == [0, 1]
        assert record.command == "shinso reproduce R0 --seeds 2"
        assert record.environment["cores"] >= 1
        assert record.seconds > 0
        assert record.processor_seconds > 0
    assert found[0].curves != found[1].curves
    assert figure_path(small, records).read_bytes().startswith(b"<?xml")
    assert {path.name for path in (records / "R0").iterdir()} == {"seed-0.json", "seed-1.json", "figure.svg"}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda content: content.replace(b'"seconds": ', b'"seconds": 1', 1), "damaged or changed"),
        (lambda content: content[:-20], "seed-0.json must be a record"),
        (lambda content: b"[" * 100_000, "recursion"),
        (lambda content: b"1", "seed-0.json must be a record"),
        (
            lambda content: re.sub(rb', "sha256": "\w+"', b"", content).replace(b'"seed": 0', b'"seed": "x"'),
            "seed: Input",
        ),
        (lambda content: re.sub(rb', "sha256": "\w+"', b"", content).replace(b'"values"', b'"value"'), "other fields"),
    ],
    ids=["digest", "cut short", "deep", "a number", "another type", "another field"],
)
def test_a_damaged_record_is_refused_in_one_sentence(change, sentence, records, tmp_path):
    shutil.copytree(records / "R0", tmp_path / "R0")
    path = tmp_path / "R0" / "seed-0.json"
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(ValueError, match=sentence) as caught:
        read_records(tmp_path, "R0")
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_the_numbers_are_those_of_training_by_hand(small, records):
    """Seed 0 by the library's own parts: the same split, first weights, order and percentages."""
    chosen = small.steps[0].settings["networks"]["net"]
    data, complete = prepare_experiment(Settings.from_dict(chosen))
    parts = {"test": data.test, "training": data.training.take(slice(5))}
    key = jax.random.fold_in(jax.random.key(0), 1)
    model = nn.mlp(2, 2, (4,), activation="tanh", dropout=complete.dropout, key=key)
    run = train(
        model,
        Objective(likelihood("categorical"), [L2(complete.l2)]),
        data.training,
        optimizer="sgd",
        learning_rate=0.5,
        epochs=4,
        batch_size=10,
        monitor={name: (part.inputs, part.targets) for name, part in parts.items()},
    )
    record = read_records(records, "R0")[0]
    np.testing.assert_allclose(record.curves["net"]["test_accuracy"], 100 * run.history["test_accuracy"], atol=1e-3)
    np.testing.assert_allclose(record.curves["net"]["cost"], run.history["cost"], rtol=1e-4)


def test_alone_gives_what_side_by_side_gives_and_leaves_no_checkpoint(small, records, tmp_path):
    alone = dataclasses.replace(small, side_by_side=False, seeds=1)
    run_entries([alone], tmp_path)
    (record,) = read_records(tmp_path, "R0")
    expected = read_records(records, "R0")[0].curves["net"]
    np.testing.assert_allclose(record.curves["net"]["cost"], expected["cost"], rtol=1e-4)
    assert {path.name for path in (tmp_path / "R0").iterdir()} == {"seed-0.json", "figure.svg"}


@pytest.mark.parametrize("side_by_side", [True, False])
def test_ctrl_c_while_training(small, records, tmp_path, side_by_side):
    """Nothing is recorded of it; what trains alone goes on from its checkpoint, to the same numbers."""

    def interrupt(event):
        if event.step and not left:
            left.append(event)
            os.kill(os.getpid(), signal.SIGINT)

    left, entry = [], dataclasses.replace(small, side_by_side=side_by_side)
    with pytest.raises(KeyboardInterrupt):
        run_entries([entry], tmp_path, progress=interrupt)
    assert left[0].step < left[0].steps
    assert read_records(tmp_path, "R0") == []
    assert (tmp_path / "R0" / "seed-0").exists() is not side_by_side
    steps = []
    run_entries([entry], tmp_path, progress=lambda event: steps.append(event.step))
    assert (steps[0] == 0) is side_by_side
    found = read_records(tmp_path, "R0")[0].curves["net"]
    expected = read_records(records, "R0")[0].curves["net"]
    np.testing.assert_allclose(found["test_loss"], expected["test_loss"], rtol=1e-4)


def test_rows_say_what_came_out(small, records):
    first, second = rows_of(small, usable(small, records))
    mean = np.mean([max(record.curves["net"]["test_accuracy"]) for record in read_records(records, "R0")])
    assert first.ours.startswith(f"{mean:.2f} ± ")
    assert "n = 2" in first.ours
    assert first.agrees == "yes"
    assert (second.ours, second.agrees) == ("not run: --full", "")
    assert "a seed, side by side (" in how(usable(small, records))


def test_what_is_done_is_not_run_again(counter, counted, tmp_path):
    run_entries([counted], tmp_path, seeds=1)
    run_entries([counted], tmp_path)
    run_entries([counted], tmp_path)
    assert counter.seeds == [0, 1, 2]
    assert missing([counted], tmp_path) == []
    assert [group.seeds for group in missing([counted], tmp_path, seeds=5)] == [(3,), (4,)]


def test_interrupted_twice(counter, counted, tmp_path):
    for seed in (1, 2):
        counter.interrupt_at = seed
        with pytest.raises(KeyboardInterrupt):
            run_entries([counted], tmp_path)
        assert len(read_records(tmp_path, "R1")) == seed
    counter.interrupt_at = None
    run_entries([counted], tmp_path)
    assert counter.seeds == [0, 1, 2]


def test_a_record_of_other_settings_does_not_count(counter, counted, tmp_path):
    run_entries([counted], tmp_path)
    changed = dataclasses.replace(counted, steps=(Procedure("counting", {"how": "other"}),))
    assert usable(changed, tmp_path) == []
    assert len(missing([changed], tmp_path)) == 3


def test_a_full_record_does_for_a_short_one_and_not_the_reverse(counter, counted, tmp_path):
    run_entries([counted], tmp_path)
    assert len(missing([counted], tmp_path, full=True)) == 3
    run_entries([counted], tmp_path, full=True)
    assert missing([counted], tmp_path) == missing([counted], tmp_path, full=True) == []
    assert read_records(tmp_path, "R1")[0].command == "shinso reproduce R1 --seeds 1 --full"


def test_a_budget_leaves_out_what_does_not_fit(counter, counted, tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr("shinso.reproduce._runner.time.monotonic", lambda: 70.0 * len(counter.seeds))
    left = run_entries([counted], tmp_path, budget=2.5, told=told.append)
    assert counter.seeds == [0, 1]
    assert [group.seeds for group in told] == [(0,), (1,)]
    assert [group.seeds for group in left] == [(2,)]
    together = dataclasses.replace(counted, side_by_side=True, seeds=6)
    left = run_entries([together], tmp_path, budget=2.5)
    assert counter.seeds == [0, 1, 2, 3]
    assert [group.seeds for group in left] == [(4, 5)]
    assert run_entries([counted], tmp_path) == []


def test_a_budget_too_small_says_so(counter, counted, tmp_path):
    quick = dataclasses.replace(counted, id="R3", seconds=30)
    with pytest.raises(ValueError, match="the quickest asked for, R3, takes 30 s"):
        run_entries([counted, quick], tmp_path, budget=0.1)
    with pytest.raises(ValueError, match="budget must be a finite number > 0"):
        run_entries([counted], tmp_path, budget=0)
    assert counter.seeds == []


def test_mnist_is_looked_for_first(counter, entries, tmp_path):
    with pytest.raises(ValueError, match=r"R2 must have MNIST.*shinso data fetch mnist.*Without it run R1\."):
        run_entries(list(entries.values()), tmp_path, data_dir=str(tmp_path))
    assert counter.seeds == []


def test_a_damaged_record_is_named(counter, counted, tmp_path):
    run_entries([counted], tmp_path, seeds=1)
    path = tmp_path / "R1" / "seed-0.json"
    path.write_text(json.dumps({"seed": 0}))
    with pytest.raises(ValueError, match=r"seed-0\.json must be a record"):
        missing([counted], tmp_path)


def test_numbers_that_are_not_finite_come_back(counter, counted, tmp_path, monkeypatch):
    def broken(settings, seeds, context):
        return [Result({"net": {"score": [1.0, math.inf]}}, {"x": math.nan}) for _ in seeds]

    monkeypatch.setattr(sys.modules["shinso.reproduce._counting"], "counting", broken)
    run_entries([counted], tmp_path, seeds=1)
    (record,) = read_records(tmp_path, "R1")
    assert record.curves["net"]["score"][0] == 1.0
    assert math.isnan(record.curves["net"]["score"][1])
    assert math.isnan(record.values["x"])
    assert rows_of(counted, [record])[0].agrees == "no"


def test_find_entries():
    assert [entry.id for entry in find_entries(["r12", "R1", "R12"], ENTRIES)] == ["R12", "R1"]
    with pytest.raises(ValueError, match="Did you mean 'R9'"):
        find_entries(["R99"], ENTRIES)


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.25, "0.2 s"), (30, "30 s"), (150, "2 min"), (7200, "2 h"), (5999, "100 min")]
)
def test_times_in_words(seconds, words):
    assert duration_in_words(seconds) == words
