"""Runs that the studio's tests share."""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from shinso.experiment import run_experiment
from shinso.settings import Settings


@pytest.fixture(scope="session")
def digits_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small convolutional network for the embedded digits."""
    folder = tmp_path_factory.mktemp("digits") / "digits-1"
    settings = {"source": "digits", "channels": (16,), "hidden": (32,), "epochs": 25, "normalization": "batch"}
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


@pytest.fixture(scope="session")
def served() -> Any:
    """What serves a studio on a port of its own, and gives its address: `with served(opening) as address`."""
    return _served


@contextlib.contextmanager
def _served(opening: Any) -> Iterator[str]:
    import uvicorn

    from shinso.deploy._listening import free_port
    from shinso.studio._application import application

    listening = free_port("127.0.0.1", 0, lambda _: None)
    config = uvicorn.Config(application(opening), log_level="critical", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)
        listening.close()
