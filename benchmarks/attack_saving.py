"""Attacks on saving: every system call of every save fails in turn, or the process is killed there.

    python benchmarks/attack_saving.py                      # needs Linux and strace, which may trace
    python benchmarks/attack_saving.py --every 7
    python benchmarks/attack_saving.py --commands plain     # two small files, without any command

Training, resuming, tuning, a posterior and a report are done once, and each of their saves is kept: the folder before it,
and what was to be written. Each save is then done again in a process of its own under strace, which makes one system call on
the folder fail with ENOSPC, EIO or EACCES, or kills the process there. The folder must be the old or the new one in every
byte that is listed; a save that ended without an error must be there; the next save must succeed and leave nothing about.
Prints how many came to what; ends with an error at the first that did not.
"""

import argparse
import os
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import _forks
import numpy as np

from shinso._manifest import commit, read_listed, sums_of

CALLS = (
    "openat,mkdir,read,write,lseek,fsync,chmod,fchmod,rename,unlink,rmdir,getdents64,newfstatat,fstat,ftruncate,close"
)
CHANGING = ("openat", "mkdir", "write", "fsync", "chmod", "fchmod", "rename", "unlink", "rmdir", "close")
"""Before which a killed process can leave another state than before the last of them."""
FAULTS = ("SIGKILL", "ENOSPC", "EIO", "EACCES")
_LINE = re.compile(r"(?P<process>\d+) +(?P<call>\w+)\((?P<rest>.*)")
_SHORT = ("--target", "y", "--epochs", 3, "--hidden", 3, "--quiet")
COMMANDS: dict[str, list[object]] = {
    "train": ["train", "table.csv", *_SHORT, "--averaging", "polyak", "--checkpoint-seconds", 0, "--out", "run"],
    "resume": ["resume", "half", "--checkpoint-seconds", 0, "--quiet"],
    "tune": ["tune", "table.csv", *_SHORT, "--trials", 2, "--side-by-side", 2, "--out", "search"],
    "posterior": ["posterior", "run", "--quiet"],
    "report": ["report", "run"],
}


class Save(NamedTuple):
    """One save: the folder as it was, and the files to be written, by name."""

    command: str
    before: Path
    files: dict[str, bytes]


def table(within: Path) -> None:
    """Write a small table."""
    random = np.random.default_rng(0)
    rows = "".join(f"{a:.3f},{b:.3f},{'u' if a > 0 else 'v'}\n" for a, b in random.normal(size=(40, 2)))
    (within / "table.csv").write_text("a,b,y\n" + rows)


def recorded(command: str, within: Path) -> list[Save]:
    """Do a command, and return its saves."""
    place = within / f"saves-{command}"
    place.mkdir()
    ended = _forks.run(lambda: _record(COMMANDS[command], place), within, limit=300)
    if ended.code != 0:
        raise AssertionError(f"{command} ended with {ended.code}: {ended.said}")
    saves = []
    for one in sorted(place.iterdir()):
        new = one / "new"
        files = {path.relative_to(new).as_posix(): path.read_bytes() for path in new.rglob("*") if path.is_file()}
        saves.append(Save(command, one / "before", files))
    return saves


def _record(arguments: list[object], place: Path) -> None:
    """Do a command line with every `commit` kept, in this process."""
    from shinso.cli import main

    count = [0]

    def keeping(folder: Path, contents: Mapping[str, bytes]) -> None:
        count[0] += 1
        kept = place / f"{count[0]:03}"
        (kept / "new").mkdir(parents=True)
        if folder.exists():
            shutil.copytree(folder, kept / "before")
        for name, content in contents.items():
            path = kept / "new" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        commit(folder, contents)

    for module in [one for name, one in sys.modules.items() if name.startswith("shinso")]:
        if getattr(module, "commit", None) is commit:
            module.commit = keeping  # type: ignore[attr-defined]
    sys.argv = ["shinso", *map(str, arguments)]
    main()


def state_of(folder: Path) -> dict[str, bytes]:
    """Return what a folder's list lists."""
    return {name: read_listed(folder, name) for name in sums_of(folder)}


def saving(folder: Path, files: Mapping[str, bytes]) -> Callable[[], None]:
    """Return what saves, and ends with 3 where that cannot be done."""

    def work() -> None:
        try:
            commit(folder, files)
        except OSError:
            os._exit(3)

    return work


def placed(save: Save, within: Path) -> Path:
    """Return the folder as it was before the save, anew."""
    folder = within / "attacked"
    shutil.rmtree(folder, ignore_errors=True)
    if save.before.exists():
        shutil.copytree(save.before, folder)
    return folder


def calls_of(save: Save, within: Path) -> list[tuple[str, int]]:
    """Return the system calls on the folder that a save makes, each with its number among those of its name."""
    log = within / "strace.txt"
    folder = placed(save, within)
    ended = _forks.run(saving(folder, save.files), within, strace=["-y", "-o", str(log), "-e", f"trace={CALLS}"])
    if ended.code != 0:
        raise AssertionError(f"a save under strace ended with {ended.code}: {ended.said}")
    made: Counter[str] = Counter()
    found = []
    for line in map(_LINE.match, log.read_text(errors="replace").splitlines()):
        if line is None:
            continue
        made[line["call"]] += 1
        if str(folder) in line["rest"]:
            found.append((line["call"], made[line["call"]]))
    return found


def attack(save: Save, call: str, number: int, fault: str, within: Path) -> str:
    """Do a save with one fault; return what came of it."""
    folder, log = placed(save, within), within / "strace.txt"
    old = state_of(folder)
    new = {**old, **save.files}
    how = f"signal={fault}" if fault == "SIGKILL" else f"error={fault}"
    options = ["-y", "-o", str(log), "-e", f"trace={CALLS}", "-e", f"inject={call}:{how}:when={number}"]
    ended = _forks.run(saving(folder, save.files), within, strace=options)
    where = f"{save.command}, {call} number {number}, {fault}"
    struck = [line for line in log.read_text(errors="replace").splitlines() if "(INJECTED)" in line]
    if fault != "SIGKILL" and not any(str(folder) in line for line in struck):
        raise AssertionError(f"{where}: nothing of the folder was struck: {struck}")
    if ended.code not in ((-9,) if fault == "SIGKILL" else (0, 3)):
        raise AssertionError(f"{where}: ended with {ended.code}: {ended.said}")
    there = state_of(folder)
    if there not in (old, new):
        raise AssertionError(f"{where}: neither the old nor the new folder")
    if ended.code == 0 and there != new:
        raise AssertionError(f"{where}: no error, and nothing was saved")
    saving(folder, save.files)()
    left = [path.name for path in folder.rglob("*") if path.name.endswith((".tmp", ".staged"))]
    if state_of(folder) != new or left:
        raise AssertionError(f"{where}: the next save left {left} or other bytes")
    return "new" if there == new else "old"


def attacks(save: Save, every: int, within: Path) -> Counter[tuple[str, str]]:
    """Do one save with each fault at every so-manieth call; return how many came to what."""
    found: Counter[tuple[str, str]] = Counter()
    for place, (call, number) in enumerate(calls_of(save, within)):
        for turn, fault in enumerate(FAULTS):
            if (place + turn) % every == 0 and (fault != "SIGKILL" or call in CHANGING):
                found[fault, attack(save, call, number, fault, within)] += 1
    return found


def main() -> None:
    """Make the attack and print its counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--commands", default=",".join(COMMANDS))
    parser.add_argument("--every", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        within = Path(name)
        if options.commands == "plain":
            show("plain", _plain(within), options.every, within)
            return
        _forks.import_everything()
        table(within)
        for command in COMMANDS:
            if command == "resume":
                _half(within)
            if command == "report":  # another page than the one that training has written
                commit(within / "run", {"report.html": b"old"})
            saves = recorded(command, within)
            if command in options.commands.split(","):
                show(command, saves, options.every, within)


def show(command: str, saves: list[Save], every: int, within: Path) -> None:
    """Attack a command's saves, and print what came of it."""
    found: Counter[tuple[str, str]] = Counter()
    for save in saves:
        found += attacks(save, every, within)
    counts = ", ".join(f"{n} {fault} {state}" for (fault, state), n in sorted(found.items()))
    print(f"{command}: {len(saves)} saves, {found.total()} faults: {counts}", flush=True)


def _plain(within: Path) -> list[Save]:
    """Return a save of two files over two others."""
    commit(within / "before", {"a": b"old a", "b": b"old b"})
    return [Save("plain", within / "before", {"a": b"new a", "b": b"new b"})]


def _half(within: Path) -> None:
    """Leave a copy of the run as it was at its second checkpoint, to be resumed."""
    second = sorted((within / "saves-train").iterdir())[2]
    shutil.copytree(second / "before", within / "half")


if __name__ == "__main__":
    main()
