"""Sick and healthy runs, and what `shinso.diagnose` says of them.

Each disease (`_diseases.py`) is given to networks of several kinds on several data sets and with several seeds; healthy runs
are of the same. Runs with odd numbers are for choosing thresholds, the others for the score.

    python benchmarks/diagnosis.py [--part tune|score|all] [--only CODE] [--remedies]
"""

import argparse
import sys
import time
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import numpy as np
from _diseases import ALL, SICK, Arrays, load

from shinso import Objective, nn, objectives
from shinso.diagnose import Diagnosis, diagnose
from shinso.optim import as_optimizer, optimizer_named, schedule_named
from shinso.training import Run, train

warnings.simplefilter("ignore")


class Case(NamedTuple):
    """A run to make: the data, the network's arguments, those of the training, and what is wrong with it."""

    code: str
    data: Arrays
    network: dict[str, Any]
    training: dict[str, Any]
    name: str
    seed: int


def make(case: Case, remedy: dict[str, Any] | None = None) -> Run:
    """Train a case, with a remedy's settings where one is given."""
    network, training = dict(case.network), dict(case.training)
    data = case.data
    given = dict(remedy or {})
    if given.pop("standardize", False):
        mean, scale = data.X.mean(axis=0), data.X.std(axis=0)
        scale = np.where(scale > 0, scale, 1)
        data = data._replace(X=(data.X - mean) / scale, V=(data.V - mean) / scale)
        if data.kind == "regression":
            mean, scale = data.y.mean(axis=0), data.y.std(axis=0)
            data = data._replace(y=(data.y - mean) / scale, w=(data.w - mean) / scale)
    for name in ("activation", "normalization", "dropout", "hidden", "bias_init"):
        if name in given:
            network[name] = given.pop(name)
    if "initialization" in given:
        network["weight_init"] = given.pop("initialization")
    drop = [int(c) for c in given.pop("drop", ())]
    if drop:
        data = data._replace(X=np.delete(data.X, drop, axis=1), V=np.delete(data.V, drop, axis=1))
    balanced = given.pop("class_weight", None) is not None
    given.pop("gain", None), given.pop("network", None), given.pop("patience", None)
    training |= given
    X, y = data.X, data.y
    likelihood = training.pop("likelihood", None) or ("gaussian" if data.kind == "regression" else "categorical")
    outputs = int(max(y.max(), data.w.max())) + 1 if y.ndim == 1 else y.shape[1]
    hidden = network.pop("hidden", (32,))
    kind = network.pop("builder", "mlp")
    if kind == "mlp":
        model = nn.mlp(X.shape[1], outputs, hidden, key=jax.random.key(case.seed), **network)
    else:
        model = nn.linear(X.shape[1], outputs, key=jax.random.key(case.seed))
    penalty = training.pop("l2", 0.0)
    objective = Objective(objectives.likelihood(likelihood), [objectives.L2(penalty)] if penalty else [])
    name, rate = training.pop("optimizer", "adam"), training.pop("learning_rate", 0.003)
    schedule, clip = training.pop("schedule", None), training.pop("clip_norm", None)
    batch = min(training.pop("batch_size", 32), len(X))
    epochs = training.pop("epochs", 30)
    steps = epochs * -(-len(X) // batch)
    rated = (
        schedule_named(schedule, rate, steps)
        if isinstance(schedule, str)
        else schedule(rate, steps)
        if schedule
        else rate
    )
    options = {} if clip is None else {"clip_norm": clip}
    rule = optimizer_named(name, learning_rate=rated, **options) if name not in ("lbfgs",) else as_optimizer(name)
    return train(
        model,
        objective,
        (X, y, _balancing(y)) if balanced else (X, y),
        validation=(data.V, data.w),
        optimizer=rule,
        epochs=epochs,
        batch_size=batch,
        seed=case.seed,
        **training,
    )


def _balancing(y: np.ndarray) -> np.ndarray:
    """Return weights by which every class counts as much as any other."""
    counts = np.maximum(np.bincount(y), 1)
    return (len(y) / (np.count_nonzero(np.bincount(y)) * counts))[y]


HEALTHY = (
    ({"hidden": (32,)}, {}),
    (
        {"hidden": (64, 64), "activation": "gelu", "dropout": 0.1},
        {"learning_rate": 0.002, "schedule": "cosine", "l2": 0.003},
    ),
    ({"hidden": (30,), "activation": "tanh"}, {"optimizer": "sgd", "learning_rate": 0.1}),
    ({"hidden": (32, 32), "normalization": "batch"}, {"learning_rate": 0.003}),
    ({"hidden": (30,), "activation": "sigmoid"}, {"optimizer": "momentum", "learning_rate": 0.1, "schedule": "cosine"}),
)


def cases(only: str | None = None, per_disease: int = 4, healthy: int = 66) -> Iterator[Case]:
    """Return every case, in a fixed order."""
    for code, (build, names) in SICK.items():
        for i in range(per_disease):
            if only not in (None, code):
                continue
            name, seed = names[i % len(names)], 100 + 7 * i
            random = np.random.default_rng(seed)
            found = build(load(name, seed), random, i // 2 + i)
            yield Case(code, found[0], found[1], found[2], f"{code} {name} {i}", seed)
    for i in range(healthy if only in (None, "healthy") else 0):
        name, (network, training) = ALL[i % len(ALL)], HEALTHY[(i // len(ALL)) % len(HEALTHY)]
        longer = {"epochs": 120 if name in ("wine", "diabetes", "moons") else 50}
        if name == "diabetes":
            longer = {"epochs": 12, "l2": 0.01}
        yield Case("healthy", load(name, 500 + i), network, {**training, **longer}, f"healthy {name} {i}", 500 + i)


class Outcome(NamedTuple):
    """What was said of a case."""

    case: Case
    diagnosis: Diagnosis
    better: bool | None


def judge(case: Case, *, remedies: bool) -> Outcome:
    """Make a run, diagnose it, and try the first remedy."""
    run = make(case)
    diagnosis = diagnose(run)
    better = None
    if remedies and case.code != "healthy" and diagnosis.first.remedy:
        after = make(case, dict(diagnosis.first.remedy))
        column = "validation_loss"
        before, later = (one.history[column][-1] if len(one.history) else np.inf for one in (run, after))
        better = bool(later < before or not np.isfinite(before))
    return Outcome(case, diagnosis, better)


def main() -> None:
    """Run the cases of a part, and print what was said."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=("tune", "score", "all"), default="tune")
    parser.add_argument("--only")
    parser.add_argument("--remedies", action="store_true")
    arguments = parser.parse_args()
    outcomes = []
    for number, case in enumerate(cases(arguments.only)):
        if arguments.part != "all" and (number % 2 == 1) != (arguments.part == "tune"):
            continue
        began = time.perf_counter()
        outcome = judge(case, remedies=arguments.remedies)
        outcomes.append(outcome)
        codes = [finding.code for finding in outcome.diagnosis.findings]
        mark = "ok " if codes[0] == case.code else "in3" if case.code in codes[:3] else "NO "
        helped = {None: "", True: "remedy helps", False: "remedy does not help"}[outcome.better]
        print(f"{mark} {case.name:32} {codes[:4]} {helped} {time.perf_counter() - began:.1f} s", flush=True)
        if mark != "ok " and arguments.only:
            print("     ", outcome.diagnosis.first)
    report(outcomes)


def report(outcomes: list[Outcome]) -> None:
    """Print the four shares."""
    ill = [one for one in outcomes if one.case.code != "healthy"]
    well = [one for one in outcomes if one.case.code == "healthy"]
    first = [one.diagnosis.first.code == one.case.code for one in ill]
    three = [one.case.code in [finding.code for finding in one.diagnosis.findings[:3]] for one in ill]
    false = [one.diagnosis.first.code != "healthy" for one in well]
    better = [one.better for one in ill if one.better is not None]
    for name, shares in {"first": first, "among three": three, "false alarms": false, "remedy helps": better}.items():
        if shares:
            print(f"{name}: {sum(shares)} of {len(shares)} ({np.mean(shares):.1%})")


if __name__ == "__main__":
    sys.exit(main())
