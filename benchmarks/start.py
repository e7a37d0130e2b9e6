"""From the shell, and from import to answer: how long until something is there.

`python -m benchmarks.start [--repeats 7]` starts each command that often, in turn, with what it is measured against in the
same round; median and spread of wall and processor time, and the median of the ratios of processor times.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

SKLEARN = """
import warnings; warnings.simplefilter("ignore")
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from {module} import MLPClassifier
X, y = load_digits(return_X_y=True)
X, X_test, y, y_test = train_test_split(X / 16, y, random_state=0)
print(MLPClassifier((30,), max_iter=50, random_state=0).fit(X, y).score(X_test, y_test))
"""


def python(code: str) -> list[str]:
    """Return the command that runs some code."""
    return [sys.executable, "-c", code]


def shinso(*arguments: str) -> list[str]:
    """Return the command line's command."""
    return [sys.executable, "-m", "shinso", *arguments]


def measured(command: list[str], programs: Path) -> tuple[float, float]:
    """Return wall and processor seconds of a process that keeps compiled programs in a folder."""
    environment = {**os.environ, "SHINSO_COMPILATION_CACHE": str(programs)}
    environment.pop("JAX_COMPILATION_CACHE_DIR", None)
    before, began = os.times(), time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command} failed:\n{done.stderr}")
    wall, after = time.perf_counter() - began, os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, used


def rows(place: Path) -> list[tuple[str, list[str], str, bool, str]]:
    """Name, command, what it is measured against, whether nothing is kept before it, and the goal."""
    run, table = str(place / "run"), str(place / "new.csv")
    train = shinso("train", "digits", "--quiet", "--out", str(place / "digits"))
    return [
        ("import jax", python("import jax"), "", False, ""),
        ("import jax, sklearn.base", python("import jax, sklearn.base"), "", False, ""),
        ("scikit-learn's script", python(SKLEARN.format(module="sklearn.neural_network")), "", False, ""),
        ("shinso --help", shinso("--help"), "", False, "≤ 0.3 s"),
        ("shinso show RUN", shinso("show", run), "import jax", False, "≤ 1"),
        (
            "from shinso import MLPClassifier",
            python("from shinso import MLPClassifier"),
            "import jax, sklearn.base",
            False,
            "≤ 1.5",
        ),
        ("shinso predict RUN x.csv", shinso("predict", run, table), "import jax", False, "≤ 2.5"),
        ("shinso evaluate RUN", shinso("evaluate", run), "import jax", False, "≤ 2.5"),
        (
            "MLPClassifier, nothing kept",
            python(SKLEARN.format(module="shinso")),
            "scikit-learn's script",
            True,
            "≤ 2.5",
        ),
        (
            "MLPClassifier, second process",
            python(SKLEARN.format(module="shinso")),
            "scikit-learn's script",
            False,
            "≤ 1.5",
        ),
        ("shinso train digits, nothing kept", train, "scikit-learn's script", True, "≤ 4.4"),
        ("shinso train digits, second process", train, "scikit-learn's script", False, "≤ 2.8"),
    ]


def prepared(place: Path) -> None:
    """Make a run folder of a small table, and new rows of it."""
    lines = [f"{i % 7}.5,{(3 * i) % 11}.25,{'ab'[i % 2]}" for i in range(120)]
    (place / "old.csv").write_text("\n".join(["p,q,kind", *lines]))
    (place / "new.csv").write_text("\n".join(["p,q", *(line.rpartition(",")[0] for line in lines[:30])]))
    measured(
        shinso(
            "train", str(place / "old.csv"), "--target", "kind", "--epochs", "5", "--quiet", "--out", str(place / "run")
        ),
        place / "kept",
    )


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--out", type=Path, help="write all figures as JSON")
    asked = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="shinso-start-"))
    found: dict[str, list[tuple[float, float]]] = {}
    try:
        prepared(place)
        table = rows(place)
        for turn in range(asked.repeats + 1):  # the first fills caches and is not counted
            for name, command, _, anew, _ in table:
                shutil.rmtree(place / "digits", ignore_errors=True)
                shutil.rmtree(place / "none", ignore_errors=True)
                seconds = measured(command, place / ("none" if anew else "kept"))
                if turn:
                    found.setdefault(name, []).append(seconds)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}, n = {asked.repeats}")
    print(", ".join(f"{name} {version(name)}" for name in ("jax", "jaxlib", "numpy", "scikit-learn")), end="\n\n")
    print("| | wall s, median (least–most) | processor s | ratio of processor times | goal |\n|---|---|---|---|---|")
    for name, _, against, _, goal in table:
        walls, cpus = zip(*found[name], strict=True)
        ratio = ""
        if against:
            pairs = zip(cpus, found[against], strict=True)
            ratio = f"{statistics.median(own / other for own, (_, other) in pairs):.2f} × {against}"
        spread = f"{statistics.median(walls):.2f} ({min(walls):.2f}–{max(walls):.2f})"
        print(f"| {name} | {spread} | {statistics.median(cpus):.2f} | {ratio} | {goal} |")
    if asked.out:
        asked.out.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
