"""Runs that the studio's tests share."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from shinso.experiment import run_experiment
from shinso.settings import Settings


@pytest.fixture(scope="session")
def digits_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small convolutional network for the embedded digits."""
    folder = tmp_path_factory.mktemp("digits") / "digits-1"
    settings = {"source": "digits", "channels": (8,), "hidden": (32,), "epochs": 10, "normalization": "batch"}
    run_experiment(Settings.from_dict(settings), folder=folder)
    return folder


@pytest.fixture(scope="session")
def table_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a regression on a table with numbers, categories, dates, and missing values."""
    folder = tmp_path_factory.mktemp("table")
    random = np.random.default_rng(0)
    n = 200
    size = random.normal(50, 20, n).round(1)
    city = random.choice(["Kyoto", "Nara", "<b>Uji</b>"], n)
    built = [f"20{random.integers(10, 24)}-{random.integers(1, 13):02}-{random.integers(1, 29):02}" for _ in range(n)]
    price = 3 * size + 20 * (city == "Nara") + random.normal(0, 5, n)
    sizes = [None if k % 17 == 0 else value for k, value in enumerate(size.tolist())]
    pl.DataFrame({"size": sizes, "city": city, "built": built, "always": "x", "price": price}).write_csv(
        folder / "homes.csv"
    )
    settings = {
        "source": str(folder / "homes.csv"),
        "target": "price",
        "hidden": (8,),
        "activation": "gelu",
        "epochs": 5,
    }
    run_experiment(Settings.from_dict(settings), folder=folder / "homes-1")
    return folder / "homes-1"
