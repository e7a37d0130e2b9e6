"""Attacks on commands: Ctrl-C and SIGTERM at random moments, once or twice, nothing compiled before.

    python benchmarks/attack_signals.py --times 60 --seed 0

A command must end with exit code 130, one line on standard error and no traceback, or have come to its end before; what it
stored must load. Prints how many came to what.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

START = 0.8
"""Seconds in which Python itself starts, and ends with a traceback of its own."""


def shinso(*arguments: object) -> list[str]:
    """Return a command line."""
    heed = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    run = f"{heed}; from shinso.__main__ import main; main()"
    return [sys.executable, "-c", run, *map(str, arguments)]


def commands(within: Path) -> dict[str, list[str]]:
    """Return what is attacked: a training, and uses of a stored run."""
    random = np.random.default_rng(0)
    table = within / "table.csv"
    rows = random.normal(size=(60, 4))
    table.write_text("a,b,c,y\n" + "".join(",".join(f"{x:.3f}" for x in row) + "\n" for row in rows))
    short = ("--target", "y", "--epochs", "3", "--hidden", "4", "--quiet")
    subprocess.run(shinso("train", table, *short, "--out", within / "stored"), check=True)
    run = within / "run"
    return {
        "train": shinso("train", table, "--target", "y", "--epochs", 3000, "--out", run),
        "tune": shinso("tune", table, "--target", "y", "--out", run),
        **{name: shinso(name, run) for name in ("show", "evaluate", "report", "posterior", "curvature")},
        "predict": shinso("predict", run, table),
        "resume": shinso("resume", run, "--epochs", 100_000),
        "columns": shinso("columns", table),
    }


def attack(command: list[str], random: np.random.Generator) -> tuple[str, str]:
    """Send a command signals; return what came of it, and what it said."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JAX_")}
    number = signal.SIGINT if random.random() < 0.7 else signal.SIGTERM
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": environment}
    with subprocess.Popen(command, **pipes) as process:
        time.sleep(random.uniform(START, 9))
        ended = process.poll() is not None
        process.send_signal(number)
        if random.random() < 0.3:
            time.sleep(random.uniform(0, 1))
            process.send_signal(number)
        _, said = process.communicate(timeout=120)
    if "Traceback" in said or process.returncode < 0:
        return "bad", f"{process.returncode}: {said}"
    if process.returncode == 130:
        return ("interrupted", said) if said.strip() else ("bad", "130 without a line")
    return ("at its end", said) if ended or process.returncode == 0 else ("bad", f"{process.returncode}: {said}")


def main() -> None:
    """Make the attack and print its counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--times", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    random = np.random.default_rng(options.seed)
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        within = Path(name)
        lines = commands(within)
        for _ in range(options.times):
            what = str(random.choice(list(lines)))
            shutil.rmtree(within / "run", ignore_errors=True)
            if what not in ("train", "tune", "columns"):
                shutil.copytree(within / "stored", within / "run")
            outcome, said = attack(lines[what], random)
            found[outcome] += 1
            if outcome == "bad":
                print(f"{what}: {said}", file=sys.stderr)
            if (within / "run" / "run.json").exists():
                subprocess.run(shinso("show", within / "run"), check=True, stdout=subprocess.DEVNULL)
    print("signals: " + ", ".join(f"{n} {outcome}" for outcome, n in sorted(found.items())))
    sys.exit(bool(found["bad"]))


if __name__ == "__main__":
    main()
