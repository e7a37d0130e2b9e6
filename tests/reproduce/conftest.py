"""A table of points to train on in no time, an entry that trains on it, and an entry that only counts."""

import dataclasses
import sys
import types

import numpy as np
import pytest

from shinso.reproduce import ENTRIES, Claim, Entry, Panel, Procedure, Result
from shinso.reproduce import _measures as measures
from shinso.reproduce._agreement import at_least
from shinso.reproduce._experiments import EXPERIMENTS


@pytest.fixture(scope="session")
def points(tmp_path_factory):
    """A CSV file of 60 points on two sides of a line."""
    path = tmp_path_factory.mktemp("reproduce") / "points.csv"
    X = np.random.default_rng(0).normal(size=(60, 2))
    lines = [f"{a:.3f},{b:.3f},{'yes' if a > b else 'no'}" for a, b in X]
    path.write_text("a,b,answer\n" + "\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="session")
def small(points):
    """An entry of one network on the points, 4 epochs, two seeds side by side."""
    network = {
        "source": str(points),
        "target": "answer",
        "network": "mlp",
        "hidden": [4],
        "activation": "tanh",
        "dropout": 0.0,
    }
    network |= {"optimizer": "sgd", "learning_rate": 0.5, "schedule": "constant", "batch_size": 10, "epochs": 4}
    return Entry(
        id="R0",
        sentence="A small network tells two sides of a line.",
        source="nobody, chapter 0",
        claims=(
            Claim("best accuracy", "90 %", measures.best("net", "test_accuracy"), at_least(60.0)),
            Claim("with patience", "95 %", measures.best("long", "test_accuracy"), at_least(60.0), full=True),
        ),
        steps=(Procedure("training", {"networks": {"net": network}, "watch": {"test": None, "training": 5}}),),
        seconds=2,
        seeds=2,
        side_by_side=True,
        mnist=False,
        panels=(Panel("accuracy, %", {"net": ("net", "test_accuracy"), "training": ("net", "training_accuracy")}),),
    )


class Counter:
    """Stands for an experiment; counts how often each seed is run, and may be interrupted."""

    def __init__(self):
        self.seeds = []
        self.interrupt_at = None

    def __call__(self, settings, seeds, context):
        if self.interrupt_at in seeds:
            raise KeyboardInterrupt
        self.seeds += seeds
        return [Result({"net": {"score": [1.0, 2.0 + seed]}}, {"seed": float(seed)}) for seed in seeds]


@pytest.fixture
def counter(monkeypatch):
    """The experiment `counting`, which takes no time."""
    made = Counter()
    module = types.ModuleType("shinso.reproduce._counting")
    module.counting = made
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(EXPERIMENTS._places, "counting", (module.__name__, "counting"))
    return made


@pytest.fixture
def counted(counter):
    """An entry that counts, three seeds one by one, one minute each."""
    return Entry(
        id="R1",
        sentence="Seeds can be counted.",
        source="nobody, chapter 0",
        claims=(
            Claim("last score", "3", measures.last("net", "score"), at_least(2.5), unit="%"),
            Claim("with patience", "9", measures.value("patient"), at_least(9.0), full=True),
        ),
        steps=(Procedure("counting", {"how": "short"}),),
        seconds=60,
        seeds=3,
        mnist=False,
        full=(Procedure("counting", {"how": "long"}),),
        full_seconds=120,
    )


@pytest.fixture
def entries(monkeypatch, counted):
    """The command line knows two entries only: R1, and R2 with MNIST."""
    known = {"R1": counted, "R2": dataclasses.replace(counted, id="R2", mnist=True)}
    monkeypatch.setattr("shinso.reproduce.ENTRIES", known)
    monkeypatch.setattr("shinso.reproduce._runner.ENTRIES", known)
    assert len(ENTRIES) > 40
    return known
