"""Runs that are exported and served."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from shinso.experiment import run_experiment
from shinso.settings import Settings
from shinso.training import Ensemble, Run

N = 60
QUICK: dict[str, Any] = {"hidden": (6,), "epochs": 2, "probes": "off"}


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of sources: a table, vectors, images and sequences."""
    folder = tmp_path_factory.mktemp("deploy")
    random = np.random.default_rng(0)
    size = random.normal(size=N).round(3)
    table = {
        "size": size,
        "colour": random.choice(["red", "blue"], N),
        "price": (300_000 + 40_000 * size).round(),
        "grade": np.where(size > 0.2, "high", "low"),
    }
    pl.DataFrame(table).write_csv(folder / "table.csv")
    years = random.normal(2000, 3, (N, 3)).astype(np.float32)
    np.savez(folder / "vectors.npz", X=years, y=2 * years[:, 0])
    np.savez(folder / "images.npz", X=random.integers(0, 256, (N, 9, 9, 1)).astype(np.uint8), y=np.arange(N) % 3)
    steps = {
        "who": np.repeat(np.arange(N // 2), 4),
        "at": np.tile(np.arange(4), N // 2),
        "value": random.normal(size=2 * N),
        "side": np.repeat(np.arange(N // 2) % 2, 4),
    }
    pl.DataFrame(steps).head(2 * N - 1).write_csv(folder / "steps.csv")
    return folder


@pytest.fixture(scope="session")
def made(place: Path) -> Any:
    """What makes a run of one of the sources, once: `made("table.csv", target="grade")`."""
    known: dict[str, Run | Ensemble] = {}

    def make(source: str, **settings: Any) -> Run | Ensemble:
        key = repr((source, sorted(settings.items())))
        if key not in known:
            asked = Settings.from_dict({"source": str(place / source), **QUICK, **settings})
            known[key] = run_experiment(asked, folder=place / f"run-{len(known)}")
        return known[key]

    return make
