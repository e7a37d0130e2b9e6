"""Is a network with a posterior better calibrated than the network alone? Twelve data sets, five seeds, five posteriors.

Networks of 100 ReLU units are trained as `shinso train` trains them, posteriors made as `shinso posterior RUN` makes them:
65 % of the examples train, 10 % choose the posterior's width and inverse temperature, 25 % judge. A seed is another split
and other first weights; all posteriors of a seed are of one network.

    python experiments/calibration.py                    # prints the tables, writes docs/figures/reliability.svg
    python experiments/calibration.py --l2 0             # networks without penalty, which are overconfident; no figure
    python experiments/calibration.py --sets iris,moons --seeds 2

What was measured is kept in `runs/calibration`, and not measured again.
"""

import argparse
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pandas as pd
from scipy import special
from sklearn import datasets

from shinso import bayes, nn
from shinso.data import Prepared
from shinso.experiment import data_of_run, run_experiment
from shinso.report import reliability_figure
from shinso.settings import Settings
from shinso.training import Run, load

ROOT = Path(__file__).resolve().parent.parent
WAYS = {
    "last layer, kronecker": ("last_layer", "kronecker"),
    "last layer, full": ("last_layer", "full"),
    "all, diagonal": ("all", "diagonal"),
    "all, kronecker": ("all", "kronecker"),
    "all, full": ("all", "full"),
}
MOST = 1000
"""Parameters up to which the full posterior of all of them is made."""


def noisy_sine() -> tuple[np.ndarray, np.ndarray]:
    """Return 200 examples of y = 0.8 sin 2πx + noise of standard deviation 0.3."""
    generator = np.random.default_rng(0)
    x = generator.uniform(-1, 1, 200)
    return x[:, None], 0.8 * np.sin(2 * np.pi * x) + 0.3 * generator.normal(size=200)


Made = Callable[[], tuple[Any, Any]]
CLASSES: dict[str, Made] = {
    "iris": lambda: datasets.load_iris(return_X_y=True),
    "wine": lambda: datasets.load_wine(return_X_y=True),
    "breast cancer": lambda: datasets.load_breast_cancer(return_X_y=True),
    "digits": lambda: datasets.load_digits(return_X_y=True),
    "moons": lambda: datasets.make_moons(400, noise=0.3, random_state=0),
    "circles": lambda: datasets.make_circles(400, noise=0.2, factor=0.5, random_state=0),
    "noisy labels": lambda: datasets.make_classification(
        400, n_features=10, n_informative=5, n_classes=3, flip_y=0.1, random_state=0
    ),
}
NUMBERS: dict[str, Made] = {
    "diabetes": lambda: datasets.load_diabetes(return_X_y=True),
    "friedman 1": lambda: datasets.make_friedman1(400, noise=1.0, random_state=0),
    "friedman 2": lambda: datasets.make_friedman2(400, noise=125.0, random_state=0),
    "friedman 3": lambda: datasets.make_friedman3(400, noise=0.1, random_state=0),
    "noisy sine": noisy_sine,
}


def trained(name: str, seed: int, l2: float | None, folder: Path) -> Run:
    """Return the run of a data set and seed, trained now or before."""
    place = folder / f"{name.replace(' ', '_')}-{seed}"
    if (place / "run.json").exists():
        return load(place)
    source = folder / f"{name.replace(' ', '_')}.csv"
    if not source.exists():
        inputs, targets = (CLASSES | NUMBERS)[name]()
        table = pd.DataFrame(inputs, columns=[f"x{d}" for d in range(inputs.shape[1])])
        table["y"] = [f"class {int(t)}" for t in targets] if name in CLASSES else targets
        table.to_csv(source, index=False)
    settings = Settings(source=str(source), target="y", seed=seed, l2=l2, hidden=(100,), activation="relu", dropout=0.0)
    return run_experiment(settings, folder=place)


def figures(prediction: bayes.Prediction, targets: np.ndarray) -> dict[str, Any]:
    """Return what is kept of a prediction on the test examples; numbers in units of their standard deviation."""
    found = bayes.assess(prediction, targets)
    kept: dict[str, Any] = {"nll": found.negative_log_likelihood}
    if found.reliability is None:
        return kept | {"rmse": found.root_mean_squared_error, "coverage": found.coverage}
    bins = {
        name: np.nan_to_num(getattr(found.reliability, name)).tolist() for name in ("confidence", "accuracy", "counts")
    }
    return kept | {"ece": found.expected_calibration_error, "accuracy": found.accuracy, "bins": bins}


def network_alone(posterior: bayes.Posterior, prepared: Prepared) -> dict[str, dict[str, Any]]:
    """Return the figures of the network: as it is, its noise that of the validation examples; and with a temperature."""
    validation, test = prepared.validation, prepared.test
    assert validation is not None
    assert test is not None
    held, seen = (bayes.predict_alone(posterior, one.inputs) for one in (validation, test))
    if held.probabilities is None:
        variance = float(np.mean(np.square(validation.targets - held.mean)))
        shape = (*seen.mean.shape, seen.mean.shape[1])
        known = bayes.Prediction(
            seen.mean,
            np.zeros_like(seen.mean),
            np.full_like(seen.mean, variance),
            seen.mean,
            np.zeros(shape),
            type(seen.likelihood)(1 / variance),
        )
        return {"network": figures(known, test.targets)}
    tried = 2.0 ** np.arange(-3, 3.25, 0.25)
    logs = [special.log_softmax(s * held.output_mean, axis=1) for s in tried]
    likely = [one[np.arange(len(one)), validation.targets].sum() for one in logs]
    best = inverse_temperatures[
        np.argmax(np.array(likely) - np.log2(inverse_temperatures) ** 2 / 2)
    ]  # the hyperprior of `calibrate`
    scaled = bayes.Prediction(
        special.softmax(best * seen.output_mean, axis=1),
        seen.epistemic,
        seen.aleatoric,
        seen.output_mean,
        seen.output_covariance,
        seen.likelihood,
    )
    return {"network": figures(seen, test.targets), "network, temperature": figures(scaled, test.targets)}


def measured(name: str, seed: int, l2: float | None, folder: Path) -> dict[str, dict[str, Any]]:
    """Return the figures of a data set and seed by way."""
    run = trained(name, seed, l2, folder)
    prepared = data_of_run(run)
    assert run.folder is not None
    assert prepared.test is not None
    size = sum(leaf.size for leaf in jax.tree.leaves(nn.parameters(run.model)[0]))
    found: dict[str, dict[str, Any]] = {}
    for way, (subset, structure) in WAYS.items():
        if way == "all, full" and size > MOST:
            continue
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            posterior = bayes.posterior_of_run(run.folder, subset=subset, structure=structure).posterior
        if not found:
            found = network_alone(posterior, prepared)
        found[way] = figures(posterior.predict(prepared.test.inputs), prepared.test.targets)
        found[way]["warned"] = any(issubclass(one.category, bayes.PosteriorWarning) for one in caught)
    return found


Results = dict[str, dict[str, dict[str, dict[str, Any]]]]
"""Figures by data set, seed and way."""


def table(results: Results, sets: list[str], figure: str, digits: int) -> list[str]:
    """Return the median over the seeds of a figure for every set and way, as lines of Markdown."""
    ways = [
        way
        for way in ("network", "network, temperature", *WAYS)
        if any(way in one for n in sets for one in results[n].values())
    ]
    lines = ["| | " + " | ".join(sets) + " |", "|---" * (len(sets) + 1) + "|"]
    for way in ways:
        values = [[one[way][figure] for one in results[name].values() if way in one] for name in sets]
        lines.append(f"| {way} | " + " | ".join(f"{np.median(v):.{digits}f}" if v else "–" for v in values) + " |")
    return lines


def summary(results: Results, sets: list[str], others: tuple[str, ...]) -> list[str]:
    """Return how each way differs from the network alone, paired by set and seed."""
    lines = ["| | n | " + " | ".join(f"{f}: median difference, better, sets better" for f in others) + " |"]
    lines.append("|---" * (len(others) + 2) + "|")
    for way in ("network, temperature", *WAYS):
        pairs = {name: [(one[way], one["network"]) for one in results[name].values() if way in one] for name in sets}
        pairs = {name: some for name, some in pairs.items() if some}
        if not pairs:
            continue
        cells = []
        for figure in others:
            gains = {name: np.array([a[figure] - b[figure] for a, b in some]) for name, some in pairs.items()}
            whole = np.concatenate(list(gains.values()))
            sign = -1 if figure == "accuracy" else 1
            better = sum(sign * np.median(g) < 0 for g in gains.values())
            cells.append(f"{np.median(whole):+.4f}, {np.mean(sign * whole < 0):.0%}, {better} of {len(gains)}")
        lines.append(f"| {way} | {len(whole)} | " + " | ".join(cells) + " |")
    return lines


def pooled(results: Results, sets: list[str], way: str) -> bayes.Reliability:
    """Return the reliability over all sets and seeds together."""
    bins = [one[way]["bins"] for name in sets for one in results[name].values() if way in one]
    counts = np.sum([one["counts"] for one in bins], axis=0)
    with np.errstate(invalid="ignore"):
        confidence, accuracy = (
            np.sum([np.multiply(one[of], one["counts"]) for one in bins], axis=0) / counts
            for of in ("confidence", "accuracy")
        )
    return bayes.Reliability(confidence, accuracy, counts)


def main() -> None:
    """Measure what has not been measured, print the tables, draw the reliability diagram."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sets", default=",".join(CLASSES | NUMBERS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--l2", type=float, help="strength of the penalty; default: that of shinso train, 3/N")
    parser.add_argument("--folder", type=Path, default=ROOT / "runs" / "calibration")
    parser.add_argument("--figure", type=Path, default=ROOT / "docs" / "figures" / "reliability.svg")
    options = parser.parse_args()
    folder = options.folder / ("default" if options.l2 is None else f"l2={options.l2:g}")
    folder.mkdir(parents=True, exist_ok=True)
    store = folder / "results.json"
    results: Results = json.loads(store.read_text()) if store.exists() else {}
    sets = options.sets.split(",")
    for seed in map(str, range(options.seeds)):
        for name in sets:
            if seed not in results.setdefault(name, {}):
                results[name][seed] = measured(name, int(seed), options.l2, folder)
                store.write_text(json.dumps(results))
    classes, numbers = [n for n in sets if n in CLASSES], [n for n in sets if n in NUMBERS]
    for some, kinds in ((classes, ("nll", "ece", "accuracy")), (numbers, ("nll", "rmse", "coverage"))):
        if some:
            for kind in kinds:
                print(f"\n{kind}, median of {options.seeds} seeds\n", *table(results, some, kind, 3), sep="\n")
            print(
                "\npaired with the network\n", *summary(results, some, kinds[: 3 if some is classes else 1]), sep="\n"
            )
    if classes and options.l2 is None:
        shown = {"network": "network", "posterior of the last layer": "last layer, kronecker"}
        figure = reliability_figure({label: pooled(results, classes, way) for label, way in shown.items()})
        figure.savefig(options.figure, metadata={"Date": None})
    warned = [one[way]["warned"] for name in sets for one in results[name].values() for way in WAYS if way in one]
    print(f"\n{sum(warned)} of {len(warned)} posteriors came with a warning that the run is not at a minimum.")


if __name__ == "__main__":
    main()
