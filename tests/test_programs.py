"""Compiled programs on disk: where they are kept, who is trusted, and what happens to broken ones."""

import os
import subprocess
import sys
import zlib
from pathlib import Path

import jax
import pytest

from shinso import _programs


@pytest.fixture
def configuration(monkeypatch, tmp_path):
    """JAX without a cache of its own, and a home for shinso's; everything is put back afterwards."""
    names = ("jax_compilation_cache_dir", "jax_persistent_cache_min_compile_time_secs")
    before = {name: getattr(jax.config, name) for name in names}
    jax.config.update("jax_compilation_cache_dir", None)
    monkeypatch.setenv("SHINSO_COMPILATION_CACHE", "")
    monkeypatch.setattr(_programs.platformdirs, "user_cache_path", lambda name: tmp_path / "cache" / name)
    yield jax.config
    for name, value in before.items():
        jax.config.update(name, value)


def used(configuration) -> Path | None:
    _programs.keep_programs()
    folder = configuration.jax_compilation_cache_dir
    return None if folder is None else Path(folder)


def test_the_users_cache_folder(configuration, tmp_path):
    folder = used(configuration)
    assert folder.parent == tmp_path / "cache" / "shinso" / "programs"
    assert jax.lib.__version__ in folder.name
    assert folder.stat().st_mode & 0o777 == 0o700
    assert configuration.jax_persistent_cache_min_compile_time_secs < 0.1 or os.environ.get(
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"
    )


@pytest.mark.parametrize("word", ["off", "OFF", "0", " no "])
def test_off(configuration, monkeypatch, tmp_path, word):
    monkeypatch.setenv("SHINSO_COMPILATION_CACHE", word)
    assert used(configuration) is None
    assert not list(tmp_path.iterdir())


def test_a_path(configuration, monkeypatch, tmp_path):
    monkeypatch.setenv("SHINSO_COMPILATION_CACHE", str(tmp_path / "here"))
    assert used(configuration).parent == tmp_path / "here"


def test_jaxs_own_cache_is_used_as_it_is(configuration, tmp_path):
    configuration.update("jax_compilation_cache_dir", str(tmp_path / "own"))
    assert used(configuration) == tmp_path / "own"
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no owners and rights as POSIX has them")
@pytest.mark.parametrize("rights", [0o770, 0o707])
def test_a_folder_that_others_can_write_is_not_used(configuration, monkeypatch, tmp_path, rights):
    monkeypatch.setenv("SHINSO_COMPILATION_CACHE", str(tmp_path / "open"))
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(rights)
    with pytest.warns(UserWarning, match="others can write to it"):
        assert used(configuration) is None


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no owners and rights as POSIX has them")
def test_a_folder_of_somebody_else_is_not_used(configuration, monkeypatch, tmp_path):
    monkeypatch.setenv("SHINSO_COMPILATION_CACHE", str(tmp_path))
    monkeypatch.setattr(os, "getuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.warns(UserWarning, match="others can write to it"):
        assert used(configuration) is None


def test_a_folder_that_cannot_be_made_is_no_error(configuration, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SHINSO_COMPILATION_CACHE", str(tmp_path / "file" / "folder"))
    assert used(configuration) is None


def test_broken_programs_are_removed_once(configuration):
    folder = used(configuration)
    packed = zlib.compress(b"a program" * 1000)
    broken = {"half": packed[:-9], "empty": b"", "foreign": b"GIF89a", "flipped": packed[:20] + b"\0" + packed[21:]}
    for name, content in {"whole": packed, **broken}.items():
        (folder / f"{name}-cache").write_bytes(content)
    configuration.update("jax_compilation_cache_dir", None)
    assert used(configuration) == folder
    assert [entry.name for entry in folder.glob("*-cache")] == ["whole-cache"]


def test_the_oldest_make_room(configuration, monkeypatch, tmp_path):
    folder = used(configuration)
    old = folder.parent / "jaxlib-0.0.1-other"
    old.mkdir()
    for age, place in enumerate((old, folder, folder)):
        entry = place / f"{age}-cache"
        entry.write_bytes(zlib.compress(os.urandom(900)))
        os.utime(entry, (1000 + age, 1000 + age))
    monkeypatch.setattr(_programs, "LIMIT", 2500)
    configuration.update("jax_compilation_cache_dir", None)
    used(configuration)
    assert [entry.name for entry in sorted(folder.parent.glob("*/*-cache"))] == ["1-cache", "2-cache"]


SCRIPT = """
import jax, jax.numpy as jnp
from shinso._fork import computing
events = []
jax.monitoring.register_event_listener(lambda name, **_: events.append(name.rpartition("/")[2]))
computing()
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
print(jax.jit(lambda x: jnp.tanh(x @ x).sum())(jnp.eye(5)), events.count("cache_hits"))
"""


def test_two_processes(tmp_path):
    """The second loads what the first compiled; one that was broken meanwhile is compiled without a word."""
    unset = ("TF_CPP_MIN_LOG_LEVEL", "JAX_COMPILATION_CACHE_DIR", "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS")
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    environment["SHINSO_COMPILATION_CACHE"] = str(tmp_path / "kept")

    def run() -> list[str]:
        command = [sys.executable, "-W", "error", "-c", SCRIPT]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert done.stderr == ""
        return done.stdout.split()

    value, hits = run()
    assert hits == "0"
    again, hits = run()
    assert (again, hits > "0") == (value, True)
    for entry in tmp_path.glob("kept/*/*-cache"):
        entry.write_bytes(entry.read_bytes()[:-40])
    assert run() == [value, "0"]
    # As old as what has been looked at already: JAX meets it, and its warning is not shown.
    for entry in tmp_path.glob("kept/*/*-cache"):
        written = entry.stat().st_mtime_ns
        entry.write_bytes(b"odd")
        os.utime(entry, ns=(written - 10**10, written - 10**10))
    assert run() == [value, "0"]
