"""Run folders: what is stored comes back, what is damaged is named, what is there is never lost."""

import json
import os
import shutil
import signal
import warnings

import equinox as eqx
import jax
import numpy as np
import pytest

import shinso
from shinso import Stopping, _files, _stretches, nn
from shinso._manifest import commit
from shinso.training import Run
from shinso.training import _session as train_module

SETTINGS = {"epochs": 6, "batch_size": 8, "optimizer": "adam", "learning_rate": 0.05}


@pytest.fixture(scope="module")
def stored(table, objective, tmp_path_factory):
    """A run trained with early stopping, with an evaluation, and its folder."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    model = nn.mlp(3, 2, (4,), activation="tanh", key=jax.random.key(0))
    stopping = Stopping("validation_loss", 3)
    run = shinso.train(
        model, objective, table[0], validation=table[1], stopping=stopping, folder=folder, **SETTINGS
    )  # fmt: skip
    run.evaluate(*table[1], name="test")
    run.save(folder)
    return run, folder


@pytest.fixture
def copy(stored, tmp_path):
    """A copy of the stored folder that a test may spoil."""
    return shutil.copytree(stored[1], tmp_path / "run")


def test_a_stored_run_comes_back(stored, table):
    run, folder = stored
    assert sorted(path.name for path in folder.iterdir()) == [
        "SHA256SUMS", "checkpoint.safetensors", "history.csv", "model.safetensors", "probes.csv", "run.json",
    ]  # fmt: skip
    back = shinso.load(folder)
    np.testing.assert_array_equal(back.outputs(table[0][0]), run.outputs(table[0][0]))
    assert back.history.rows == run.history.rows
    assert json.dumps(back.to_dict()) == json.dumps(run.to_dict())
    assert back.evaluations["test"] == run.evaluations["test"]
    assert (back.folder, back.stop) == (folder, run.stop)


def test_what_json_lacks_comes_back(stored, tmp_path):
    run, _ = stored
    odd = Run(**{**vars(run), "data": {**run.data, "least": -np.inf, "count": np.int64(3), "odd": np.float32("nan")}})
    odd.folder = None
    back = shinso.load(odd.save(tmp_path / "odd"))
    assert back.data["least"] == -np.inf
    assert back.data["count"] == 3
    assert np.isnan(back.data["odd"])


def test_a_model_of_ones_own_needs_its_structure(table, objective, tmp_path):
    linear = nn.PerExample(eqx.nn.Linear(3, 2, key=jax.random.key(0)))
    run = shinso.train(linear, objective, table[0], folder=tmp_path / "own", **SETTINGS)
    with pytest.raises(
        ValueError, match=r"stores a model of your own making; pass one of the same structure as model=…"
    ):
        shinso.load(tmp_path / "own")
    other = nn.PerExample(eqx.nn.Linear(3, 2, key=jax.random.key(9)))
    back = shinso.load(tmp_path / "own", model=other)
    np.testing.assert_array_equal(back.outputs(table[0][0]), run.outputs(table[0][0]))
    wider = nn.PerExample(eqx.nn.Linear(4, 2, key=jax.random.key(9)))
    with pytest.raises(ValueError, match=r"does not belong to this model: module.weight is \(2, 3\), not \(2, 4\)"):
        shinso.load(tmp_path / "own", model=wider)
    with pytest.raises(ValueError, match="does not belong to this model: '.*' is in only one of them"):
        shinso.load(tmp_path / "own", model=nn.mlp(3, 2, (), key=jax.random.key(0)))


def rewrite(folder, change):
    """Change run.json and the list that would give the change away."""
    plain = json.loads((folder / "run.json").read_text())
    change(plain)
    commit(folder, {"run.json": json.dumps(plain).encode()})


SPOILED = [
    (shutil.rmtree, FileNotFoundError, "is not a run folder: it does not exist"),
    (lambda f: (f / "run.json").unlink(), FileNotFoundError, "holds an unfinished run: .*; resume it"),
    (lambda f: [path.unlink() for path in f.iterdir()], FileNotFoundError, "is not a run folder: it has no run.json"),
    (lambda f: (f / "model.safetensors").unlink(), FileNotFoundError, "model.safetensors is missing"),
    (lambda f: os.truncate(f / "run.json", 100), ValueError, "run.json is damaged"),
    (lambda f: commit(f, {"run.json": b"[1, 2]"}), ValueError, "run.json is not the description of a run"),
    (lambda f: commit(f, {"run.json": b"\xff\xfe\x00"}), ValueError, "run.json is damaged"),
    (lambda f: os.truncate(f / "model.safetensors", 100), ValueError, "model.safetensors is damaged or was changed"),
    (lambda f: rewrite(f, lambda p: p.update(format=99)), ValueError, "has format 99, made by a newer shinso"),
    (lambda f: rewrite(f, lambda p: p.pop("stop")), ValueError, "run.json is damaged: stop: Field required"),
    (
        lambda f: rewrite(f, lambda p: p["model"].update(builder="os.system")),
        ValueError, "builder must be one of",
    ),
    (lambda f: flip_last_byte(f / "model.safetensors"), ValueError, "is not the file that SHA256SUMS describes"),
]  # fmt: skip


def flip_last_byte(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(("spoil", "error", "sentence"), SPOILED)
def test_a_spoiled_folder_gets_one_sentence(copy, spoil, error, sentence):
    spoil(copy)
    with pytest.raises(error, match=sentence) as caught:
        shinso.load(copy)
    assert "\n" not in str(caught.value)


def test_a_file_is_not_a_run_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileNotFoundError, match="is not a run folder: it is a file"):
        shinso.load(tmp_path / "file")


def test_nothing_saved_is_overwritten(stored, table, objective, model, copy):
    before = {path.name: path.read_bytes() for path in copy.iterdir()}
    with pytest.raises(FileExistsError, match="already holds a run; choose a new folder, or resume it"):
        shinso.train(model, objective, table[0], folder=copy, **SETTINGS)
    with pytest.raises(FileExistsError, match="already holds a run"):
        stored[0].save(copy)
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == before
    with pytest.raises(FileExistsError, match="run.json is a file; choose a new folder"):
        shinso.train(model, objective, table[0], folder=copy / "run.json", **SETTINGS)


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file"
    _files.write_atomically(path, b"old")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        _files.write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def interrupted_at(step):
    def listen(event):
        if event.step >= step:
            os.kill(os.getpid(), signal.SIGINT)

    return listen


@pytest.mark.parametrize("step", [1, 9, 10, 17])
def test_resumed_training_gives_the_same_bits(table, objective, model, tmp_path, monkeypatch, step):
    monkeypatch.setattr(_stretches, "SECONDS", 1e-9)
    noisy = nn.mlp(3, 2, (8,), dropout=0.3, key=jax.random.key(2))
    stopping = Stopping("validation_loss", 100)
    arguments = {"validation": table[1], "stopping": stopping, **SETTINGS}
    whole = shinso.train(noisy, objective, table[0], **arguments)
    folder = tmp_path / "run"
    part = shinso.train(noisy, objective, table[0], folder=folder, progress=interrupted_at(step), **arguments)
    assert (part.stop.reason, part.stop.step) == ("interrupted", step)
    rest = shinso.train(noisy, objective, table[0], folder=folder, resume=True, **arguments)
    assert rest.stop == whole.stop
    np.testing.assert_array_equal(rest.outputs(table[0][0]), whole.outputs(table[0][0]))
    assert [{**row, "seconds": 0} for row in rest.history.rows] == [{**row, "seconds": 0} for row in whole.history.rows]
    assert shinso.load(folder).stop == whole.stop


def test_a_finished_run_can_be_given_more_epochs(table, objective, model, tmp_path):
    longer = {**SETTINGS, "epochs": 9}
    whole = shinso.train(model, objective, table[0], **longer)
    shinso.train(model, objective, table[0], folder=tmp_path / "run", **SETTINGS)
    rest = shinso.train(model, objective, table[0], folder=tmp_path / "run", resume=True, **longer)
    np.testing.assert_array_equal(rest.outputs(table[0][0]), whole.outputs(table[0][0]))
    assert len(rest.history) == 9


def test_a_checkpoint_of_something_else_is_refused(stored, copy, table, objective):
    model = nn.mlp(3, 2, (4,), activation="tanh", key=jax.random.key(0))
    arguments = {
        "validation": table[1],
        "stopping": Stopping("validation_loss", 3),
        "folder": copy,
        "resume": True,
        **SETTINGS,
    }
    wider = nn.mlp(3, 2, (5,), activation="tanh", key=jax.random.key(0))
    other = (table[0][0] + 1, table[0][1])
    for network, data, changed, sentence in [
        (model, table[0], {"learning_rate": 0.1}, "was made with another optimizer"),
        (model, table[0], {"seed": 1}, "was made with another seed: 0, now 1"),
        (model, other, {}, "was made with another data: "),
        (wider, table[0], {}, "does not belong to this model"),
    ]:
        with pytest.raises(ValueError, match=sentence):
            shinso.train(network, objective, data, **{**arguments, **changed})
    os.truncate(copy / "checkpoint.safetensors", 200)
    with pytest.raises(ValueError, match="checkpoint.safetensors is damaged or was changed"):
        shinso.train(model, objective, table[0], **arguments)
    (copy / "checkpoint.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match="checkpoint.safetensors is missing"):
        shinso.train(model, objective, table[0], **arguments)


def test_checkpoints_come_as_often_as_asked(table, objective, model, tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(_stretches, "SECONDS", 1e-9)
    monkeypatch.setattr(train_module, "write_checkpoint", lambda folder, at, *rest: written.append(int(at.state.step)))
    shinso.train(model, objective, table[0], folder=tmp_path / "run", checkpoint_seconds=0, **SETTINGS)
    assert written == [*range(1, 19), 18]


def test_a_folder_that_cannot_be_written_is_met_before_training(table, objective, model, tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError):
        shinso.train(model, objective, table[0], folder=tmp_path / "run", **SETTINGS)


def test_a_run_that_is_not_finite_is_stored_all_the_same(table, objective, model, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", shinso.TrainingWarning)
        run = shinso.train(
            model,
            objective,
            table[0],
            folder=tmp_path / "run",
            **{**SETTINGS, "optimizer": "sgd", "learning_rate": 1e30},
        )
    back = shinso.load(tmp_path / "run")
    assert back.stop == run.stop
    assert np.isfinite(back.outputs(table[0][0])).all()
