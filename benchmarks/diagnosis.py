"""Sick and healthy runs, and what `shinso.diagnose` says of them.

Each disease is given to networks of several kinds on several data sets, with several seeds; healthy runs are of the same. Half of the
runs (odd numbers) are for choosing thresholds, the other half is for the final score.

    python benchmarks/diagnosis.py [--part tune|score|all] [--only CODE] [--remedies] [--table docs/diagnosis.md]
"""

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import numpy as np
from sklearn import datasets

from shinso import Objective, nn, objectives
from shinso.diagnose import Diagnosis, diagnose
from shinso.optim import as_optimizer, optimizer_named, schedule_named
from shinso.training import Run, train

warnings.simplefilter("ignore")


class Arrays(NamedTuple):
    """Training and validation examples, and what they are."""

    X: np.ndarray
    y: np.ndarray
    V: np.ndarray
    w: np.ndarray
    kind: str


class Case(NamedTuple):
    """A run to make: the data, the network's arguments, those of the training, and what is wrong with it."""

    code: str
    data: Arrays
    network: dict[str, Any]
    training: dict[str, Any]
    name: str
    seed: int


def load(name: str, seed: int, n: int = 900) -> Arrays:
    """Return a scaled data set, a fifth of it held out."""
    random = np.random.default_rng(seed)
    kind = "classification"
    if name in ("digits", "wine", "cancer", "iris"):
        made = {"digits": datasets.load_digits, "wine": datasets.load_wine}
        made |= {"cancer": datasets.load_breast_cancer, "iris": datasets.load_iris}
        X, y = made[name](return_X_y=True)
        X = X / 16 if name == "digits" else X
    elif name == "moons":
        X, y = datasets.make_moons(n, noise=0.2, random_state=seed)
    elif name == "blobs":
        X, y = datasets.make_classification(
            n,
            12,
            n_informative=6,
            n_redundant=0,
            n_classes=3,
            n_clusters_per_class=1,
            class_sep=1.5,
            random_state=seed,
            flip_y=0.01,
        )
    elif name == "friedman":
        X, y = datasets.make_friedman1(n, noise=0.5, random_state=seed)
        kind = "regression"
    else:
        X, y = datasets.load_diabetes(return_X_y=True)
        kind = "regression"
    order = random.permutation(len(X))[:n]
    X, y = X[order].astype(np.float32), y[order]
    if name != "digits":
        X = (X - X.mean(axis=0)) / X.std(axis=0)
    if kind == "regression":
        y = ((y - y.mean()) / y.std())[:, None].astype(np.float32)
    else:
        y = y.astype(np.int32)
    cut = len(X) * 4 // 5
    return Arrays(X[:cut], y[:cut], X[cut:], y[cut:], kind)


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
        (X, y),
        validation=(data.V, data.w),
        optimizer=rule,
        epochs=epochs,
        batch_size=batch,
        seed=case.seed,
        **training,
    )


CLASSES, NUMBERS = ("digits", "blobs", "wine", "moons"), ("friedman", "diabetes")
ALL = (*CLASSES, *NUMBERS)
Sickness = Callable[[Arrays, np.random.Generator, int], tuple[Arrays, dict[str, Any], dict[str, Any]] | None]
SICK: dict[str, tuple[Sickness, tuple[str, ...]]] = {}


def sick(*names: str) -> Callable[[Sickness], Sickness]:
    """Register a way to make runs ill, and the data it is for."""

    def register(make: Sickness) -> Sickness:
        SICK[make.__name__] = (make, names)
        return make

    return register


@sick("digits", "blobs", "friedman", "moons")
def rate_too_high(d, random, i):
    rates = {"sgd": (8.0, 30.0, 100.0), "adam": (0.5, 1.0, 3.0), "momentum": (2.0, 5.0, 10.0)}
    name = ("sgd", "adam", "momentum")[i % 3]
    if d.kind == "regression":
        name = "adam"
    return (
        d,
        {"activation": ("sigmoid", "relu", "tanh")[i % 3], "hidden": ((30,), (32, 32))[i % 2]},
        {"optimizer": name, "learning_rate": rates[name][i % 3]},
    )


@sick("digits", "blobs", "friedman", "wine")
def rate_too_low(d, random, i):
    return (
        d,
        {"activation": ("relu", "tanh")[i % 2]},
        {"optimizer": ("sgd", "adam")[i % 2], "learning_rate": (1e-5, 1e-6, 3e-6)[i % 3]},
    )


@sick("digits", "blobs", "friedman")
def rate_decayed_early(d, random, i):
    from shinso.optim import Exponential

    return (
        d,
        {},
        {
            "optimizer": "adam",
            "learning_rate": 0.003,
            "schedule": lambda rate, steps: Exponential(rate, 1e-7, max(2, steps // 30)),
        },
    )


@sick("diabetes", "friedman", "digits")
def diverged(d, random, i):
    return (
        d,
        {"hidden": (32, 32)},
        {"optimizer": "sgd", "learning_rate": (3.0, 10.0, 1e8)[i % 3 if d.kind == "regression" else 2]},
    )


@sick("digits", "blobs")
def output_saturation(d, random, i):
    return (
        d,
        {"activation": "sigmoid", "bias_init": ["zeros", {"name": "constant", "value": 12.0}]},
        {"likelihood": "sigmoid_quadratic", "optimizer": "sgd", "learning_rate": 0.5},
    )


@sick("digits", "blobs", "friedman")
def hidden_saturation(d, random, i):
    return (
        d,
        {
            "activation": ("sigmoid", "tanh")[i % 2],
            "hidden": (30, 30),
            "weight_init": {"name": "standard_normal"}
            if False
            else {"name": "glorot_normal", "gain": (12.0, 30.0)[i % 2]},
        },
        {"optimizer": "sgd", "learning_rate": 0.05},
    )


@sick("digits", "blobs", "moons")
def vanishing_gradient(d, random, i):
    return d, {"activation": "sigmoid", "hidden": (24,) * (5, 6, 8)[i % 3]}, {"optimizer": "sgd", "learning_rate": 0.3}


@sick("digits", "blobs")
def exploding_gradient(d, random, i):
    return (
        d,
        {
            "activation": ("tanh", "relu")[i % 2] if False else "relu",
            "hidden": (24,) * (8, 10)[i % 2],
            "weight_init": {"name": "he_normal", "gain": 3.0},
        },
        {"optimizer": "sgd", "learning_rate": 0.01},
    )


@sick("digits", "blobs", "friedman")
def dead_units(d, random, i):
    return (
        d,
        {"activation": "relu", "bias_init": [{"name": "constant", "value": -30.0}, "zeros"]},
        {"optimizer": "sgd", "learning_rate": 0.1},
    )


@sick("digits", "blobs", "friedman")
def bad_scale(d, random, i):
    return (
        d,
        {
            "activation": ("relu", "tanh")[i % 2],
            "hidden": (32, 32, 32),
            "weight_init": {"name": "he_normal", "gain": (0.01, 0.003)[i % 2]},
        },
        {"optimizer": "sgd", "learning_rate": 0.05},
    )


@sick("digits", "blobs", "friedman")
def symmetric_start(d, random, i):
    return (
        d,
        {"activation": ("tanh", "sigmoid")[i % 2], "weight_init": ("zeros", {"name": "constant", "value": 0.1})[i % 2]},
        {},
    )


@sick("digits", "wine", "blobs", "friedman")
def unscaled_inputs(d, random, i):
    factor = 255.0 if d.X.min() >= 0 else np.exp(random.uniform(-3, 7, d.X.shape[1]))
    shift = 0 if d.X.min() >= 0 else 3 * factor
    return (
        d._replace(X=(d.X * factor + shift).astype("f"), V=(d.V * factor + shift).astype("f")),
        {"activation": ("relu", "tanh")[i % 2]},
        {"optimizer": ("sgd", "adam")[i % 2], "learning_rate": (0.05, 0.003)[i % 2]},
    )


@sick("blobs", "wine", "friedman")
def constant_inputs(d, random, i):
    X, V = d.X.copy(), d.V.copy()
    chosen = (
        random.choice(X.shape[1], X.shape[1] // 2, replace=False)
        if i % 2
        else random.choice(X.shape[1], 2, replace=False)
    )
    X[:, chosen], V[:, chosen] = 1.0, 1.0
    return d._replace(X=X, V=V), {}, {}


@sick("blobs", "wine", "friedman")
def duplicate_inputs(d, random, i):
    if i % 2:
        return d._replace(X=np.hstack([d.X, d.X[:, :3]]), V=np.hstack([d.V, d.V[:, :3]])), {}, {}
    again = random.choice(len(d.X) // 3, len(d.X), replace=True)
    return d._replace(X=d.X[again], y=d.y[again]), {}, {"epochs": 15}


@sick("blobs", "wine", "friedman")
def far_inputs(d, random, i):
    V = d.V.copy()
    V[:, random.choice(V.shape[1], 2, replace=False)] *= 40
    return d._replace(V=V), {}, {}


@sick("diabetes", "friedman", "blobs", "moons")
def overfitting(d, random, i):
    keep = 80
    X, V = (np.hstack([Z, random.normal(size=(len(Z), 30)).astype("f")]) for Z in (d.X[:keep], d.V))
    return (
        d._replace(X=X, y=d.y[:keep], V=V),
        {"hidden": (128, 128)},
        {"epochs": 150, "learning_rate": 0.003, "batch_size": 16},
    )


@sick("moons", "friedman")
def underfitting(d, random, i):
    return (
        d,
        {"builder": "linear"} if i % 2 else {"hidden": (1,), "activation": "tanh"},
        {"learning_rate": 0.01, "epochs": 60},
    )


@sick("digits", "blobs", "friedman", "wine")
def too_much_penalty(d, random, i):
    return d, {}, {"l2": (1.0, 3.0, 0.5)[i % 3], "epochs": 40}


@sick("digits", "blobs", "friedman")
def stopped_early(d, random, i):
    return (
        d,
        {},
        {"epochs": (2, 3)[i % 2], "optimizer": "adam", "learning_rate": 0.0007, "batch_size": 32}
        if False
        else {"epochs": 5, "learning_rate": 0.0006},
    )


@sick("digits", "blobs", "wine")
def label_noise(d, random, i):
    y = d.y.copy()
    flipped = random.random(len(y)) < (0.25, 0.35)[i % 2]
    y[flipped] = random.integers(0, y.max() + 1, flipped.sum())
    return d._replace(y=y), {}, {"epochs": 60}


@sick("digits", "blobs", "wine", "friedman")
def shuffled_labels(d, random, i):
    return d._replace(y=random.permutation(d.y), w=random.permutation(d.w)), {"hidden": (64,)}, {"epochs": 40}


@sick("blobs", "moons", "digits")
def class_imbalance(d, random, i):
    def thin(X, y):
        keep = (y == 0) | (random.random(len(y)) < 0.05)
        return X[keep], (y[keep] > 0).astype(np.int32)

    (X, y), (V, w) = thin(d.X, d.y), thin(d.V, d.w)
    noise = 1.5
    X, V = (Z + random.normal(scale=noise, size=Z.shape).astype("f") for Z in (X, V))
    return d._replace(X=X, y=y, V=V, w=w), {}, {"learning_rate": 0.001, "epochs": 15}


@sick("blobs", "wine", "digits", "friedman")
def leakage(d, random, i):
    if i % 2:
        take = random.choice(len(d.X), len(d.V))
        return d._replace(V=d.X[take], w=d.y[take]), {}, {}
    y, w = (z.reshape(len(z), -1)[:, :1].astype("f") for z in (d.y, d.w))
    return d._replace(X=np.hstack([d.X, y]), V=np.hstack([d.V, w])), {}, {}


@sick("blobs", "friedman")
def ill_conditioned(d, random, i):
    mix = (np.ones((d.X.shape[1],) * 2) + 0.02 * random.normal(size=(d.X.shape[1],) * 2)).astype("f")
    X, V = d.X @ mix, d.V @ mix
    mean, scale = X.mean(axis=0), X.std(axis=0)
    return (
        d._replace(X=(X - mean) / scale, V=(V - mean) / scale),
        {"activation": "tanh"},
        {"optimizer": "sgd", "learning_rate": 0.02},
    )


@sick("digits", "blobs")
def norm_dropout_clash(d, random, i):
    return d, {"normalization": "batch", "dropout": (0.6, 0.7)[i % 2], "hidden": (32, 32, 32)}, {"epochs": 20}


@sick("digits", "blobs")
def batch_too_small(d, random, i):
    return (
        d,
        {"activation": "relu"},
        {"batch_size": (1, 2)[i % 2], "optimizer": "sgd", "learning_rate": (0.4, 0.6)[i % 2], "epochs": 10},
    )


@sick("digits", "blobs", "friedman")
def batch_too_large(d, random, i):
    return d, {}, {"batch_size": 100000, "epochs": 15, "learning_rate": 0.003}


@sick("digits", "blobs", "wine", "iris")
def wrong_cost(d, random, i):
    return d._replace(y=d.y[:, None].astype("f"), w=d.w[:, None].astype("f"), kind="regression"), {}, {}


@sick("digits", "blobs", "friedman")
def sorted_data(d, random, i):
    order = np.argsort(d.y.reshape(len(d.y), -1)[:, 0], kind="stable")
    return (
        d._replace(X=d.X[order], y=d.y[order]),
        {},
        {"shuffle": "none", "optimizer": "sgd", "learning_rate": 0.1, "batch_size": 16},
    )


@sick("friedman", "diabetes")
def target_scale(d, random, i):
    scale, shift = ((1000.0, 5000.0), (1e-4, 0.0), (50.0, 200.0), (1.0, 1e4))[i % 4]
    return (
        d._replace(y=(d.y * scale + shift).astype("f"), w=(d.w * scale + shift).astype("f")),
        {},
        {"learning_rate": 0.003},
    )


@sick("friedman", "blobs")
def too_little_penalty(d, random, i):
    keep = 60
    return (
        d._replace(X=d.X[:keep], y=d.y[:keep]),
        {"hidden": (100,), "activation": "tanh"},
        {"epochs": 400, "learning_rate": 0.02, "batch_size": 20},
    )


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
        print(
            f"{mark} {case.name:32} {codes[:4]} {'' if outcome.better is None else outcome.better} {time.perf_counter() - began:.1f} s",
            flush=True,
        )
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
