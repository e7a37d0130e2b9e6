"""Attacks on the command line: options, values, files and folders drawn at random.

    python benchmarks/attack_commands.py --times 1000 --seed 0

Each command must end with 0, 1, 2 or 130, without a traceback, and with words where it did not do what was asked. One that
works for 20 s is sent Ctrl-C, and must end then. Prints how many came to what, and each failure with the command line that
shows it, which `--only NUMBER` makes again.
"""

import argparse
import shlex
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import _forks
import numpy as np

from shinso import _kinds

PATIENCE = 20.0
NASTY = (
    *("", " ", "-1", "0", "1", "2", "3", "0.5", "1e-3", "1e308", "1e999", "-1e999", "nan", "inf", "9" * 40, "0x10", "1_000"),
    *("x", "a,b", "1,2", ",", "=", "a=number", "y=category", "b=", "y", "a", "c", "ÿ", "日本", "\udcff", "\x1b[31m"),
    *("x" * 3000, "%s%n", "../..", "/", ".", "-", "--", "null", "[1]", "{}", "true", "relu:", "relu:x=", ":", "::"),
)  # fmt: skip
KINDS = [name for table in vars(_kinds).values() if isinstance(table, Mapping) for name in table if name.islower()]
"""Whatever is chosen by name."""
LEFT_OUT = ("studio", "data", "reproduce")
"""Commands that serve, fetch or take hours."""


def places(within: Path) -> list[str]:
    """Make files and folders of all sorts, and return their names."""
    random = np.random.default_rng(0)
    rows = "".join(f"{a:.3f},{b:.3f},{'u' if a > 0 else 'v'}\n" for a, b in random.normal(size=(40, 2)))
    (within / "table.csv").write_text("a,b,y\n" + rows)
    for name, content in {
        "empty.csv": b"",
        "random.csv": random.bytes(2000),
        "random.parquet": b"PAR1" + random.bytes(2000),
        "random.npz": b"PK\x03\x04" + random.bytes(500),
        "deep.json": b"[" * 50_000,
        "settings.toml": b"epochs = 1\nhidden = [2]\n",
        "wrong.toml": b"epochs = 'x'\n[a]\nb = 1\n",
        "broken.toml": b"= = \xff",
        "random.png": b"\x89PNG\r\n\x1a\n" + random.bytes(300),
        "nan.csv": b"a,b,y\nnan,inf,1\n1e999,-inf,2\n,,\n",
        "one.csv": b"a,y\n1,2\n",
    }.items():
        (within / name).write_bytes(content)
    (within / "loop").symlink_to("loop")
    (within / "folder").mkdir()
    ended = _forks.command(
        ["train", "table.csv", "--target", "y", "--epochs", 1, "--hidden", 2, "--out", "run"], within
    )
    if ended.code != 0:
        raise AssertionError(ended.said)
    shutil.copytree(within / "run", within / "flipped")
    spoiled = bytearray((within / "flipped" / "run.json").read_bytes())
    spoiled[len(spoiled) // 2] ^= 4
    (within / "flipped" / "run.json").write_bytes(spoiled)
    shutil.copytree(within / "run", within / "half")
    (within / "half" / "model.safetensors").write_bytes((within / "run" / "model.safetensors").read_bytes()[:40])
    shutil.copytree(within / "run", within / "bare")
    (within / "bare" / "SHA256SUMS").unlink()
    (within / "inside").mkdir()
    (within / "inside" / "run.json").mkdir()
    names = sorted(path.name for path in within.iterdir())
    return [
        *names,
        "missing",
        "missing.csv",
        "run/run.json",
        "table.csv/x",
        "/dev/null",
        "table.csv::x",
        str(within / "run"),
    ]


def commands() -> dict[str, Any]:
    """Return the commands, as Click has them."""
    import typer

    from shinso.cli import app

    found = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    return {name: one for name, one in found.items() if name not in LEFT_OUT}


def line(known: dict[str, Any], names: list[str], random: np.random.Generator) -> list[str]:
    """Return a command line: half of what it is given is such as people give."""

    def one(of: Any) -> Any:
        return of[int(random.integers(len(of)))]

    name = one([*known, "train", "train", "predict", "evaluate"])
    words = [name]
    options = [option for option in known[name].params if option.opts[0].startswith("-")]
    for argument in (option for option in known[name].params if not option.opts[0].startswith("-")):
        usual = "run" if argument.name == "run" else "table.csv"
        if random.random() < 0.95:
            words.append(usual if random.random() < 0.6 else one(names))
    if name in ("train", "tune") and random.random() < 0.8:
        words += ["--target", "y", "--epochs", "1", "--hidden", "2"]
    for option in random.choice(len(options), size=min(len(options), int(random.integers(0, 4))), replace=False):
        words.append(one([*options[option].opts, *options[option].secondary_opts]))
        if not getattr(options[option], "is_flag", False) and random.random() < 0.97:
            words.append(one(one([KINDS, NASTY, NASTY, names])))
    if random.random() < 0.05:
        words.insert(int(random.integers(len(words) + 1)), one(NASTY))
    return words


def attack(words: list[str], within: Path) -> tuple[str, str, _forks.Ended]:
    """Do a command line; return what came of it, and what is wrong with that."""
    ended = _forks.command(words, within, limit=PATIENCE * 4, send=[(PATIENCE, signal.SIGINT)])
    fault = ended.fault
    if fault.startswith("hung") and not ended.hung:
        fault = ""  # it worked, and ended when it was asked to
    said = [one for one in ended.said.splitlines() if one.strip()]
    if not fault and ended.code == 2 and len(said) > 12:
        fault = f"{len(said)} lines"
    return f"exit code {ended.code}", fault, ended


def main() -> None:
    """Make the attack and print its counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--times", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int)
    options = parser.parse_args()
    _forks.import_everything()
    known = commands()
    found: Counter[str] = Counter()
    bad, memory = 0, 0
    with tempfile.TemporaryDirectory() as name:
        within = Path(name) / "work"
        within.mkdir()
        names = places(within)
        kept = Path(name) / "kept"
        shutil.copytree(within, kept, symlinks=True)
        for number in range(options.times) if options.only is None else [options.only]:
            shutil.rmtree(within)
            shutil.copytree(kept, within, symlinks=True)
            words = line(known, names, np.random.default_rng([options.seed, number]))
            outcome, fault, ended = attack(words, within)
            found[outcome] += 1
            print(f"\r{dict(found)}", end="", file=sys.stderr, flush=True)
            memory = max(memory, ended.memory)
            if fault or options.only is not None:
                bad += bool(fault)
                shown = shlex.join(one[:60] for one in words).encode(errors="replace").decode()
                print(f"{number}: {fault}: shinso {shown}\n{ended.said[-3000:]}", flush=True)
    counts = ", ".join(f"{n} {outcome}" for outcome, n in sorted(found.items()))
    print(f"command lines: {counts}; {bad} bad; at most {memory} MiB beyond what imports take")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
