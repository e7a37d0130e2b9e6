"""The attacks of benchmarks/attack*.py on run folders, a few of each; and the failures found so far, one by one."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

import shinso
from shinso import _files, _manifest
from shinso._safetensors import from_safetensors, to_safetensors
from shinso.training import is_unstarted

SETTINGS = {"epochs": 3, "batch_size": 8, "optimizer": "adam", "learning_rate": 0.05}


@pytest.fixture(scope="module")
def attack():
    """The script as a module."""
    path = Path(__file__).resolve().parents[2] / "benchmarks" / "attack.py"
    spec = importlib.util.spec_from_file_location("attack", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.EPOCHS = 5
    return module


@pytest.fixture(scope="module")
def stored(attack, tmp_path_factory):
    within = tmp_path_factory.mktemp("attack")
    return within, *attack.stored_twice(within)


def test_a_full_disk_leaves_the_old_run_or_the_new_one(attack, stored):
    within, old, save, read = stored
    found = attack.full_disk(save, old, read, within)
    assert found["old"] > 10
    assert found["new"] > 2


def test_a_flipped_bit_is_found(attack, stored):
    _, old, *_ = stored
    files = ["run.json", "history.csv", "model.safetensors", "checkpoint.safetensors"]
    found = attack.flipped_bits(old, files, 40, np.random.default_rng(0))
    assert sum(found.values()) == 40


def test_nasty_values_get_one_sentence(attack, stored):
    _, old, *_ = stored
    found = attack.mutations(old, 60, np.random.default_rng(0))
    assert found["one sentence"] > 20


def said_by(script, *options):
    """What a script of the benchmarks prints; it must come to its end."""
    folder = Path(__file__).resolve().parents[2] / "benchmarks"
    command = [sys.executable, folder / script, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "strace cannot attach" in done.stderr:
        pytest.skip("strace may not trace processes here")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs Linux")
def test_a_killed_training_goes_on_to_the_same_bits():
    assert said_by("attack_kills.py", "--times", "1", "--kinds", "1").startswith("killed: 1: ")


@pytest.mark.skipif(shutil.which("strace") is None, reason="there is no strace here")
def test_a_save_is_whole_whichever_system_call_fails_or_is_the_last():
    said = said_by("attack_saving.py", "--commands", "plain", "--every", "6")
    for outcome in ("ENOSPC old", "ENOSPC new", "EIO old", "EACCES old", "SIGKILL old", "SIGKILL new"):
        assert outcome in said


def killed_before_the_first_checkpoint(folder):
    """What a process leaves that is killed while it compiles, or while it writes its first checkpoint."""
    folder.mkdir()
    (folder / "settings.toml").write_text("source = 'digits'\n")
    (folder / ".checkpoint.safetensors.staged.999999999.ab_c12.tmp").write_bytes(b"half")
    (folder / "checkpoint.safetensors.staged").write_bytes(b"whole, but not listed")


def test_an_unstarted_run_is_resumed_or_begun_again(table, objective, model, tmp_path):
    whole = shinso.train(model, objective, table[0], **SETTINGS)
    for resume in (False, True):
        folder = tmp_path / f"{resume}"
        killed_before_the_first_checkpoint(folder)
        assert is_unstarted(folder)
        run = shinso.train(model, objective, table[0], folder=folder, resume=resume, **SETTINGS)
        np.testing.assert_array_equal(run.outputs(table[0][0]), whole.outputs(table[0][0]))
        assert not is_unstarted(folder)
        assert {path.name for path in folder.iterdir()} == {
            "SHA256SUMS", "checkpoint.safetensors", "history.csv", "model.safetensors", "probes.csv", "run.json",
            "settings.toml",
        }  # fmt: skip
    with pytest.raises(FileNotFoundError, match="is not a run folder: it does not exist"):
        shinso.train(model, objective, table[0], folder=tmp_path / "none", resume=True, **SETTINGS)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("")
    with pytest.raises(FileNotFoundError, match="checkpoint.safetensors is missing"):
        shinso.train(model, objective, table[0], folder=tmp_path / "mine", resume=True, **SETTINGS)


def test_what_others_are_writing_is_not_swept_away(tmp_path):
    alive = tmp_path / f".file.{os.getppid()}.abc.tmp"
    dead, other = tmp_path / ".file.999999999.abc.tmp", tmp_path / ".other.999999999.abc.tmp"
    own = tmp_path / f".file.{os.getpid()}.abc.tmp"  # of an earlier process that had this one's number
    for path in (alive, dead, other, own):
        path.write_text("")
    _files.write_atomically(tmp_path / "file", b"")
    assert {path.name for path in tmp_path.iterdir()} == {"file", alive.name, other.name}
    _files.sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"file", alive.name}


def test_a_commit_counts_from_the_moment_its_list_is_there(tmp_path, monkeypatch):
    _manifest.commit(tmp_path, {"a": b"old a", "b": b"old b"})
    replace = os.replace

    def killed(source, target):
        if str(target).endswith("/b"):
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        _manifest.commit(tmp_path, {"a": b"new a", "b": b"new b"})
    assert (tmp_path / "b").read_bytes() == b"old b"
    assert [_manifest.read_listed(tmp_path, name) for name in "ab"] == [b"new a", b"new b"]
    monkeypatch.undo()
    _manifest.commit(tmp_path, {"c": b"c"})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.name != "SHA256SUMS"} == {
        "a": b"new a", "b": b"new b", "c": b"c",
    }  # fmt: skip


def test_names_are_on_the_disk_before_the_list_counts_them(tmp_path, monkeypatch):
    done, replace, fsync = [], os.replace, os.fsync

    def noted(source, target):
        done.append(Path(target).relative_to(tmp_path).as_posix())
        replace(source, target)

    def flushed(descriptor):
        place = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        done.extend([f"{place.relative_to(tmp_path).as_posix()}/"] if place.is_dir() else [])
        fsync(descriptor)

    monkeypatch.setattr(os, "replace", noted)
    monkeypatch.setattr(os, "fsync", flushed)
    _manifest.commit(tmp_path / "run", {"a": b"a", "members/1/b": b"b"})
    listed = done.index("run/SHA256SUMS")
    assert {"./", "run/", "run/members/", "run/members/1/"} <= set(done[:listed])
    for path, inside in {"run/a.staged": "run/", "run/members/1/b.staged": "run/members/1/"}.items():
        assert inside in done[done.index(path) : listed]
    assert done[listed + 1] == "run/"


def test_the_list_is_that_of_sha256sum(tmp_path):
    _manifest.commit(tmp_path, {"empty": b""})
    digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert (tmp_path / "SHA256SUMS").read_text() == f"{digest}  empty\n"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"nonsense", "SHA256SUMS is damaged: line 1"),
        (b"\xff", "SHA256SUMS is damaged: 'utf-8'"),
        (b"0" * 64 + b"  ../../other\n", "SHA256SUMS is damaged: line 1"),
        (b"0" * 64 + b"  b\n", "a is damaged or was added by hand"),
    ],
)
def test_a_damaged_list_is_said(tmp_path, content, sentence):
    _manifest.commit(tmp_path, {"a": b"a"})
    (tmp_path / "SHA256SUMS").write_bytes(content)
    with pytest.raises(ValueError, match=sentence):
        _manifest.read_listed(tmp_path, "a")


def test_arrays_in_any_layout_are_stored_as_they_are():
    plain = np.arange(12, dtype=np.float32).reshape(3, 4)
    odd = {
        "transposed": plain.T,
        "strided": plain[:, ::2],
        "big-endian": plain.astype(">f4"),
        "scalar": np.float32(2.0) * np.ones(()),
        "fortran": np.asfortranarray(plain),
    }
    arrays, metadata = from_safetensors(to_safetensors(odd, {"a": "b"}), Path("here"))
    assert metadata == {"a": "b"}
    for name, array in odd.items():
        np.testing.assert_array_equal(arrays[name], array)
        assert arrays[name].shape == array.shape
    with pytest.raises(ValueError, match="here cannot be read"):
        from_safetensors(b"12345678 nothing", Path("here"))


def test_a_model_of_transposed_arrays_comes_back(table, objective, model, tmp_path):
    turned = jax.tree.map(lambda leaf: np.asarray(leaf).T.copy().T if hasattr(leaf, "dtype") else leaf, model)
    run = shinso.train(turned, objective, table[0], folder=tmp_path / "run", **SETTINGS)
    back = shinso.load(tmp_path / "run")
    np.testing.assert_array_equal(back.outputs(table[0][0]), run.outputs(table[0][0]))


def test_a_history_that_is_none_is_said(tmp_path, table, objective, model):
    folder = tmp_path / "run"
    shinso.train(model, objective, table[0], folder=folder, **SETTINGS)
    first = (folder / "history.csv").read_text().splitlines()[0]
    for content in (b"\xff\xfe", f"{first}\n1,2\n".encode(), f"{first}\n{',x' * 20}\n".encode(), b"a,b\n1,2,3\n"):
        _manifest.commit(folder, {"history.csv": content})
        with pytest.raises(ValueError, match="history.csv is damaged: ") as caught:
            shinso.load(folder)
        assert "\n" not in str(caught.value)


def test_a_description_is_checked_before_anything_is_made_of_it(tmp_path, table, objective, model):
    folder = tmp_path / "run"
    shinso.train(model, objective, table[0], folder=folder, **SETTINGS)
    plain = json.loads((folder / "run.json").read_text())
    for change, sentence in [
        ({"stop": {**plain["stop"], "epoch": "many"}}, "stop.epoch: Input should be a valid integer"),
        ({"timing": None}, "timing: Input should be"),
        ({"evaluations": {"test": {"n": 1}}}, "evaluations.test.score_name: Field required"),
        ({"model": {"builder": "mlp", "arguments": {"inputs": 10**40}}}, "run.json is damaged"),
    ]:
        _manifest.commit(folder, {"run.json": json.dumps({**plain, **change}).encode()})
        with pytest.raises(ValueError, match=sentence) as caught:
            shinso.load(folder)
        assert "\n" not in str(caught.value)
