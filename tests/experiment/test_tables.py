"""A run judged on tables as people have them, and what it says of their columns."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from shinso.cli import app
from shinso.data import Encoder, VectorInputs, prepare, read_table
from shinso.data import TargetEncoder as Targets
from shinso.experiment import evaluate_run, run_experiment
from shinso.report import render
from shinso.settings import Settings
from shinso.training import general_notes, load

N = 60


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    random = np.random.default_rng(0)
    size = random.normal(size=N).round(3)
    columns: dict[str, Any] = {
        "who": [f"K{k:03}" for k in range(N)],
        "size": [None if k == 7 else value for k, value in enumerate(size.tolist())],
        "same": ["x"] * N,
        "colour": random.choice(["red", "blue"], N),
        "price": (300_000 + 40_000 * size).round(),
        "grade": (size > 0.2).astype(int),
    }
    pl.DataFrame(columns).write_csv(folder / "t.csv")
    return folder


def made(place: Path, name: str, **settings: Any) -> Any:
    asked = {"source": str(place / "t.csv"), "hidden": (6,), "epochs": 2, "probes": "off", **settings}
    return run_experiment(Settings.from_dict(asked), folder=place / name)


@pytest.fixture(scope="module")
def prices(place: Path) -> Any:
    return made(place, "price", target="price", drop=["grade"], id="who")


@pytest.fixture(scope="module")
def grades(place: Path) -> Any:
    return made(place, "grade", target="grade", drop=["price", "who"])


@pytest.mark.filterwarnings("ignore:column 'size'")
def test_a_data_frame_is_judged_in_its_own_units(place: Path, prices: Any) -> None:
    frame = read_table(place / "t.csv")
    again = load(place / "price")
    found = again.evaluate(frame, name="frame")
    errors = again.predict(frame)[:, 0] - frame["price"].to_numpy()
    assert found.metrics["rmse"] == pytest.approx(np.sqrt(np.mean(errors**2)), rel=1e-6)
    assert found.metrics["rmse"] > 1000
    apart = again.evaluate(frame.drop("price"), frame["price"].to_numpy())
    assert apart.metrics == found.metrics
    frame.write_csv(place / "copy.csv")
    assert evaluate_run(place / "price", place / "copy.csv").metrics == found.metrics
    assert again.evaluations["frame"] is found
    with pytest.raises(TypeError, match="targets must be given with inputs that are not a table"):
        again.evaluate(np.ones((3, 4), np.float32))


@pytest.mark.filterwarnings("ignore:column 'size'")
def test_labels_of_a_data_frame_are_never_cut_off(place: Path, grades: Any) -> None:
    frame = read_table(place / "t.csv")
    labels = frame["grade"].to_numpy()
    written = [
        labels,
        labels.astype(float),
        labels.astype(str),
        labels.astype(float).astype(str),
        np.eye(2, dtype=int)[labels],
    ]
    scores = {grades.evaluate(frame, one).score for one in written}
    assert scores == {grades.evaluate(frame).score}
    with pytest.raises(ValueError, match=r"must hold the classes 0, 1; got 0\.7 in data row 1"):
        grades.evaluate(frame, np.where(np.arange(N) == 0, 0.7, labels))


def test_one_hot_rows_and_labels_are_the_same_targets() -> None:
    inputs = VectorInputs((0.0,), (1.0,))
    names = ("cat", "dog", "eel")
    rows = np.eye(3)[[2, 0, 1]]
    of_labels = Encoder(inputs, Targets("classification", ("y",), classes=names))
    of_rows = Encoder(inputs, Targets("classification", names, classes=names))
    for encoder in (of_labels, of_rows):
        for raw in (rows, np.array(["eel", "cat", "dog"])):
            assert encoder.encode_targets(raw).tolist() == [2, 0, 1]


def test_every_column_has_its_line(place: Path, prices: Any) -> None:
    columns = {one["name"]: one for one in load(place / "price").data["columns"]}
    assert {name: (one["kind"], one["role"]) for name, one in columns.items()} == {
        "who": ("identifier", "dropped"),
        "size": ("number", "input"),
        "same": ("constant", "dropped"),
        "colour": ("category", "input"),
        "price": ("count", "target"),
    }
    assert columns["who"]["note"] == "says whose a row is (id)"
    assert columns["same"]["note"] == "it is the same in every row"
    assert "1 of 60 values missing" in columns["size"]["note"]
    told = general_notes(prices.data)
    assert not any("'size'" in note or "'same'" in note for note in told)
    assert any("regression" in note for note in told)
    page = render(prices)
    assert '<th scope="row">same</th><td>constant</td><td>dropped</td>' in page


def test_the_command_line_shows_the_columns_once(place: Path, prices: Any) -> None:
    shown = CliRunner().invoke(app, ["show", str(place / "price")], env={"COLUMNS": "200"}).output
    assert shown.count("it is the same in every row") == 1
    assert "--column NAME=KIND" in shown


def test_more_notes_than_a_screen_are_a_table(tmp_path: Path) -> None:
    frame = pl.DataFrame({f"c{k}": [1.5] * 20 for k in range(30)} | {"x": range(0, 40, 2), "y": [0, 1] * 10})
    found = prepare(frame.with_columns(pl.col("x") * 1.5), target="y")
    assert len(found.columns) == 32
    assert len(general_notes({"notes": found.notes, "columns": [vars(one) for one in found.columns]})) < 5
