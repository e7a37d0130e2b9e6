"""What is loaded to start: no more than is used."""

import cmath
import importlib
import json
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

import shinso
from shinso import nn, training
from shinso._lazy import lazily
from shinso.cli import _results

LIBRARIES = ("jax", "numpy", "scipy.stats", "sklearn", "sklearn.metrics", "pandas", "polars", "pydantic", "optax")
LIBRARIES += ("equinox", "lineax", "optimistix", "matplotlib", "PIL", "httpx", "scipy.special")
ROOMS = ("bayes", "curvature", "data", "deploy", "estimators", "experiment", "optim", "training")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A run folder."""
    place = tmp_path_factory.mktemp("runs") / "run"
    X, y = np.eye(6, 3, dtype=np.float32), np.arange(6) % 2
    model = nn.mlp(3, 2, (4,), key=jax.random.key(0))
    objective = shinso.objectives.Objective(shinso.objectives.likelihood("categorical"))
    shinso.train(model, objective, (X, y), epochs=2, folder=place)
    return place


def loaded(code: str) -> set[str]:
    """Which of the libraries a process has loaded that has run some code."""
    asked = f"import json, sys\n{code}\nprint(); print(json.dumps([one for one in {LIBRARIES} if one in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def command(*arguments: object) -> str:
    return f"from shinso.cli import app; app({[str(one) for one in arguments]}, standalone_mode=False)"


@pytest.mark.parametrize("arguments", [("--help",), ("train", "--help"), ("--version",)], ids=" ".join)
def test_help_computes_nothing(arguments):
    assert loaded(command(*arguments)) <= {"pydantic"}


def test_show_reads_files(folder):
    assert loaded(command("show", folder)) <= {"numpy", "pydantic"}


def test_an_estimator_loads_what_trains_it():
    found = loaded("from shinso import MLPClassifier")
    assert not found & {"polars", "pydantic", "lineax", "optimistix", "matplotlib", "PIL", "httpx", "sklearn.metrics"}


def test_training_needs_no_scikit_learn():
    assert loaded("from shinso import train, nn, objectives") <= {"jax", "numpy", "optax", "equinox", "scipy.special"}


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_know_their_names(room):
    """Type checkers and Python see the same."""
    found = importlib.import_module(f"shinso.{room}")
    names = {name for name in found.__all__ if getattr(found, name) is not None}
    assert names
    assert names <= set(dir(found))
    source = Path(found.__file__).read_text(encoding="utf-8")
    assert source.count("\n    from shinso") == len(names)
    with pytest.raises(AttributeError, match=f"module 'shinso.{room}' has no attribute 'nobody'"):
        found.nobody  # noqa: B018


def test_only_lines_for_type_checkers_are_names(tmp_path):
    contents = tmp_path / "room.py"
    contents.write_text(
        "if TYPE_CHECKING:\n    from math import pi as pi\n    from os import path as p\nimport re as re\n"
    )
    find, _, names = lazily(cmath.__name__, str(contents))
    assert names == ["pi"]
    assert find("pi") > 3


def test_an_overview_is_the_run(folder, tmp_path):
    run, overview = training.load_run(folder), training.read_overview(folder)
    assert (overview.stop, overview.settings, overview.data) == (run.stop, run.settings, run.data)
    assert overview.layers == run.layers() == nn.summary(run.model, (3,))
    together = training.Ensemble((run, run))
    together.save(tmp_path / "both")
    overview, summary = training.read_overview(tmp_path / "both"), together.summary()
    assert (overview.stop, overview.settings, overview.data) == (summary.stop, summary.settings, summary.data)


def test_an_overview_of_changed_parameters_is_refused(folder, tmp_path):
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in folder.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    (copy / "model.safetensors").write_bytes(b"other")
    with pytest.raises(ValueError, match="damaged or was changed"):
        training.read_overview(copy)


def test_a_run_without_layers_is_shown(folder, capsys):
    overview = training.read_overview(folder)
    console = _results.Console(width=100)
    _results.overview(console, training.Overview(**{**vars(overview), "layers": None}), {})
    assert "multiply-adds" not in capsys.readouterr().out
