"""The command line: what a person types, what comes out, and one sentence for whatever is wrong."""

import csv
import dataclasses
import gzip
import json
import os
import re
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from shinso import data
from shinso._manifest import commit
from shinso._version import __version__
from shinso.cli import app, sentence_of
from shinso.settings import Settings, read_settings
from shinso.training import load

ROOT = Path(__file__).resolve().parent.parent
SMALL = ("--hidden", "8", "--epochs", "6", "--batch-size", "16", "--learning-rate", "0.02")
LONG = ("--hidden", "200,200", "--epochs", "150", "--batch-size", "1", "--patience", "0")


def shinso(*arguments: object) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def ran(*arguments: object) -> Result:
    """Run a command that has to succeed."""
    result = shinso(*arguments)
    assert result.exit_code == 0, f"{result.output}{result.exception!r}"
    return result


def command(*arguments: object) -> list[str]:
    """The same for a process of its own, which heeds Ctrl-C even where the tests' parent ignores it."""
    heed = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    return [sys.executable, "-c", f"{heed}; from shinso.cli import main; main()", *map(str, arguments)]


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])}


def write_flowers(path: Path, rows: int = 60) -> Path:
    random = np.random.default_rng(0)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["length", "width", "colour", "flower"])
        for row in range(rows):
            kind = row % 3
            length, width = random.normal([4.0 * kind, -3.0 * kind], 0.3)
            colour = "" if row == 7 else "red" if kind == 1 else "blue"
            writer.writerow([f"{length:.3f}", f"{width:.3f}", colour, f"kind {kind}"])
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cli")


@pytest.fixture(scope="module")
def flowers(folder: Path) -> Path:
    return write_flowers(folder / "flowers.csv")


@pytest.fixture(scope="module")
def trained(folder: Path, flowers: Path) -> Result:
    return ran("train", flowers, "--target", "flower", *SMALL, "--out", folder / "run")


@pytest.fixture(scope="module")
def run(folder: Path, trained: Result) -> Path:
    return folder / "run"


@pytest.fixture(scope="module")
def digits_run(folder: Path) -> Path:
    ran(
        *(
            "train",
            "digits",
            "--channels",
            "4",
            "--hidden",
            "",
            "--epochs",
            "2",
            "--batch-size",
            "64",
            "--dropout",
            "0",
        ),
        *("--out", folder / "digits", "--quiet"),
    )
    return folder / "digits"


@pytest.fixture(scope="module")
def uninterrupted(folder: Path, flowers: Path) -> bytes:
    ran("train", flowers, "--target", "flower", *LONG, "--out", folder / "long", "--quiet")
    return bits(folder / "long")


def bits(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_train_says_what_came_out(trained: Result, folder: Path) -> None:
    said = re.sub(r"\s+", " ", trained.stdout)
    assert re.search(r"test accuracy [\d.]+ % \(95 % interval [\d.]+–[\d.]+ %; \d+ of 15 right\)", said)
    assert "All 6 epochs are done" in said
    assert re.search(r"s training, [\d.]+ s compiling", said)
    assert "the target is taken as classification (inferred" in said
    assert "1 of 60 values missing" in said
    assert str(folder / "run") in said
    assert str(folder / "run" / "report.html") in said
    assert (folder / "run" / "report.html").read_text().lower().startswith("<!doctype html>")
    assert "epoch 6/6" in trained.stderr
    assert "\x1b" not in trained.output


def test_config_round_trip_and_precedence(run: Path, folder: Path, tmp_path: Path) -> None:
    result = ran("train", "--config", run / "settings.toml", "--out", tmp_path / "again", "--quiet")
    assert result.output == ""
    assert bits(tmp_path / "again") == bits(run)
    assert (tmp_path / "again" / "settings.toml").read_bytes() == (run / "settings.toml").read_bytes()
    config = tmp_path / "mine.toml"
    config.write_text('target = "flower"\nepochs = 5\nhidden = [8]\nseed = 3\nbatch_size = 16\nlearning_rate = 0.02\n')
    ran("train", folder / "flowers.csv", "--config", config, "--epochs", "6", "--out", tmp_path / "mixed", "--quiet")
    stored = read_settings(tmp_path / "mixed" / "settings.toml")
    assert (stored["epochs"], stored["seed"], stored["activation"]) == (6, 3, "gelu")
    assert bits(tmp_path / "mixed") != bits(run)


def test_out_is_numbered(flowers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for number in (1, 2):
        assert f"runs/flowers-{number}" in ran("train", flowers, "--target", "flower", *SMALL).stdout


def test_evaluate(run: Path, flowers: Path) -> None:
    own = ran("evaluate", run).stdout
    assert "test accuracy" in own
    assert "of 15 right" in own
    assert "balanced accuracy" in own
    on_file = ran("evaluate", run, flowers)
    assert "flowers.csv accuracy" in on_file.stdout
    assert "of 60 right" in on_file.stdout
    assert "1 of 60 values missing" in on_file.stderr


def test_predict_a_table(run: Path, flowers: Path, tmp_path: Path) -> None:
    shown = ran("predict", run, flowers).stdout.splitlines()
    assert shown[0].split() == ["input", "class", "probability"]
    assert re.fullmatch(r"\s*1\s+kind \d\s+[\d.]+\s*", shown[1])
    assert len(shown) == 61
    result = ran("predict", run, flowers, "--out", tmp_path / "out.csv")
    assert result.stdout == ""
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["input"] for row in rows] == [str(k) for k in range(1, 61)]
    assert set(rows[0]) == {"input", "class", "probability", *(f"probability of kind {k}" for k in range(3))}


def test_predict_pictures(digits_run: Path, tmp_path: Path) -> None:
    digits = data.load_digits()
    paths = []
    for k in range(5):
        pixels = np.round(digits.inputs[k, :, :, 0] * 255).astype(np.uint8)
        paths.append(tmp_path / f"digit {k}.{'jpeg' if k == 4 else 'png'}")
        Image.fromarray(pixels).save(paths[-1], quality=100)
    ran("predict", digits_run, *paths, "--out", tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["input"] for row in rows] == [str(path) for path in paths]
    probabilities = load(digits_run).predict_mean(digits.inputs[:4])
    np.testing.assert_allclose([float(row["probability"]) for row in rows[:4]], probabilities.max(axis=1), atol=0.02)
    assert [int(row["class"]) for row in rows[:4]] == probabilities.argmax(axis=1).tolist()


def test_show_and_report(run: Path, digits_run: Path, tmp_path: Path) -> None:
    shown = re.sub(r"[^\S\n]+", " ", ran("show", digits_run).stdout)
    assert "digits: classification, 1,167 training, 180 validation, 450 test examples" in shown
    assert "4 × 4 × 4 40 2,304" in shown
    assert "in all 690" in shown
    assert "batch size 64" in shown
    assert "kind 0" in ran("show", run).stdout
    before = (run / "report.html").read_bytes()
    assert ran("report", run).stdout.strip() == str(run / "report.html")
    assert (run / "report.html").read_bytes() == before
    ran("report", run, "--out", tmp_path / "page.html")
    assert (tmp_path / "page.html").read_bytes() == before


def test_resume_needs_something_to_do(run: Path, digits_run: Path) -> None:
    before = contents(run)
    result = shinso("resume", run)
    assert result.exit_code == 2
    assert "has ended: All 6 epochs are done (" in result.stderr
    assert contents(run) == before


def wait_for_checkpoints(process: subprocess.Popen[str], folder: Path, times: int = 3) -> None:
    """Wait until the run in `folder` has renewed its checkpoint a few times."""
    seen: set[int] = set()
    deadline = time.monotonic() + 120
    while len(seen) <= times:
        assert process.poll() is None, f"training ended too early: {process.communicate()}"
        assert time.monotonic() < deadline
        if (folder / "checkpoint.safetensors").exists():
            seen.add((folder / "checkpoint.safetensors").stat().st_mtime_ns)
        time.sleep(0.005)


@pytest.mark.parametrize(
    "how",
    [
        pytest.param(signal.SIGKILL, id="kill -9", marks=pytest.mark.slow),  # tests/training/test_attack.py kills too
        pytest.param(signal.SIGINT, id="Ctrl-C"),
    ],
)
def test_resume_after(
    how: signal.Signals, uninterrupted: bytes, flowers: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    place = tmp_path / "cut"
    arguments = command(
        "train", flowers, "--target", "flower", *LONG, "--out", place, "--checkpoint-seconds", "0", "--quiet"
    )
    with subprocess.Popen(
        arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        wait_for_checkpoints(process, place)
        process.send_signal(how)
        said = process.communicate(timeout=60)
    if how == signal.SIGKILL:
        assert process.returncode == -signal.SIGKILL
        assert not (place / "run.json").exists()
        refused = shinso("show", place)
        assert (refused.exit_code, refused.stdout) == (2, "")
        assert "holds an unfinished run" in refused.stderr
    else:
        assert process.returncode == 130, said
        assert json.loads((place / "run.json").read_text())["stop"]["reason"] == "interrupted"
        assert (place / "report.html").exists()
        assert said == ("", "Interrupted; what was stored is kept.\n")
        assert "accuracy" in ran("evaluate", place).stdout
    assert "All 150 epochs are done" in ran("resume", place).stdout
    assert bits(place) == uninterrupted


def test_help_is_instant_and_complete(environment: dict[str, str]) -> None:
    code = "import sys; from shinso.cli import app; app(['train', '--help'], standalone_mode=False); "
    code += "sys.exit(any(name in sys.modules for name in ('jax', 'sklearn', 'polars')))"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment | {"COLUMNS": "300"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"help imports the heavy libraries:\n{done.stderr}"
    for field in dataclasses.fields(Settings):
        if field.name != "source":
            assert f"--{field.name.replace('_', '-')} " in done.stdout
    for panel in ("Data", "Network", "Cost", "Training", "Input and output"):
        assert f"─ {panel} ─" in done.stdout
    assert "Examples:" in done.stdout


def test_help_shows_the_defaults() -> None:
    shown = re.sub(r"[│\s]+", " ", ran("train", "--help").stdout)
    defaults = Settings(source="digits")
    for option in ("optimizer", "l1", "shuffle", "seed"):
        start = shown.index(f"--{option.replace('_', '-')} ")
        value = getattr(defaults, option)
        assert f"[default: ({value:g})]" if isinstance(value, float) else f"[default: ({value})]" in shown[start:]


@pytest.mark.parametrize(
    "arguments", [["train"], ["evaluate"], ["predict"], ["resume"], ["show"], ["report"], ["data"]]
)
def test_every_command_has_help(arguments: list[str]) -> None:
    assert "Usage:" in ran(*arguments, "--help").stdout


def test_version_and_module(environment: dict[str, str]) -> None:
    assert ran("--version").stdout == f"shinso {__version__}\n"
    done = subprocess.run(
        [sys.executable, "-m", "shinso", "--version"], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"shinso {__version__}\n"


def test_data_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHINSO_DATA", str(tmp_path))
    said = ran("data", "where").stdout
    assert f"{tmp_path}  ($SHINSO_DATA: 0 of 4 files)" in said
    assert "user cache" in said


def test_data_fetch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def fetch(folder: Path | None, *, progress: Callable[[data.DownloadProgress], None]) -> Path:
        asked.append(folder)
        progress(data.DownloadProgress("one.gz", 5, 10, "http://mirror/one.gz"))
        progress(data.DownloadProgress("one.gz", 5, 10, "http://mirror/one.gz", "trying again"))
        return tmp_path

    monkeypatch.setattr(data, "fetch_mnist", fetch)
    result = ran("data", "fetch", "mnist", "--data-dir", tmp_path)
    assert asked == [tmp_path]
    assert result.stdout == f"{tmp_path}\n"
    assert "one.gz: trying again" in result.stderr


# ---------------------------------------------------------------------------------------------------------- bad input


def idx(path: Path, array: np.ndarray, *, magic: bytes | None = None, cut: int | None = None) -> None:
    """Write an IDX file, compressed; `cut` keeps only so many of its bytes."""
    header = magic or bytes([0, 0, 8, array.ndim])
    content = gzip.compress(header + struct.pack(f">{array.ndim}I", *array.shape) + array.astype(np.uint8).tobytes())
    path.write_bytes(content[:cut])


def mnist(folder: Path, **changes: dict[str, Any]) -> Path:
    """A folder of tiny files in MNIST's form; `changes` by part spoil one of them."""
    folder.mkdir()
    arrays = {}
    for part, n in (("train", 30), ("t10k", 10)):
        arrays[f"{part}-images-idx3-ubyte"] = np.zeros((n, 28, 28))
        arrays[f"{part}-labels-idx1-ubyte"] = np.arange(n) % 10
    for name, array in arrays.items():
        change = dict(changes.get(name.replace("-", "_"), {}))
        idx(folder / f"{name}.gz", change.pop("array", array), **change)
    return folder


def table(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


TABLE = "a,b,y\n" + "\n".join(f"{k},{k * k % 7},{'yes' if k % 2 else 'no'}" for k in range(20)) + "\n"

BadInput = tuple[Callable[[Path], list[object]], str]

BAD_TRAINING: dict[str, BadInput] = {
    "no source": (lambda p: [], "source must be digits, mnist or a file; the settings name none."),
    "missing file": (lambda p: [p / "none.csv"], "there is no file"),
    "nearest source": (lambda p: ["digit"], "did you mean 'digits'?"),
    "directory": (lambda p: [p], "is a folder"),
    "other file": (lambda p: [table(p / "a.docx", "x")], "source must be"),
    "no MNIST": (lambda p: ["mnist", "--data-dir", p], "MNIST was not found"),
    "wrong magic number": (
        lambda p: ["mnist", "--data-dir", mnist(p / "m", train_images_idx3_ubyte={"magic": b"\x89PNG"})],
        "is not an IDX file",
    ),
    "truncated gzip": (
        lambda p: ["mnist", "--data-dir", mnist(p / "m", train_images_idx3_ubyte={"cut": 40})],
        "truncated",
    ),
    "counts differ": (
        lambda p: ["mnist", "--data-dir", mnist(p / "m", train_labels_idx1_ubyte={"array": np.zeros(29)})],
        "30 images, but",
    ),
    "label out of range": (
        lambda p: ["mnist", "--data-dir", mnist(p / "m", t10k_labels_idx1_ubyte={"array": np.full(10, 10)})],
        "labels from 0 to 9",
    ),
    "empty file": (lambda p: [table(p / "t.csv", ""), "--target", "y"], "t.csv"),
    "empty table": (lambda p: [table(p / "t.csv", "a,y\n"), "--target", "y"], "t"),
    "no target": (lambda p: [table(p / "t.csv", TABLE)], "target must name the column"),
    "target absent": (lambda p: [table(p / "t.csv", TABLE), "--target", "z"], "z"),
    "nearest column": (
        lambda p: [table(p / "t.csv", TABLE.replace("y\n", "yield\n", 1)), "--target", "yeild"],
        "'yield'",
    ),
    "one class": (lambda p: [table(p / "t.csv", TABLE.replace("no", "yes")), "--target", "y"], "at least two classes"),
    "constant target": (
        lambda p: [table(p / "t.csv", "a,y\n" + "1,2.5\n" * 9), "--target", "y", "--kind", "regression"],
        "must vary",
    ),
    "infinity in features": (lambda p: [table(p / "t.csv", TABLE.replace("5,", "inf,", 1)), "--target", "y"], "inf"),
    "infinity in targets": (
        lambda p: [
            table(p / "t.csv", "a,y\n" + "\n".join(f"{k},{k}.5" for k in range(9)) + "\n9,inf\n"),
            "--target",
            "y",
        ],
        "inf",
    ),
    "strings for numbers": (
        lambda p: [table(p / "t.csv", TABLE), "--target", "y", "--kind", "regression"],
        "'y'",
    ),
    "one example": (lambda p: [table(p / "t.csv", "a,y\n1,2\n"), "--target", "y"], "at least two examples"),
    "kind of digits": (lambda p: ["digits", "--kind", "regression"], "kind of digits must be classification"),
    "nothing left to train on": (
        lambda p: ["digits", "--test-fraction", "0.6", "--validation-fraction", "0.5"],
        "fraction",
    ),
    "batch size 0": (
        lambda p: ["digits", "--batch-size", "0"],
        "batch_size must be a whole number, at least 1; got 0.",
    ),
    "batch size too large": (
        lambda p: [table(p / "t.csv", TABLE), "--target", "y", "--batch-size", "21"],
        "batch_size must be at most the number of training examples, 13; got 21.",
    ),
    "hidden size 0": (lambda p: ["digits", "--hidden", "100,0"], "hidden must be a whole number, at least 1; got 0."),
    "hidden no number": (lambda p: ["digits", "--hidden", "100;30"], "such as 100,30; got '100;30'."),
    "negative rate": (lambda p: ["digits", "--learning-rate", "-0.1"], "learning_rate must be a finite number > 0"),
    "rate no number": (lambda p: ["digits", "--learning-rate", "fast"], "--learning-rate"),
    "negative l2": (lambda p: ["digits", "--l2", "-1"], "l2 must be a finite number ≥ 0; got -1.0."),
    "dropout 1": (lambda p: ["digits", "--dropout", "1"], "dropout must be a finite number ≥ 0 and < 1; got 1.0."),
    "epochs 0": (lambda p: ["digits", "--epochs", "0"], "epochs must be a whole number, at least 1; got 0."),
    "unknown activation": (lambda p: ["digits", "--activation", "rellu"], "Did you mean 'relu'?"),
    "unknown optimizer": (lambda p: ["digits", "--optimizer", "adma"], "Did you mean 'adam'?"),
    "unknown network": (lambda p: ["digits", "--network", "mpl"], "Did you mean 'mlp'?"),
    "unknown device": (lambda p: ["digits", "--device", "toaster"], "device must be one of"),
    "idle option": (lambda p: ["digits", "--network", "mlp", "--channels", "3"], "channels is not for network mlp"),
    "kernel too large": (lambda p: ["digits", "--kernel-size", "9", "--padding", "valid"], "kernel"),
    "unknown option": (lambda p: ["digits", "--epoch", "3"], "--epochs"),
    "no config": (lambda p: ["--config", p / "none.toml"], "does not exist."),
    "config with an unknown key": (
        lambda p: ["--config", table(p / "s.toml", "source = 'digits'\nepoch = 3\n")],
        "Did you mean 'epochs'?",
    ),
    "config no TOML": (lambda p: ["--config", table(p / "s.toml", "epochs: 3\n")], "is not TOML"),
}


def sentence(result: Result, code: int = 2) -> str:
    """The one sentence on standard error of a command that was refused, or failed at work."""
    assert result.exit_code == code, f"{result.output}{result.exception!r}"
    assert isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    text = result.stderr
    assert text.count("\n") == 1
    assert text.endswith((".\n", "?\n"))
    assert "Traceback" not in text
    return text


@pytest.mark.parametrize("name", BAD_TRAINING)
def test_bad_input_to_train(name: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    make, fragment = BAD_TRAINING[name]
    arguments = make(tmp_path / "in")
    assert fragment in sentence(shinso("train", *arguments, "--out", tmp_path / "runs" / "new"))
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


BAD_USE: dict[str, BadInput] = {
    "show no folder": (lambda p: ["show", p / "none"], "is not a run folder: it does not exist."),
    "show a file": (lambda p: ["show", p / "run" / "run.json"], "is not a run folder: it is a file."),
    "show an empty folder": (lambda p: ["show", p / "empty"], "is not a run folder: it has no run.json."),
    "evaluate no run": (lambda p: ["evaluate", p / "empty"], "is not a run folder"),
    "predict with no run": (lambda p: ["predict", p / "empty", p / "flowers.csv"], "is not a run folder"),
    "resume no run": (lambda p: ["resume", p / "empty"], "is not a run folder"),
    "report of no run": (lambda p: ["report", p / "empty"], "is not a run folder"),
    "a truncated model": (lambda p: ["show", p / "truncated"], "damaged"),
    "a tampered model": (lambda p: ["show", p / "tampered"], "damaged or was changed"),
    "a newer format": (lambda p: ["show", p / "newer"], "made by a newer shinso"),
    "evaluate on no file": (lambda p: ["evaluate", p / "run", p / "none.csv"], "does not exist"),
    "evaluate without targets": (
        lambda p: ["evaluate", p / "run", table(p / "t.csv", "length,width,colour\n1,2,red\n")],
        "flower",
    ),
    "evaluate on another class": (
        lambda p: ["evaluate", p / "run", table(p / "t.csv", "length,width,colour,flower\n1,2,red,kind 9\n")],
        "kind 9",
    ),
    "evaluate on a name": (lambda p: ["evaluate", p / "run", "digits"], "source must be a file"),
    "predict from no file": (lambda p: ["predict", p / "run", p / "none.csv"], "does not exist"),
    "predict from a folder": (
        lambda p: ["predict", p / "run", (p / "empty").mkdir(exist_ok=True) or p / "empty"],
        "is a folder",
    ),
    "predict without a column": (
        lambda p: ["predict", p / "run", table(p / "t.csv", "length,colour\n1,red\n")],
        "width",
    ),
    "predict from words": (
        lambda p: ["predict", p / "run", table(p / "t.csv", "length,width,colour\n1,wide,red\n")],
        "'wide'",
    ),
    "predict from infinity": (
        lambda p: ["predict", p / "run", table(p / "t.csv", "length,width,colour\n1,inf,red\n")],
        "inf",
    ),
    "predict from an empty table": (
        lambda p: ["predict", p / "run", table(p / "t.csv", "length,width,colour\n")],
        "holds no row of data",
    ),
    "predict a picture from a table": (lambda p: ["predict", p / "run", p / "small.png"], "must be a table"),
    "predict a table from pictures": (lambda p: ["predict", p / "digits", p / "flowers.csv"], "must be an image"),
    "image that is none": (
        lambda p: ["predict", p / "digits", table(p / "no.png", "no")],
        "cannot be read as an image",
    ),
    "predict into a folder": (
        lambda p: ["predict", p / "run", p / "flowers.csv", "--out", p],
        "is a folder; name a file to write.",
    ),
    "predict into nowhere": (
        lambda p: ["predict", p / "run", p / "flowers.csv", "--out", p / "no" / "o.csv"],
        "there is no folder",
    ),
    "train into a run": (
        lambda p: ["train", p / "flowers.csv", "--target", "flower", "--out", p / "run"],
        "is not empty; choose a new folder for the run, or resume it.",
    ),
    "train into a file": (lambda p: ["train", "digits", "--out", p / "flowers.csv"], "is a file; choose a new folder"),
    "train below a file": (
        lambda p: ["train", p / "flowers.csv", "--target", "flower", "--out", p / "flowers.csv" / "run"],
        "not a directory",
    ),
    "fetch what there is not": (lambda p: ["data", "fetch", "mnits"], "Did you mean 'mnist'?"),
    "an unknown command": (lambda p: ["trian"], "Did you mean 'train'?"),
    "too much": (lambda p: ["show", p / "run", p / "run"], "unexpected"),
}


@pytest.fixture(scope="module")
def place(folder: Path, run: Path, digits_run: Path) -> Path:
    """A folder with runs of all kinds, good and spoilt."""
    for name in ("truncated", "tampered", "newer"):
        (folder / name).mkdir()
        for file in run.iterdir():
            (folder / name / file.name).write_bytes(file.read_bytes())
    model = bits(run)
    (folder / "truncated" / "model.safetensors").write_bytes(model[:-20])
    (folder / "tampered" / "model.safetensors").write_bytes(model[:-1] + bytes([model[-1] ^ 1]))
    newer = (run / "run.json").read_text().replace('"format": 1', '"format": 99')
    commit(folder / "newer", {"run.json": newer.encode()})
    (folder / "empty").mkdir()
    Image.new("L", (7, 8)).save(folder / "small.png")
    return folder


@pytest.mark.parametrize("name", BAD_USE)
def test_bad_input_to_the_rest(name: str, place: Path) -> None:
    make, fragment = BAD_USE[name]
    arguments = make(place)
    before = contents(place)
    assert fragment in sentence(shinso(*arguments))
    assert contents(place) == before


@pytest.mark.parametrize(
    ("error", "fragment"),
    [
        (OSError(28, "No space left on device"), "no space left on device"),
        (PermissionError(13, "Permission denied"), "denied"),
    ],
    ids=["disk full", "read-only folder"],
)
@pytest.mark.parametrize("when", [1, 2, 3, 4, 5, 6])
def test_writing_fails(
    error: OSError, fragment: str, when: int, flowers: Path, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settings come first, then the checkpoint: each beside its place, then the list that makes it count, its place."""
    replace, count = os.replace, 0

    def fail(source: Any, destination: Any) -> None:
        nonlocal count
        count += 1
        if count >= when:
            raise error
        replace(source, destination)

    before = contents(run)
    monkeypatch.setattr(os, "replace", fail)
    result = shinso("train", flowers, "--target", "flower", *SMALL, "--out", tmp_path / "new", "--quiet")
    monkeypatch.setattr(os, "replace", replace)
    assert fragment in sentence(result, 2 if isinstance(error, PermissionError) else 1)
    assert contents(run) == before
    left = {path.name for path in tmp_path.rglob("*")}
    assert left == (set() if when < 6 else {"new", "settings.toml", "SHA256SUMS", "checkpoint.safetensors.staged"})
    if when == 6:
        ran("resume", tmp_path / "new", "--quiet")
        assert bits(tmp_path / "new") == bits(run)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_folder(flowers: Path, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert "denied" in sentence(shinso("train", flowers, "--target", "flower", "--out", tmp_path / "new"))


def test_divergence_is_told(flowers: Path, tmp_path: Path) -> None:
    result = shinso(
        *("train", flowers, "--target", "flower", *SMALL, "--optimizer", "sgd", "--learning-rate", "1e30"),
        *("--out", tmp_path / "run", "--quiet"),
    )
    assert result.exit_code == 1
    assert "The cost or its gradient was not finite at epoch" in result.stderr
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(load(tmp_path / "run").model))


def raised(error: Exception, module: str) -> Exception:
    """The error as code of `module` raises it."""
    try:
        exec("raise error", {"__name__": module, "error": error})
    except type(error) as caught:
        return caught
    raise AssertionError


@pytest.mark.parametrize(
    ("error", "module", "expected"),
    [
        (ValueError("epochs must be 1."), "shinso.training._x", "epochs must be 1."),
        (TypeError("epochs must be 1."), "shinso.training._x", "epochs must be 1."),
        (ValueError("inside a library"), "jax._src.core", None),
        (KeyError("x"), "shinso.training._x", None),
        (MemoryError(), "numpy", "There is not enough memory; a smaller batch_size, network or table needs less"),
        (
            RuntimeError("RESOURCE_EXHAUSTED: 9 GB"),
            "jaxlib",
            "There is not enough memory; a smaller batch_size, network or table needs less",
        ),
        (RuntimeError("x"), "shinso.training._x", None),
        (FileNotFoundError("runs is not a run folder."), "shinso.training._x", "runs is not a run folder."),
        (
            PermissionError(13, "Permission denied", "runs"),
            "os",
            "runs: permission denied; what was saved before is untouched",
        ),
    ],
)
def test_which_errors_are_sentences(error: Exception, module: str, expected: str | None) -> None:
    assert sentence_of(raised(error, module)) == expected


def test_faults_keep_their_traceback(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(sys.modules["shinso.training"], "read_overview", broken)
    assert isinstance(shinso("show", run).exception, ZeroDivisionError)
