"""The bar on narrow terminals, several listeners, and the trackers of others."""

import io
import math
import struct
import sys
from types import SimpleNamespace

import jax
import numpy as np
import pytest
from rich.console import Console

import shinso
from shinso import nn, objectives
from shinso.training import Event, ProgressBar, metrics_in_words, tracker, train

ROW = {
    "epoch": 7,
    "step": 700,
    "seconds": 1.0,
    "loss": 0.123456,
    "accuracy": 0.98765,
    "validation_loss": 0.23456,
    "validation_accuracy": 0.97654,
}
EVENT = Event(700, 5000, 7, 50, (ROW,), 1.0, 12.0, 75.0)


def shown(width: int, terminal: bool = True) -> tuple[str, str]:
    """Return the line that stands on a terminal of that width, and what was written where there is none."""
    file = io.StringIO()
    with ProgressBar(Console(file=file, force_terminal=terminal, width=width)) as bar:
        for epoch in range(51):
            bar(Event(100 * epoch, 5000, epoch, 50, (ROW,), 1.0, 12.0, 75.0))
        bar(EVENT)
        line = io.StringIO()
        Console(file=line, width=200).print(bar._bar.get_renderable())
    return line.getvalue().rstrip("\n"), file.getvalue()


@pytest.mark.parametrize("width", [60, 80, 100, 160])
def test_epoch_bar_and_time_stand_on_every_terminal(width):
    line = shown(width)[0]
    assert len(line.splitlines()) == 1
    assert len(line.rstrip()) <= width - 3
    for part in ("epoch 8/50", "━", "0:00:0", "75 s left"):
        assert part in line
    assert ("validation loss 0.2346" in line) == (width >= 80)
    assert ("loss 0.1235" in line) == (width == 160)


def test_metrics_give_way_last_of_all_those_of_validation():
    told = "loss 0.1235  accuracy 0.9877  validation loss 0.2346  validation accuracy 0.9765"
    assert metrics_in_words(ROW) == told
    assert metrics_in_words(ROW, len(told)) == told
    assert metrics_in_words(ROW, len(told) - 1) == "loss 0.1235  validation loss 0.2346  validation accuracy 0.9765"
    assert metrics_in_words(ROW, 25) == "validation loss 0.2346"
    assert metrics_in_words(ROW, 5) == ""


def test_piped_there_is_a_line_an_epoch_at_most():
    lines = shown(80, terminal=False)[1].splitlines()
    assert 1 <= len(lines) <= 11
    assert all(line.startswith("epoch ") for line in lines)


@pytest.fixture
def learn():
    random = np.random.default_rng(0)
    X, y = random.normal(size=(40, 3)).astype(np.float32), random.integers(2, size=40)
    model = nn.mlp(3, 2, (4,), key=jax.random.key(0))
    cost = shinso.Objective(objectives.likelihood("categorical"))
    return lambda progress, epochs=3: train(model, cost, (X, y), epochs=epochs, batch_size=10, progress=progress)


def test_all_listeners_hear_everything_and_any_may_end_it(learn, tmp_path):
    heard: list[Event] = []
    with tracker("tensorboard", "own", folder=tmp_path) as sent:
        run = learn([heard.append, sent, False])
    assert [row["epoch"] for event in heard for row in event.rows] == [1, 2, 3]
    losses = [value for name, step, value in scalars(tmp_path / "tensorboard" / "own") if name == "loss"]
    np.testing.assert_allclose(losses, run.history["loss"], rtol=1e-6)

    def impatient(event: Event) -> None:
        raise StopIteration

    before = len(heard)
    assert learn([impatient, heard.append], 2000).stop.reason == "stopped"
    assert len(heard) > before


def scalars(folder) -> list[tuple[str, int, float]]:
    """Read TensorBoard's event files: records of length, checksum, event, checksum."""
    from tensorboardX.proto.event_pb2 import Event as Written

    found = []
    for path in sorted(folder.glob("events*")):
        content, at = path.read_bytes(), 0
        while at < len(content):
            (length,) = struct.unpack("<Q", content[at : at + 8])
            written = Written.FromString(content[at + 12 : at + 12 + length])
            found += [
                (value.tag, written.step, value.simple_value)
                for value in written.summary.value
                if value.HasField("simple_value")
            ]
            at += length + 16
    return found


def test_tensorboard_gets_rows_settings_and_scores(tmp_path):
    with tracker("tensorboard", "digits-1", {"epochs": 50, "l1": None}, folder=tmp_path) as sent:
        sent(EVENT)
        sent.log({"test_accuracy": 0.5, "test_loss": math.nan})
    found = scalars(tmp_path / "tensorboard" / "digits-1")
    names = {name for name, _, _ in found}
    assert names == {*ROW, "test_accuracy"} - {"epoch"}
    assert {step for _, step, _ in found} == {7}
    assert next(value for name, _, value in found if name == "validation_loss") == pytest.approx(0.23456)
    written = b"".join(path.read_bytes() for path in (tmp_path / "tensorboard" / "digits-1").iterdir())
    assert b"epochs = 50" in written
    assert b"l1" not in written


def test_nothing_is_opened_before_the_first_event(tmp_path):
    with tracker("tensorboard", "none", folder=tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["wandb", "trackio"])
def test_runs_of_others_get_rows_settings_and_an_end(monkeypatch, kind):
    told = []
    run = SimpleNamespace(
        log=lambda numbers, step: told.append((step, numbers["loss"])), finish=lambda: told.append("end")
    )
    made = SimpleNamespace(init=lambda **options: told.append(options) or run)
    monkeypatch.setitem(sys.modules, kind, made)
    with tracker(kind, "digits-1", {"epochs": 50}) as sent:
        sent(EVENT)
    assert told == [{"project": "shinso", "name": "digits-1", "config": {"epochs": 50}}, (7, ROW["loss"]), "end"]


def test_mlflow_gets_rows_settings_and_an_end(monkeypatch):
    told = []
    made = SimpleNamespace(
        set_experiment=told.append,
        start_run=lambda *, run_name: told.append(run_name),
        log_params=told.append,
        log_metrics=lambda numbers, step: told.append((step, numbers["loss"])),
        end_run=lambda: told.append("end"),
    )
    monkeypatch.setitem(sys.modules, "mlflow", made)
    with tracker("mlflow", "digits-1", {"epochs": 50}) as sent:
        sent(EVENT)
    assert told == ["shinso", "digits-1", {"epochs": 50}, (7, ROW["loss"]), "end"]


def test_a_package_that_is_missing_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(ImportError, match=r"wandb needs the package wandb: pip install 'shinso\[wandb\]'\."):
        tracker("wandb", "digits-1")
    with pytest.raises(ValueError, match="tracker must be"):
        tracker("notebook", "digits-1")
