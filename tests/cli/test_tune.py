"""`shinso tune` from a terminal."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from shinso.cli import app


def shinso(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("tune") / "points.csv"
    random = np.random.default_rng(0)
    X = random.normal(size=(60, 2))
    lines = [f"{a:.3f},{b:.3f},{'yes' if a > b else 'no'}" for a, b in X]
    path.write_text("a,b,answer\n" + "\n".join(lines) + "\n")
    return path


SHORT = ("--target", "answer", "--network", "linear", "--epochs", 2, "--folds", 2, "--side-by-side", 2)


def test_a_search_and_its_report(table, tmp_path):
    folder = tmp_path / "search"
    result = shinso(
        *("tune", table, *SHORT, "--strategy", "random", "--trials", 4, "--search", "learning_rate=1e-3:1"),
        *("--out", folder),
    )
    assert result.exit_code == 0, f"{result.output}{result.exception!r}"
    for words in ("All 4 trials are made.", "defaults", "test loss", "±", f"shinso train --config {folder}"):
        assert words in result.output
    assert sorted(path.name for path in folder.iterdir()) == [
        "SHA256SUMS", "settings.toml", "trials.jsonl", "trials.svg", "tuning.json",
    ]  # fmt: skip
    assert json.loads((folder / "tuning.json").read_text())["identity"]["strategy"] == "random"
    trained = shinso("train", "--config", folder / "settings.toml", "--out", tmp_path / "run", "--quiet")
    assert trained.exit_code == 0, trained.output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--seconds", 0), "seconds must be a finite number > 0; got 0.0."),
        (("--trials", 0), "trials must be a whole number, at least 1; got 0."),
        (("--search", "rate=1:2"), "setting of space must be one of"),
        (("--search", "learning_rate"), "search must be NAME=LOW:HIGH or NAME=A/B/C; got 'learning_rate'."),
        (("--search", "hidden=a/b"), "hidden"),
        (("--strategy", "grid"), "strategy must be one of bayes, broad, halving, random; got 'grid'."),
    ],
)
def test_bad_input_is_one_sentence(table, tmp_path, arguments, sentence):
    result = shinso("tune", table, *SHORT, *arguments, "--out", tmp_path / "no")
    assert result.exit_code == 2
    assert sentence in result.output
    assert result.output.count("\n") == 1
    assert not (tmp_path / "no").exists()


def test_help_teaches():
    result = shinso("tune", "--help")
    assert result.exit_code == 0
    for words in ("--strategy", "--search", "--seconds", "--resume", "Examples"):
        assert words in result.output
