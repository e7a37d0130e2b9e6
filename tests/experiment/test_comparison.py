"""Runs side by side: paired differences by hand, rows that are not the same, and how it is shown."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from shinso.cli import app
from shinso.experiment import RunComparison, compare_runs, data_of_run, run_experiment
from shinso.report import render_comparison
from shinso.settings import Settings
from shinso.training import load

N = 120


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> list[Path]:
    """Runs on one table: a good one, one whose penalty is far too large, one of another seed and so of another split."""
    folder = tmp_path_factory.mktemp("runs")
    random = np.random.default_rng(0)
    lines = [["a", "b", "kind"]]
    for _ in range(N):
        kind = random.integers(2)
        lines.append([f"{random.normal() + 3 * kind:.3f}", f"{random.normal():.3f}", "xy"[kind]])
    with (folder / "table.csv").open("w", newline="") as file:
        csv.writer(file).writerows(lines)
    common = {"source": str(folder / "table.csv"), "target": "kind", "hidden": (4,), "epochs": 8, "batch_size": 8}
    for name, changes in {
        "good": {"learning_rate": 0.1},
        "held": {"learning_rate": 0.1, "l2": 10.0},
        "other": {"learning_rate": 0.1, "seed": 1},
    }.items():
        run_experiment(Settings.from_dict({**common, **changes}), folder=folder / name)
    return [folder / name for name in ("held", "good", "other")]


@pytest.fixture(scope="module")
def found(folders) -> RunComparison:
    return compare_runs(folders)


def test_the_difference_is_taken_row_by_row(folders, found):
    right = []
    for folder in folders[:2]:
        run = load(folder)
        test = data_of_run(run).test
        right.append((run.predict(test.inputs) == test.targets).astype(float))
    difference = right[1] - right[0]
    gain = found.runs[1].gain
    assert gain.value == pytest.approx(difference.mean())
    error = difference.std() / np.sqrt(len(difference))
    assert (gain.high - gain.low) / 2 == pytest.approx(1.96 * error, rel=0.2)
    assert gain.low > 0
    assert found.runs[0].gain is None
    assert found.runs[0].unpaired == ""


def test_other_rows_give_no_difference(found):
    other = found.runs[2]
    assert other.gain is None
    assert "not the rows" in other.unpaired
    assert other.evaluation.n == 30


def test_settings_that_differ(found):
    assert list(found.settings) == ["l2", "seed"]
    assert found.settings["l2"][0] == 10.0 > found.settings["l2"][1]
    assert found.settings["seed"] == (0, 0, 1)


def test_data_that_have_changed_give_no_difference(folders):
    table = folders[0].parent / "table.csv"
    before = table.read_text()
    table.write_text(before.replace("x", "y", 1))
    try:
        changed = compare_runs(folders[:2])
    finally:
        table.write_text(before)
    assert "cannot be read again" in changed.runs[1].unpaired


def test_the_page_and_the_terminal_say_the_same(folders, found, tmp_path):
    page = render_comparison(found)
    assert "<script" not in page
    assert page.count("cannot be compared with") == 1
    told = CliRunner().invoke(app, ["compare", *map(str, folders), "--out", str(tmp_path / "page.html")])
    assert told.exit_code == 0
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == page
    verdict = re.search(r"is better than .*? 30 test examples\.", told.output, re.DOTALL)[0]
    assert " ".join(verdict.split()) in " ".join(page.replace("\N{NO-BREAK SPACE}", " ").split())
    plain = json.loads(CliRunner().invoke(app, ["compare", *map(str, folders), "--json"]).stdout)
    assert plain["runs"][1]["gain"]["value"] == pytest.approx(found.runs[1].gain.value)
    assert plain["runs"][2]["gain"] is None
    assert plain["settings"]["seed"] == [0, 0, 1]


@pytest.mark.parametrize("chosen", [[0], [0, 0]])
def test_there_must_be_two_different_runs(folders, chosen):
    with pytest.raises(ValueError, match="runs must be 2 to 12 different run folders"):
        compare_runs([folders[one] for one in chosen])
