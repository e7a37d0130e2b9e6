"""What a new user tries with training: stopping it from outside, the history as a table, data of other machines."""

import equinox as eqx
import jax
import numpy as np
import pandas as pd
import polars as pl
import pytest

import shinso
from shinso import nn
from shinso.objectives import Objective, likelihood
from shinso.training import Ensemble
from shinso.training._scores import evaluate_numbers

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 5))
Y = (X[:, 0] > 0).astype(int)
OBJECTIVE = Objective(likelihood("categorical"))


def model():
    return nn.network("linear", (5,), 2, key=jax.random.key(0))


def test_the_history_is_a_table():
    history = shinso.train(model(), OBJECTIVE, (X, Y), epochs=2).history
    assert pd.DataFrame(history)["epoch"].tolist() == [1, 2]
    assert pl.DataFrame(list(history)).columns == history.columns


def test_what_listens_can_end_training(tmp_path):
    def listen(event):
        raise StopIteration

    run = shinso.train(model(), OBJECTIVE, (X, Y), epochs=7, progress=listen, folder=tmp_path / "run")
    assert (run.stop.reason, run.stop.epoch) == ("stopped", 0)
    assert "stopped by what listens" in shinso.load(tmp_path / "run").stop.message


def test_a_run_is_told_in_a_line():
    run = shinso.train(model(), OBJECTIVE, (X, Y), epochs=1)
    assert repr(run) == "Run(linear on 40 examples of 'arrays', 1 epoch)"
    assert repr(Ensemble((run, run))) == f"Ensemble(2 × {run!r})"


def test_the_other_byte_order():
    runs = [shinso.train(model(), OBJECTIVE, (x, y), epochs=1) for x, y in ((X, Y), (X.astype(">f8"), Y.astype(">i4")))]
    assert runs[0].history["loss"] == runs[1].history["loss"]


def test_a_module_for_one_example_is_named():
    module = eqx.nn.Linear(5, 2, key=jax.random.key(0))
    with pytest.raises(TypeError, match=r"a module for one example is shinso.nn.PerExample\(module\)"):
        shinso.train(module, OBJECTIVE, (X[:7], Y[:7]), epochs=1)


def test_scores_of_targets_that_hardly_vary_are_none():
    found = evaluate_numbers(np.array([[1.0], [1.0 + 1e-7]]), np.array([[0.5], [0.9]]), 0.0)
    assert np.isnan(found.score)
    assert np.isnan(found.interval).all()
    assert found.metrics["rmse"] == pytest.approx(0.36, abs=0.01)
    assert evaluate_numbers(np.array([[1.0], [2.0]]), np.array([[1.0], [3.0]]), 0.0).score == -1


def test_names_of_the_package():
    assert {"train", "read_table", "data", "__version__"} <= set(dir(shinso))
    assert not {"importlib", "Any", "lazily"} & set(dir(shinso))
