"""What a run answers to tables and pictures as people have them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from PIL import Image

from shinso.data import Dataset, prepare
from shinso.experiment import encoder_of, predict_run, prepare_experiment, run_experiment
from shinso.settings import Settings
from shinso.training import Ensemble, Run, load

N = 60
QUICK: dict[str, Any] = {"hidden": (8,), "epochs": 4}


def table(path: Path) -> Path:
    random = np.random.default_rng(0)
    size = random.normal(size=N)
    columns = {
        "who": [f"K{k:03}" for k in range(N)],
        "size": size.round(3),
        "colour": random.choice(["red", "blue"], N),
        "price": (300_000 + 40_000 * size).round(),
        "grade": np.where(size > 0.8, "high", "low"),
    }
    pl.DataFrame(columns).write_csv(path)
    return path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    table(folder / "t.csv")
    return folder


def made(place: Path, name: str, **settings: Any) -> Run | Ensemble:
    asked = Settings.from_dict({"source": str(place / "t.csv"), "drop": ["grade"], **QUICK, **settings})
    return run_experiment(asked, folder=place / name)


@pytest.fixture(scope="module")
def regression(place: Path) -> Run | Ensemble:
    return made(place, "price", target="price", id="who")


@pytest.mark.parametrize("members", [None, 2])
def test_a_data_frame_is_answered_in_its_own_units(place: Path, regression: Run, members: int | None) -> None:
    run = regression if members is None else made(place, "two", target="price", id="who", members=members)
    frame = pl.read_csv(place / "t.csv").head(5)
    again = load(place / ("price" if members is None else "two"))
    answers = again.predict(pd.read_csv(place / "t.csv").head(5) if members is None else frame)
    encoded = encoder_of(run).encode(frame)
    np.testing.assert_allclose(answers, encoder_of(run).decode_targets(run.predict(encoded)))
    np.testing.assert_allclose(again.predict_mean(frame), answers, rtol=1e-6)
    assert 200_000 < answers.min() < answers.max() < 400_000


def test_classes_of_a_data_frame_are_words(place: Path) -> None:
    run = made(place, "grade", target="grade", drop=["price"], id="who", class_weight="balanced")
    frame = pd.read_csv(place / "t.csv").head(6)
    assert set(run.predict(frame)) <= {"high", "low"}
    np.testing.assert_allclose(run.predict_mean(frame).sum(axis=1), 1, rtol=1e-5)
    assert len(repr(run)) < 200
    assert "'t'" in repr(run)


def test_what_names_a_row_is_carried_into_predictions(place: Path, regression: Run, tmp_path: Path) -> None:
    predicted = predict_run(place / "price", [place / "t.csv"])
    assert predicted.columns == ("who", "price")
    assert [row[0] for row in predicted.rows[:2]] == ["K000", "K001"]
    pl.read_csv(place / "t.csv").drop("who", "price").write_csv(tmp_path / "bare.csv")
    assert predict_run(place / "price", [tmp_path / "bare.csv"]).rows[0][0] == 1


def test_classes_are_balanced_by_weights(place: Path) -> None:
    asked = Settings(source=str(place / "t.csv"), target="grade", drop=("price", "who"), class_weight="balanced")
    training = prepare_experiment(asked)[0].training
    assert training.weights is not None
    sums = [training.weights[training.targets == k].sum() for k in (0, 1)]
    np.testing.assert_allclose(sums, len(training) / 2, rtol=1e-6)
    np.testing.assert_array_equal(training.take(np.arange(3)).weights, training.weights[:3])
    with pytest.raises(ValueError, match="class_weight is for classes; the target is taken as regression"):
        Dataset(np.ones((3, 1)), np.arange(3.0), "regression").balanced()


def test_a_column_that_names_rows_must_be_there(place: Path) -> None:
    with pytest.raises(ValueError, match=r"no column \(id\) 'whose'; .*did you mean 'who'"):
        prepare(place / "t.csv", target="price", identifier="whose")


def pictures(folder: Path, names: list[str], side: int = 8) -> Path:
    for place, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shade = np.full((side, side), 40 + 20 * (place % 2), np.uint8)
        Image.fromarray(shade + np.arange(side, dtype=np.uint8)).save(folder / name)
    return folder


def test_a_folder_of_pictures_and_a_broken_one(tmp_path: Path) -> None:
    source = pictures(tmp_path / "train", [f"{'ab'[k % 2]}/{k}.png" for k in range(24)])
    run_experiment(Settings(source=str(source), epochs=1, network="linear"), folder=tmp_path / "run")
    new = pictures(tmp_path / "new", ["1.png", "2.png", "3.png"])
    (new / "2.png").write_bytes(b"no picture")
    with pytest.warns(UserWarning, match=r"1 of 3 images are left out: .*2.png cannot be read as an image"):
        predicted = predict_run(tmp_path / "run", [new])
    assert [Path(row[0]).name for row in predicted.rows] == ["1.png", "3.png"]
    large = pictures(tmp_path / "large", ["1.png"], side=16)
    with pytest.warns(UserWarning, match="1.png: scaled from 16×16 to 8×8 pixels"):
        assert len(predict_run(tmp_path / "run", [large]).rows) == 1
    with pytest.raises(ValueError, match="2.png cannot be read as an image"):
        predict_run(tmp_path / "run", [new / "2.png"])
    (tmp_path / "none").mkdir()
    with pytest.raises(ValueError, match="none is a folder that holds no image"):
        predict_run(tmp_path / "run", [tmp_path / "none"])


def test_the_best_epoch_is_kept_when_asked_for(place: Path) -> None:
    steady = {"target": "price", "id": "who", "learning_rate": 0.3, "schedule": "constant", "epochs": 12}
    best, last = made(place, "best", **steady, best_epoch=True), made(place, "last", **steady)
    assert isinstance(best, Run)
    assert isinstance(last, Run)
    losses = best.history["validation_loss"]
    assert best.stop.best_epoch == np.argmin(losses) + 1
    assert last.stop.best_epoch is None
    assert best.evaluations["validation"].loss == pytest.approx(losses.min(), rel=1e-4)
