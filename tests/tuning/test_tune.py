"""The search for settings: budgets, resuming, bad input, and its parts against closed forms."""

import json
import math
import signal

import numpy as np
import pytest
from numpy.testing import assert_allclose

from shinso._manifest import commit
from shinso.data import Dataset, Prepared
from shinso.settings import Settings
from shinso.tuning import STRATEGIES, Trial, tune
from shinso.tuning import _trial_runner as runner_module
from shinso.tuning._broad import quickest
from shinso.tuning._folds import folds_of
from shinso.tuning._result import margin
from shinso.tuning._search_folder import opened
from shinso.tuning._search_space import Interval, code, default_space, nearby, space_of
from shinso.tuning._searches import expected_improvement, predict_losses, tame
from shinso.tuning._trials import TrialLog, TrialSpec

FIXED = {"network": "linear", "epochs": 3, "batch_size": 8, "l2": 0.001, "schedule": "cosine"}
RATE = {"learning_rate": (1e-4, 1.0)}
SMALL = {"settings": FIXED, "space": RATE, "side_by_side": 2, "folds": 2}


@pytest.fixture(scope="module")
def examples():
    random = np.random.default_rng(0)
    X = random.normal(size=(64, 3)).astype(np.float32)
    return X, np.where(X[:, 0] - X[:, 1] + 0.3 * random.normal(size=64) > 0, "yes", "no")


@pytest.fixture(scope="module")
def searched(examples, tmp_path_factory):
    folder = tmp_path_factory.mktemp("search") / "one"
    events = []
    return tune(examples, trials=6, strategy="random", folder=folder, progress=events.append, **SMALL), folder, events


def test_what_a_search_leaves(searched):
    tuning, folder, events = searched
    assert len(tuning.trials) == 6
    assert tuning.stop == "All 6 trials are made."
    assert tuning.trials[0].spec.changes == {}
    assert {path.name for path in folder.iterdir()} == {"SHA256SUMS", "trials.jsonl", "tuning.json", "settings.toml"}
    lines = [json.loads(line) for line in (folder / "trials.jsonl").read_text().splitlines()]
    assert [line["loss"] for line in lines] == [trial.loss for trial in tuning.trials]
    assert json.loads((folder / "tuning.json").read_text())["result"]["trials"] == 6
    assert events[-1].trials == 6
    assert events[-1].best <= events[-1].defaults
    assert tuning.command == f"shinso train --config {folder / 'settings.toml'}"
    assert tuning.best.validation_fraction == 0


def test_the_winner_is_compared_on_examples_that_no_trial_saw(searched):
    tuning, _, _ = searched
    assert tuning.changes  # three epochs at the default rate leave much to gain
    assert tuning.comparison.on == "test"
    assert tuning.comparison.examples == 16
    assert tuning.comparison.seeds == 2
    assert tuning.comparison.loss.gain > 0


def test_a_search_is_continued_where_it_ended(examples, searched, tmp_path, monkeypatch):
    tuning, _, _ = searched
    folder = tmp_path / "two"
    tune(examples, trials=3, strategy="random", folder=folder, **SMALL)
    stored = (folder / "trials.jsonl").read_text()
    made = []
    measure = runner_module.TrialRunner.measure
    monkeypatch.setattr(
        runner_module.TrialRunner, "measure", lambda self, specs: made.extend(specs) or measure(self, specs)
    )
    again = tune(examples, trials=6, strategy="random", folder=folder, resume=True, **SMALL)
    assert (folder / "trials.jsonl").read_text().startswith(stored)
    assert len(made) == 3
    assert [trial.spec for trial in again.trials] == [trial.spec for trial in tuning.trials]
    with pytest.raises(FileExistsError, match="another search: strategy differ"):
        tune(examples, trials=6, strategy="halving", folder=folder, resume=True, **SMALL)


def test_trials_of_one_shape_compile_once(examples, searched, compilations):
    compilations.reset()
    tune(examples, trials=4, strategy="random", seed=0, **{**SMALL, "space": {"learning_rate": (1e-3, 0.5)}})
    assert compilations.count <= 2  # none of them a training


@pytest.mark.parametrize("strategy", sorted(STRATEGIES))
def test_every_strategy_tries_the_defaults(examples, strategy):
    tuning = tune(examples, trials=9, strategy=strategy, **SMALL)
    assert len(tuning.trials) <= 9
    assert any(trial.spec.whole and not trial.spec.changes for trial in tuning.trials) or strategy == "halving"


def test_what_small_trials_found_is_tried_where_no_whole_trial_fits(examples, monkeypatch):
    measure = runner_module.TrialRunner.measure

    def only_small(self, specs):
        if specs[0].whole:
            raise runner_module.BudgetReached
        return measure(self, specs)

    monkeypatch.setattr(runner_module.TrialRunner, "measure", only_small)
    tuning = tune(examples, seconds=120.0, strategy="broad", **SMALL)
    assert tuning.trials
    assert not any(trial.spec.whole for trial in tuning.trials)
    assert set(tuning.changes) == {"learning_rate"}  # three epochs at the default rate leave much to gain
    assert tuning.comparison is not None


def test_a_budget_of_seconds_is_kept(examples, monkeypatch):
    now = [0.0]

    def tick():
        now[0] += 0.05
        return now[0]

    monkeypatch.setattr("shinso.tuning._tune._now", tick)
    tuning = tune(examples, seconds=8.0, strategy="random", **SMALL)
    assert tuning.stop.startswith("The time was up")
    assert tuning.seconds <= 9.0


def test_ctrl_c_keeps_what_is_finished(examples, tmp_path):
    pressed = []

    def listener(event):
        if event.trials >= 2 and not pressed:
            pressed.append(True)
            signal.raise_signal(signal.SIGINT)

    tuning = tune(examples, trials=20, strategy="random", folder=tmp_path / "cut", progress=listener, **SMALL)
    assert tuning.interrupted
    assert "interrupted after 2 trials" in tuning.stop
    assert tuning.comparison is None
    assert len((tmp_path / "cut" / "trials.jsonl").read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "kind", "sentence"),
    [
        ({"trials": 0}, ValueError, "trials must be a whole number, at least 1; got 0"),
        ({"seconds": 0}, ValueError, "seconds must be a finite number > 0; got 0"),
        ({"strategy": "brode"}, ValueError, "Did you mean 'broad'"),
        ({"space": {}}, ValueError, "at least one setting to search"),
        ({"space": {"learning_rat": (1, 2)}}, ValueError, "Did you mean 'learning_rate'"),
        ({"space": {"learning_rate": (0.1, 0.01)}}, ValueError, "from a lower to a higher number"),
        ({"space": {"learning_rate": (0.0, 0.01)}}, ValueError, "must be a finite number > 0"),
        ({"space": {"activation": []}}, ValueError, "at least one value"),
        ({"space": {"activation": "relu"}}, TypeError, "must be a list of values"),
        ({"space": {"activation": ["rleu"]}}, ValueError, "Did you mean 'relu'"),
        ({"folds": 40}, ValueError, "at most half the number of examples to choose by, 48; got 40"),
        ({"resume": True}, ValueError, "needs the folder"),
    ],
)
def test_bad_input_is_one_sentence(examples, arguments, kind, sentence):
    with pytest.raises(kind, match=sentence):
        tune(examples, **{**SMALL, **arguments})


def test_folds_are_equal_and_disjoint():
    X = np.arange(46, dtype=np.float32).reshape(23, 2)
    data = Dataset(X, np.arange(23) % 2, "classification")
    prepared = Prepared(data.take(np.arange(18)), data.take(np.arange(18, 23)), None, None)  # type: ignore[arg-type]
    folds = folds_of(prepared, 3, 0)
    assert {(len(fold.training), len(fold.validation)) for fold in folds} == {(15, 7)}
    held = np.concatenate([fold.validation.inputs[:, 0] for fold in folds])
    assert len(set(held)) == 21
    for fold in folds:
        assert not set(fold.training.inputs[:, 0]) & set(fold.validation.inputs[:, 0])


def test_expected_improvement_is_the_integral():
    for mean, deviation in ((0.3, 0.5), (1.0, 0.2), (-0.4, 1.3)):
        f = np.linspace(mean - 9 * deviation, mean + 9 * deviation, 200_001)
        density = np.exp(-0.5 * ((f - mean) / deviation) ** 2) / (deviation * math.sqrt(2 * math.pi))
        integral = np.trapezoid(np.maximum(0.5 - f, 0) * density, f)
        assert_allclose(expected_improvement(np.array([mean]), np.array([deviation]), 0.5), integral, rtol=1e-6)


def test_the_process_follows_what_it_was_told():
    X = np.linspace(0, 1, 12)[:, None]
    means, deviations, _ = predict_losses(X, np.sin(4 * X[:, 0]), np.array([[0.5], [3.0]]), None)
    assert_allclose(means[0], math.sin(2.0), atol=0.05)
    assert deviations[1] > 3 * deviations[0]


def test_bad_losses_are_cut_off():
    assert_allclose(tame(np.array([1.0, 2.0, 3.0, 50.0, np.inf])), [1.0, 2.0, 3.0, 4.0, 4.0])
    assert_allclose(tame(np.array([np.inf])), [0.0])


def test_margin_by_hand():
    defaults, winner = np.array([[1.0, 2.0], [2.0, 3.0]]), np.array([[0.5, 1.0], [1.0, 1.0]])
    found = margin(defaults, winner, -1.0)
    gains = np.array([[0.5, 1.0], [1.0, 2.0]])
    examples, seeds = gains.mean(axis=0), gains.mean(axis=1)
    assert_allclose(found.gain, 1.125)
    assert_allclose(found.error, math.sqrt(examples.var(ddof=1) / 2 + seeds.var(ddof=1) / 2))


def test_the_quickest_is_first_at_what_all_reach():
    slow = Trial(TrialSpec({"batch_size": 8}, ""), 0.1, 1, math.nan, 1, 1, curve=((2.0, 0.5), (4.0, 0.1)))
    fast = Trial(TrialSpec({"batch_size": 32}, ""), 0.4, 1, math.nan, 1, 1, curve=((0.5, 0.6), (1.0, 0.4)))
    assert quickest([slow, fast]) is fast
    assert quickest([]) is None


def test_places_and_codes():
    interval = Interval(1e-4, 1.0, log=True)
    assert interval.at(0.5) == 0.01
    assert_allclose(interval.place(0.01), 0.5)
    base = Settings(source="digits", network="mlp", hidden=(100,), learning_rate=0.002, l2=1e-3, batch_size=32)
    space = space_of({"learning_rate": (2e-5, 0.2), "hidden": [(100,), (30,)]})
    assert_allclose(code(space, {}, base), [0.5, 1.0, 0.0])
    moved = nearby(space, {"hidden": (30,)}, base, 0.05, np.random.default_rng(0))
    assert moved["hidden"] == (30,)
    assert 2e-4 < moved["learning_rate"] < 2e-2
    assert set(default_space(base.replace(activation="relu", dropout=0.0), 500)) >= {
        "l2",
        "learning_rate",
        "batch_size",
    }


@pytest.fixture
def logged(tmp_path):
    """A folder with two trials, and the lines of its file."""
    log = TrialLog(tmp_path)
    log.add([Trial(TrialSpec({"hidden": (3, 4)}, "x"), math.inf, math.nan, math.nan, 2, 0.5)])
    log.add([Trial(TrialSpec({"hidden": (5,)}, "x"), 1.0, 0.5, math.nan, 2, 0.5)])
    return tmp_path, (tmp_path / "trials.jsonl").read_text().splitlines()


def test_trials_come_back(logged):
    folder, _ = logged
    again = TrialLog(folder)
    assert [trial.spec.changes for trial in again.trials] == [{"hidden": (3, 4)}, {"hidden": (5,)}]
    assert again.trials[0].loss == math.inf
    with (folder / "trials.jsonl").open("a") as file:
        file.write('{"changes": {"hid')
    with pytest.raises(ValueError, match=r"trials\.jsonl is damaged or was changed"):
        TrialLog(folder)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("{", "line 3: Expecting property name"),
        ("[1]", "line 3: : Input should be"),
        ("[" * 100_000, "line 3: maximum recursion depth"),
        ("9" * 5000, "line 3: Exceeds the limit"),
        ('{"changes": {}}', "line 3: phase: Field required"),
    ],
)
def test_a_line_that_is_no_trial_is_said(logged, line, sentence):
    folder, lines = logged
    commit(folder, {"trials.jsonl": "\n".join([*lines, line]).encode()})
    with pytest.raises(ValueError, match=sentence) as caught:
        TrialLog(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["{", "[]", '{"identity": 1}', "null", "[" * 100_000])
def test_a_search_whose_description_is_none_is_said(tmp_path, content):
    commit(tmp_path, {"tuning.json": content.encode()})
    with pytest.raises(ValueError, match=r"tuning\.json is damaged: ") as caught:
        opened(tmp_path, {"seed": 0}, resume=True)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("resume", [False, True])
def test_a_search_killed_before_its_first_file_begins_again(tmp_path, resume):
    (tmp_path / ".tuning.json.staged.999999999.ab.tmp").write_bytes(b"half")
    assert opened(tmp_path, {"seed": 0}, resume=resume) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"SHA256SUMS", "tuning.json"}
