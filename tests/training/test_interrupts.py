"""Signals at awkward moments of training, and processes forked after it."""

import os
import signal
import warnings

import numpy as np
import pytest

import shinso
from shinso.training import _session, cut_short
from shinso.tuning import find_learning_rate

SETTINGS = {"epochs": 6, "batch_size": 8, "optimizer": "adam", "learning_rate": 0.05}


@pytest.fixture
def while_compiling(monkeypatch):
    """Send signals while the program is compiled: the first call of `advance` asks for no step."""

    def send(*numbers):
        advance = _session.advance

        def compiling(*arguments):
            monkeypatch.setattr(_session, "advance", advance)
            for number in numbers:
                signal.raise_signal(number)
            return advance(*arguments)

        monkeypatch.setattr(_session, "advance", compiling)

    return send


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_signal_while_compiling_is_honoured_and_the_work_kept(
    number, while_compiling, table, objective, model, tmp_path
):
    whole = shinso.train(model, objective, table[0], **SETTINGS)
    while_compiling(number)
    run = shinso.train(model, objective, table[0], folder=tmp_path / "run", **SETTINGS)
    assert (run.stop.reason, run.stop.step) == ("interrupted", 0)
    assert cut_short(run)
    assert shinso.load(tmp_path / "run").stop == run.stop
    rest = shinso.train(model, objective, table[0], folder=tmp_path / "run", resume=True, **SETTINGS)
    np.testing.assert_array_equal(rest.outputs(table[0][0]), whole.outputs(table[0][0]))


def test_two_signals_while_compiling_end_at_once(while_compiling, table, objective, model, tmp_path):
    while_compiling(signal.SIGINT, signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        shinso.train(model, objective, table[0], folder=tmp_path / "run", **SETTINGS)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    run = shinso.train(model, objective, table[0], folder=tmp_path / "run", **SETTINGS)
    assert run.stop.reason == "epochs"


def test_an_interrupted_search_for_a_rate_suggests_none(table, objective, model, monkeypatch):
    def pressed(program, state, *rest):
        signal.raise_signal(signal.SIGINT)
        return state

    monkeypatch.setattr(_session, "advance_many", pressed)
    with pytest.raises(KeyboardInterrupt):
        find_learning_rate(model, objective, table[0], batch_size=8)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.parametrize("what", ["predict", "train", "evaluate", "laplace", "curvature", "read_table", "tune"])
def test_a_forked_process_says_that_it_cannot_compute(what, table, objective, model, tmp_path):
    run = shinso.train(model, objective, table[0], **SETTINGS)
    run.predict(table[0][0])
    (tmp_path / "a.csv").write_text("a,y\n1,2\n3,4\n")
    shinso.read_table(tmp_path / "a.csv")
    operator = shinso.curvature.hessian(run.model, objective, table[0])
    work = {
        "predict": lambda: run.predict(table[0][0]),
        "train": lambda: shinso.train(model, objective, table[0], **SETTINGS),
        "evaluate": lambda: run.evaluate(*table[0]),
        "laplace": lambda: shinso.laplace(run, table[0]),
        "curvature": lambda: shinso.curvature.dense(operator),
        "read_table": lambda: shinso.read_table(tmp_path / "a.csv"),
        "tune": lambda: shinso.tune(table[0], trials=1),
    }[what]
    read, write = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what JAX and Python say about forking
        child = os.fork()
    if child == 0:
        signal.alarm(60)  # rather than wait for ever
        try:
            work()
        except RuntimeError as error:
            os.write(write, str(error).encode())
        finally:
            os._exit(0)
    os.close(write)
    said = os.read(read, 10_000).decode()
    os.close(read)
    os.waitpid(child, 0)
    assert all(name in said for name in ("forked", "spawn", "forkserver", "loky"))
    run.predict(table[0][0])
