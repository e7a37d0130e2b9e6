"""Are the defaults good? `shinso train FILE` without options, scikit-learn's MLP with its defaults, and `shinso tune`.

Fourteen sets that ship with scikit-learn or are made by it, five splits each; a quarter of the examples is for testing.
Both get the same standardized inputs (and targets, for numbers); scikit-learn trains on everything but the test examples,
we keep a tenth of the rest for validation, as the command does. Scores are accuracy, or R² for numbers, in per cent.

    python benchmarks/defaults.py                    # beside scikit-learn
    python benchmarks/defaults.py --tune 60          # and beside what 60 seconds of `shinso tune` find, for the first split
"""

import argparse
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn import datasets
from sklearn.neural_network import MLPClassifier, MLPRegressor

import shinso
from shinso.experiment import arguments_of, prepare_experiment
from shinso.settings import Settings

SPLITS = 5
Made = tuple[np.ndarray, np.ndarray]


def sets() -> dict[str, Callable[[], Made]]:
    """Return what makes (X, y) of each set; whole numbers are classes."""
    shipped = {
        name: getattr(datasets, f"load_{name}") for name in ("iris", "wine", "breast_cancer", "digits", "diabetes")
    }
    found: dict[str, Callable[[], Made]] = {
        name: lambda load=load: load(return_X_y=True)  # type: ignore[misc]
        for name, load in shipped.items()
    }
    made: dict[str, tuple[Any, dict[str, Any]]] = {
        "moons": (datasets.make_moons, {"n_samples": 500, "noise": 0.3}),
        "circles": (datasets.make_circles, {"n_samples": 500, "noise": 0.15, "factor": 0.5}),
        "hastie": (datasets.make_hastie_10_2, {"n_samples": 2000}),
        "gaussian quantiles": (datasets.make_gaussian_quantiles, {"n_samples": 800, "n_features": 5, "n_classes": 3}),
        "20 columns, 5 tell": (datasets.make_classification, {"n_samples": 1000, "n_informative": 5, "flip_y": 0.05}),
        "friedman 1": (datasets.make_friedman1, {"n_samples": 500, "noise": 1.0}),
        "friedman 2": (datasets.make_friedman2, {"n_samples": 500, "noise": 50.0}),
        "friedman 3": (datasets.make_friedman3, {"n_samples": 500, "noise": 0.1}),
        "linear, 30 columns": (datasets.make_regression, {"n_samples": 300, "n_features": 30, "noise": 20.0}),
    }
    for name, (make, arguments) in made.items():
        found[name] = lambda make=make, arguments=arguments: make(**arguments, random_state=0)  # type: ignore[misc]
    return found


def stored(folder: Path, name: str, X: np.ndarray, y: np.ndarray) -> Path:
    """Write a set as a table, digits as images."""
    path = folder / f"{name.replace(' ', '_').replace(',', '')}.npz"
    classes = y.dtype.kind in "iu" or set(np.unique(y)) == {-1.0, 1.0}
    images = X.reshape(-1, 8, 8, 1) / 16 if name == "digits" else X
    np.savez(path, X=images, y=y.astype(int) if classes else y)
    return path


def ours(path: Path, seed: int, chosen: dict[str, Any]) -> tuple[float, Any]:
    """Return the score of `shinso train` on the test examples, and the prepared data."""
    prepared, settings = prepare_experiment(Settings(source=str(path), seed=seed, **chosen))
    run = shinso.train(**arguments_of(settings, prepared))
    if run.stop.reason == "not_finite":
        raise SystemExit(f"{path.stem}, split {seed}: {run.stop.message}")
    return score(run.predict_mean(prepared.test.inputs), prepared.test.targets), prepared


def score(means: np.ndarray, targets: np.ndarray) -> float:
    """Return accuracy or R², in per cent."""
    if targets.ndim == 1:
        return 100 * float(np.mean(means.argmax(axis=1) == targets))
    return 100 * float(1 - np.sum((targets - means) ** 2) / np.sum((targets - targets.mean(axis=0)) ** 2))


def scikit_learns(prepared: Any, seed: int) -> float:
    """Return the score of scikit-learn's MLP with its defaults."""
    parts = [part for part in (prepared.training, prepared.validation) if part is not None]
    X, y = (np.concatenate([getattr(part, name) for part in parts]) for name in ("inputs", "targets"))
    X, X_test = X.reshape(len(X), -1), prepared.test.inputs.reshape(len(prepared.test), -1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if y.ndim == 1:
            return score(MLPClassifier(random_state=seed).fit(X, y).predict_proba(X_test), prepared.test.targets)
        means = MLPRegressor(random_state=seed).fit(X, y.ravel()).predict(X_test)
        return score(means.reshape(len(means), -1), prepared.test.targets)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tune", type=float, help="seconds of tuning for each set", metavar="SECONDS")
    options = parser.parse_args()
    losses = []
    with tempfile.TemporaryDirectory() as folder:
        for name, make in sets().items():
            path = stored(Path(folder), name, *make())
            pairs = []
            for seed in range(SPLITS):
                mine, prepared = ours(path, seed, {})
                pairs.append((mine, scikit_learns(prepared, seed)))
            mine, other = np.array(pairs).T
            error = (mine - other).std(ddof=1) / SPLITS**0.5
            line = f"{name}: {mine.mean():.2f} against {other.mean():.2f}, {(mine - other).mean():+.2f} ± {error:.2f}"
            if options.tune:
                tuning = shinso.tune(str(path), seconds=options.tune, folder=Path(folder) / f"{path.stem}-tuning")
                tuned = np.array([ours(path, seed, dict(tuning.changes))[0] for seed in range(SPLITS)])
                losses.append(float(tuned.mean() - mine.mean()))
                line += f"; tuned {tuned.mean():.2f}, {losses[-1]:+.2f}"
            print(line, flush=True)
    if losses:
        print(f"tuned − defaults: median {np.median(losses):+.2f}, from {min(losses):+.2f} to {max(losses):+.2f}")


if __name__ == "__main__":
    main()
