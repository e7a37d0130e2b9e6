"""`shinso reproduce` from a terminal."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from shinso.cli import app
from shinso.reproduce import ENTRIES


def shinso(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in ("reproduce", *arguments)])


def test_the_list_says_everything():
    result = shinso("--list")
    assert result.exit_code == 0, result.output
    for words in ("R1 ", "R46", "95.42 %", "Nielsen", "mnist", "none", "40 h"):
        assert words in result.output
    for entry in ENTRIES:
        assert f"\n{entry} " in result.output


def test_a_row_is_run_and_compared(tmp_path):
    result = shinso("r37", "--out", tmp_path)
    assert result.exit_code == 0, f"{result.output}{result.exception!r}"
    for words in ("published", "ours", "agrees?", "yes", "shinso reproduce R37 --seeds 1: ", "cores", "figure.svg"):
        assert words in result.output
    again = shinso("R37", "--out", tmp_path)
    assert "about" not in again.output
    assert "yes" in again.output
    assert shinso("R37", "--out", tmp_path, "--quiet").output == ""


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("R99",), "Did you mean 'R9'?"),
        ((), "Name rows, such as R1, or give --all"),
        (("R1", "--all"), "Name rows, such as R1, or give --all"),
        (("R37", "--seeds", 0), "seeds must be a whole number, at least 1; got 0."),
        (("R37", "--budget", 0.001), "budget must leave time for a seed; the quickest asked for, R37, takes 2 s."),
        (
            ("R1", "--data-dir", "nowhere"),
            "R1 must have MNIST, which was not found: fetch it with",
        ),
    ],
)
def test_bad_input_is_one_sentence(tmp_path, arguments, sentence):
    result = shinso(*arguments, "--out", tmp_path)
    assert result.exit_code == 2
    assert sentence in result.output
    assert result.output.count("\n") == 1


def test_what_is_left_out_is_said(tmp_path):
    result = shinso("R37", "R34", "--out", tmp_path, "--budget", 0.05)
    assert result.exit_code == 0, result.output
    assert "Left out for want of time: R34, about 3 s" in result.output


def test_interrupted(tmp_path, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("shinso.reproduce.run_entries", interrupt)
    assert shinso("R37", "--out", tmp_path).exit_code == 130


def test_the_room_is_read_without_jax():
    code = "import sys; import shinso.cli, shinso.reproduce; sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
