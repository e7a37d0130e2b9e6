"""Predictions for image files: of every suffix that training reads, scaled as in training."""

import numpy as np
import pytest
from PIL import Image

from shinso.experiment import predict_run, run_experiment
from shinso.settings import Settings


def test_pictures_of_any_kind_and_size(tmp_path):
    random = np.random.default_rng(0)
    for name in ("dark", "light"):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        for index in range(8):
            pixels = random.integers(0, 100, size=(6, 6)) + 150 * (name == "light")
            Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "pictures" / name / f"{index}.bmp")
    settings = Settings(source=str(tmp_path / "pictures"), network="linear", epochs=2)
    run_experiment(settings, folder=tmp_path / "run")
    picture = Image.fromarray(np.full((6, 6), 200, np.uint8))
    paths = []
    for suffix in ("png", "bmp", "gif", "tiff", "webp"):
        paths.append(tmp_path / f"new.{suffix}")
        picture.save(paths[-1])
    found = predict_run(tmp_path / "run", paths)
    assert [row[0] for row in found.rows] == list(map(str, paths))
    picture.resize((9, 12)).save(tmp_path / "larger.png")
    with pytest.warns(UserWarning, match=r"larger\.png: scaled from 9×12 to 6×6 pixels"):
        scaled = predict_run(tmp_path / "run", [tmp_path / "larger.png"])
    assert np.abs(scaled.means - found.means[0]).max() < 1e-3
