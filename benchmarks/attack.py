"""Attacks on run folders: a disk that is full at any call of saving, files whose content has changed.

    python benchmarks/attack.py --mutations 5000 --seed 0

Prints how often each attack was made and what became of it; ends with an error where a folder came out that nobody can
trust: a mixture of old and new files, damage that was not found, or an error that is more than one sentence.
"""

import argparse
import contextlib
import copy
import json
import os
import shutil
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

EPOCHS = 60
NASTY: list[Any] = [None, [], {}, "", "x", -1, 0, 1.5, 10**400, True, [[1]], {"float": "x"}, {"float": None}, "\ud7ff"]


def train(folder: Path | None = None, *, resume: bool = False, progress: Any = False) -> Any:
    """One training, always the same: 22 examples, a 3-4-2 network with dropout, a checkpoint after every stretch."""
    import jax

    import shinso
    from shinso import nn, objectives

    random = np.random.default_rng(0)
    X = random.normal(size=(22, 3)).astype(np.float32)
    y = (X @ [1.0, -2.0, 0.5] > 0).astype(np.int32)
    model = nn.mlp(3, 2, (4,), dropout=0.2, key=jax.random.key(0))
    objective = shinso.Objective(objectives.likelihood("categorical"))
    settings = {
        "epochs": EPOCHS,
        "batch_size": 8,
        "validation": (X, y),
        "checkpoint_seconds": 0.0,
        "progress": progress,
    }
    return shinso.train(model, objective, (X, y), folder=folder, resume=resume, **settings)


def bits(model: Any) -> bytes:
    """All parameters of a model."""
    import jax

    return b"".join(np.asarray(leaf).tobytes() for leaf in jax.tree.leaves(model) if hasattr(leaf, "dtype"))


def stage_of(folder: Path) -> str:
    """How far a killed training had come."""
    from shinso.training import CHECKPOINT, RUN, is_unstarted

    if is_unstarted(folder):
        return "before the first checkpoint"
    ended = any((folder / name).exists() for name in (RUN, "ensemble.json"))
    return "after the end" if ended else f"with a {CHECKPOINT}"


def left_over(folder: Path) -> list[str]:
    """Files that an unfinished write has left."""
    return [path.name for path in folder.rglob("*") if path.name.startswith(".") or path.name.endswith(".staged")]


class FullDisk:
    """Makes the n-th call that needs space, and every later one where `stays`, fail as on a full disk."""

    def __init__(self, call: int, *, stays: bool) -> None:
        self.call, self.stays, self.calls = call, stays, 0

    def _tick(self) -> bool:
        self.calls += 1
        return self.calls == self.call or (self.stays and self.calls > self.call)

    @contextlib.contextmanager
    def here(self) -> Iterator[None]:
        """Be full while active."""
        before = {name: getattr(os, name) for name in ("fsync", "replace", "fdopen")}

        def failing(work: Callable[..., Any]) -> Callable[..., Any]:
            def call(*arguments: Any, **settings: Any) -> Any:
                if self._tick():
                    raise OSError(28, "No space left on device")
                return work(*arguments, **settings)

            return call

        def opened(*arguments: Any, **settings: Any) -> Any:
            file = before["fdopen"](*arguments, **settings)
            return _FullFile(file, self._tick)

        os.fsync, os.replace, os.fdopen = failing(before["fsync"]), failing(before["replace"]), opened
        try:
            yield
        finally:
            os.fsync, os.replace, os.fdopen = before["fsync"], before["replace"], before["fdopen"]


class _FullFile:
    def __init__(self, file: Any, full: Callable[[], bool]) -> None:
        self._file, self._full = file, full

    def __enter__(self) -> "_FullFile":
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def write(self, content: bytes) -> None:
        """Write half of it where there is no more space."""
        if self._full():
            self._file.write(content[: len(content) // 2])
            raise OSError(28, "No space left on device")
        self._file.write(content)

    def flush(self) -> None:
        """Flush."""
        self._file.flush()

    def fileno(self) -> int:
        """The descriptor."""
        return int(self._file.fileno())


def full_disk(save: Callable[[Path], object], old: Path, read: Callable[[Path], bytes], within: Path) -> Counter[str]:
    """Save over a stored run while the disk fills up, at each call in turn: what is there is old or new, as a whole.

    Args:
        save: stores the new run in a folder.
        old: the folder of the old one.
        read: loads a folder and returns all that matters of it.
        within: where copies are made.
    """
    found: Counter[str] = Counter()
    whole = shutil.copytree(old, within / "whole")
    save(whole)
    states = {read(old): "old", read(whole): "new"}
    assert len(states) == 2
    for stays in (False, True):
        call = 0
        while True:
            call += 1
            folder = shutil.copytree(old, within / f"full-{stays}-{call}")
            disk = FullDisk(call, stays=stays)
            with disk.here(), contextlib.suppress(OSError):
                save(folder)
            if disk.calls < call:
                break
            state = states.get(read(folder))
            assert state is not None, f"a mixture of old and new after call {call}"
            found[state] += 1
            save(folder)
            assert states[read(folder)] == "new"
            assert not left_over(folder)
    return found


def flipped_bits(folder: Path, names: list[str], times: int, random: np.random.Generator) -> Counter[str]:
    """Flip a bit of a file at a time; reading it must say so."""
    from shinso._manifest import read_listed

    found: Counter[str] = Counter()
    for _ in range(times):
        name = str(random.choice(names))
        path = folder / name
        content = path.read_bytes()
        spoiled = bytearray(content)
        spoiled[random.integers(len(content))] ^= 1 << int(random.integers(8))
        path.write_bytes(spoiled)
        try:
            read_listed(folder, name)
        except ValueError as error:
            found[f"found in {name}"] += "\n" not in str(error)
        else:
            raise AssertionError(f"a flipped bit in {name} was not found")
        finally:
            path.write_bytes(content)
    return found


def mutations(folder: Path, times: int, random: np.random.Generator) -> Counter[str]:
    """Put nasty values into run.json and history.csv, their digests made right: one sentence, or a run that loads."""
    import shinso
    from shinso._manifest import commit

    found: Counter[str] = Counter()
    plain = json.loads((folder / "run.json").read_text())
    history = (folder / "history.csv").read_text()
    for _ in range(times):
        if random.random() < 0.2:
            lines = history.splitlines()
            place = int(random.integers(len(lines)))
            cells = lines[place].split(",")
            cells[random.integers(len(cells))] = str(
                random.choice(["", "x", "1e999", "9" * 5000, "\0", '"', ",", "−1"])
            )
            lines[place] = ",".join(cells)
            files = {"history.csv": "\n".join(lines).encode(), "run.json": json.dumps(plain).encode()}
        else:
            files = {"run.json": mutated(plain, random), "history.csv": history.encode()}
        commit(folder, files)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                shinso.load(folder)
        except (ValueError, FileNotFoundError) as error:
            found_wanting(str(error), folder)
            found["one sentence"] += 1
        else:
            found["loads"] += 1
    commit(folder, {"run.json": json.dumps(plain).encode(), "history.csv": history.encode()})
    return found


def found_wanting(said: str, folder: Path) -> None:
    """Raise if an error is more than a sentence, or does not name where."""
    if "\n" in said or str(folder) not in said:
        raise AssertionError(f"not one sentence that names the file: {said}")


def mutated(plain: dict[str, Any], random: np.random.Generator) -> bytes:
    """run.json with a value somewhere replaced or taken away, or with a text that is no JSON."""
    odd = random.random()
    if odd < 0.05:
        return b'{"format": 1, "model": ' + b"[" * 100_000
    if odd < 0.1:
        return b'{"format": 1, "seed": ' + b"9" * 100_000 + b"}"
    if odd < 0.15:
        return json.dumps(plain).encode("utf-16")
    if odd < 0.2:
        return json.dumps(plain).encode()[: int(random.integers(1, 500))]
    changed = copy.deepcopy(plain)
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        keys = node.keys() if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
        for key in keys:
            places.append((node, key))
            walk(node[key])

    walk(changed)
    node, key = places[random.integers(len(places))]
    if random.random() < 0.2:
        del node[key]
    else:
        node[key] = NASTY[random.integers(len(NASTY))]
    return json.dumps(changed).encode()


def stored_twice(within: Path) -> tuple[Path, Callable[[Path], object], Callable[[Path], bytes]]:
    """A stored run, what stores another over it, and what reads either."""
    import dataclasses

    import jax

    import shinso

    run = train(within / "old")
    other = jax.tree.map(lambda leaf: leaf + 1 if hasattr(leaf, "dtype") else leaf, run.model)
    later = dataclasses.replace(run, model=other, seed=run.seed + 1)

    def save(folder: Path) -> object:
        return dataclasses.replace(later, folder=folder).save(folder)

    def read(folder: Path) -> bytes:
        found = shinso.load(folder)
        return bits(found.model) + str(found.seed).encode()

    return within / "old", save, read


def main() -> None:
    """Make all attacks and print their counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--mutations", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    random = np.random.default_rng(options.seed)
    with tempfile.TemporaryDirectory() as name:
        within = Path(name)
        old, save, read = stored_twice(within)
        files = ["run.json", "history.csv", "model.safetensors", "checkpoint.safetensors"]
        for what, counts in (
            ("disk full", full_disk(save, old, read, within)),
            ("flipped bit", flipped_bits(old, files, options.mutations, random)),
            ("changed value", mutations(old, options.mutations, random)),
        ):
            print(f"{what}: " + ", ".join(f"{n} {outcome}" for outcome, n in sorted(counts.items())), flush=True)


if __name__ == "__main__":
    main()
