"""A text, from a file to a language model that is sampled from."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from shinso import NetworkClassifier
from shinso.cli import app
from shinso.experiment import evaluate_run, predict_run, prepare_experiment, run_experiment, sample_run
from shinso.settings import Settings
from shinso.training import Run

TEXT = "abcab\n" * 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("texts")
    (place / "t.txt").write_text(TEXT)
    return place


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    settings = Settings(
        source=f"{folder}/t.txt",
        network="language_model",
        window=8,
        hidden=(8,),
        embedding=3,
        cell="gru",
        epochs=60,
        learning_rate=0.03,
        batch_size=8,
    )
    run = run_experiment(settings, folder=folder / "run")
    assert isinstance(run, Run)
    return run


def test_pieces_are_followed_by_the_next_character(folder: Path) -> None:
    prepared, completed = prepare_experiment(Settings(source=f"{folder}/t.txt", network="language_model"))
    assert (completed.window, completed.hidden, completed.cell) == (64, (128,), "lstm")
    assert prepared.notes[0] == "360 characters, 4 different ones, in 5 pieces of 64"
    assert prepared.encoder.classes == ("\n", "a", "b", "c")
    texts = []
    for part in (prepared.training, prepared.validation, prepared.test):
        if part is not None:
            np.testing.assert_array_equal(part.inputs.values[:, 1:, 0], part.targets[:, :-1])
            texts += [
                "".join(prepared.encoder.classes[int(one)] for one in piece) for piece in part.inputs.values[..., 0]
            ]
    assert "".join(texts) == TEXT[: 5 * 64]


def test_a_model_goes_on_as_it_has_read(run: Run, folder: Path) -> None:
    # Of six steps one cannot be told at a piece's beginning; the rest follows from what was seen.
    assert run.evaluations["test"].score > 0.9
    assert sample_run(folder / "run", start="abcab", length=13, temperature=0.01) == "abcab\nabcab\nabcab\n"[:18]
    drawn = sample_run(folder / "run", length=40, seed=1)
    assert len(drawn) == 40
    assert drawn == sample_run(folder / "run", length=40, seed=1)
    assert drawn != sample_run(folder / "run", length=40, seed=2, temperature=5.0)
    (folder / "other.txt").write_text("abcab\nabcab\nabcab\n")
    assert evaluate_run(folder / "run", folder / "other.txt").n == 16


def test_the_command_samples(run: Run, folder: Path) -> None:
    found = CliRunner().invoke(
        app, ["sample", f"{folder}/run", "--start", "abc", "--length", "3", "--temperature", "0.01"]
    )
    assert (found.exit_code, found.stdout) == (0, "abcab\n\n")
    wrong = CliRunner().invoke(app, ["sample", f"{folder}/run", "--start", "x"])
    assert wrong.exit_code == 2
    assert wrong.stderr.strip() == "text must be made of the 4 characters known; got 'x'."


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target": "y"}, "target is not for texts"),
        ({"source": "absent.txt"}, "does not exist; a text file was expected"),
        ({"window": 400}, "symbols must be more than length=400; got 360"),
        ({"network": "recurrent"}, "."),
        ({"network": "mlp", "window": 8}, "."),
    ],
)
def test_bad_input(changes: dict, message: str, folder: Path, tmp_path: Path) -> None:
    given = {"source": f"{folder}/t.txt", "network": "language_model", **changes}
    with pytest.raises(ValueError, match=message):
        run_experiment(Settings(**given), folder=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_texts_are_not_predicted(run: Run, folder: Path) -> None:
    with pytest.raises(ValueError, match="is a language model: draw from it with sample"):
        predict_run(folder / "run", [folder / "t.txt"])
    classifier = NetworkClassifier("language_model")
    with pytest.raises(TypeError, match="source must be the path of a text file for a language model; got tuple"):
        classifier.fit(np.eye(6), [0, 1] * 3)
