"""Install what was built into an environment that has nothing else, and use it as people do.

python .ci/check_installed.py dist [--constraint constraints.txt]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from pathlib import Path

EXTRAS = ("fastapi", "uvicorn", "torch", "zensical", "pytest")
"""Libraries that `pip install shinso` must not bring."""

USED = f"""
import importlib.metadata
import importlib.util
import warnings

import numpy as np
import shinso

X = np.random.default_rng(0).normal(size=(200, 3))
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    network = shinso.MLPClassifier((8,), learning_rate_init=0.05, random_state=0).fit(X, X[:, 0] > 0)
assert network.score(X, X[:, 0] > 0) > 0.8
brought = [name for name in {EXTRAS!r} if importlib.util.find_spec(name)]
assert not brought, f"pip install shinso brings {{brought}}"
print("works with", *[f"{{name}} {{importlib.metadata.version(name)}}" for name in ("jax", "equinox", "optax")])
"""


def run(command: Sequence[str | Path], folder: Path, *, code: int = 0) -> str:
    """Run a command in `folder`, and return what it said; end where it does not end with `code`."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    environment |= {"SHINSO_COMPILATION_CACHE": "off", "JAX_PLATFORMS": "cpu"}
    words = list(map(str, command))
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != code:
        sys.exit(f"{' '.join(words)}\nended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def check(built: Path, constraint: Path | None) -> None:
    """Install one file, and use it: from Python, from a shell, and where an extra is missing."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        venv.create(folder / "env", with_pip=True)
        scripts = folder / "env" / ("Scripts" if os.name == "nt" else "bin")
        constrained = [] if constraint is None else ["--constraint", constraint]
        run([scripts / "python", "-m", "pip", "install", "--quiet", *constrained, built], folder)
        print(built.name, run([scripts / "python", "-c", USED], folder).strip().splitlines()[-1], flush=True)

        rows = "\n".join(f"{i},{i % 7},{3 * i + i % 7}" for i in range(120))
        (folder / "table.csv").write_text(f"a,b,price\n{rows}\n", encoding="utf-8")
        shinso = scripts / "shinso"
        run([shinso, "train", "table.csv", "--target", "price", "--epochs", "3", "--out", "run"], folder)
        run([shinso, "predict", "run", "table.csv"], folder)
        assert (folder / "run" / "report.html").is_file()
        said = run([shinso, "studio"], folder, code=2)
        assert "pip install 'shinso[studio]'" in said, said


def main() -> None:
    """Check every file in the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--constraint", type=Path)
    asked = parser.parse_args()
    built = sorted([*asked.folder.glob("*.whl"), *asked.folder.glob("*.tar.gz")])
    if len(built) != 2:
        sys.exit(
            f"{asked.folder} must hold one wheel and one source distribution; it holds {[one.name for one in built]}."
        )
    for one in built:
        check(one.resolve(), asked.constraint and asked.constraint.resolve())


if __name__ == "__main__":
    main()
