"""Data sets, and what makes a network on them ill: for `diagnosis.py`."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from sklearn import datasets

from shinso.optim import Exponential


class Arrays(NamedTuple):
    """Training and validation examples, and what they are."""

    X: np.ndarray
    y: np.ndarray
    V: np.ndarray
    w: np.ndarray
    kind: str


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
    y = ((y - y.mean()) / y.std())[:, None].astype(np.float32) if kind == "regression" else y.astype(np.int32)
    cut = len(X) * 4 // 5
    return Arrays(X[:cut], y[:cut], X[cut:], y[cut:], kind)


CLASSES, NUMBERS = ("digits", "blobs", "wine", "moons"), ("friedman", "diabetes")
ALL = (*CLASSES, *NUMBERS)
Ill = tuple[Arrays, dict[str, Any], dict[str, Any]]
Sickness = Callable[[Arrays, np.random.Generator, int], Ill]
SICK: dict[str, tuple[Sickness, tuple[str, ...]]] = {}


def sick(*names: str) -> Callable[[Sickness], Sickness]:
    """Register a way to make runs ill, and the data it is for."""

    def register(make: Sickness) -> Sickness:
        SICK[make.__name__[1:]] = (make, names)
        return make

    return register


@sick("digits", "blobs", "friedman", "moons")
def _rate_too_high(d: Arrays, random: np.random.Generator, i: int) -> Ill:
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
def _rate_too_low(d: Arrays, random: np.random.Generator, i: int) -> Ill:
    return (
        d,
        {"activation": ("relu", "tanh")[i % 2]},
        {"optimizer": ("sgd", "adam")[i % 2], "learning_rate": (1e-5, 1e-6, 3e-6)[i % 3]},
    )


@sick("digits", "blobs", "friedman")
def _rate_decayed_early(d: Arrays, random: np.random.Generator, i: int) -> Ill:
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
def _diverged(d: Arrays, random: np.random.Generator, i: int) -> Ill:
    return (
        d,
        {"hidden": (32, 32)},
        {"optimizer": "sgd", "learning_rate": (3.0, 10.0, 1e8)[i % 3 if d.kind == "regression" else 2]},
    )


@sick("digits", "blobs")
def _output_saturation(d: Arrays, random: np.random.Generator, i: int) -> Ill:
    return (
        d,
        {"activation": "sigmoid", "bias_init": ["zeros", {"name": "constant", "value": 12.0}]},
        {"likelihood": "sigmoid_quadratic", "optimizer": "sgd", "learning_rate": 0.5},
    )


@sick("digits", "blobs", "friedman")
def _hidden_saturation(d: Arrays, random: np.random.Generator, i: int) -> Ill:
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
def _vanishing_gradient(d: Arrays, random: np.random.Generator, i: int) -> Ill:
    return d, {"activation": "sigmoid", "hidden": (24,) * (5, 6, 8)[i % 3]}, {"optimizer": "sgd", "learning_rate": 0.3}


@sick("digits", "blobs")
def _exploding_gradient(d: Arrays, random: np.random.Generator, i: int) -> Ill:
    return (
        d,
        {
            "activation": "relu",
            "hidden": (24,) * (8, 10)[i % 2],
            "weight_init": {"name": "he_normal", "gain": 3.0},
        },
        {"optimizer": "sgd", "learning_rate": 0.01},
    )


@sick("digits", "blobs", "friedman")
def _dead_units(d: Arrays, random: np.random.Generator, i: int) -> Ill:
    return (
        d,
        {"activation": "relu", "bias_init": [{"name": "constant", "value": -30.0}, "zeros"]},
        {"optimizer": "sgd", "learning_rate": 0.1},
    )


@sick("digits", "blobs", "friedman")
def _bad_scale(d: Arrays, random: np.random.Generator, i: int) -> Ill:
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
def _symmetric_start(d: Arrays, random: np.random.Generator, i: int) -> Ill:
    return (
        d,
        {"activation": ("tanh", "sigmoid")[i % 2], "weight_init": ("zeros", {"name": "constant", "value": 0.1})[i % 2]},
        {},
    )


@sick("digits", "wine", "blobs", "friedman")
def _unscaled_inputs(d: Arrays, random: np.random.Generator, i: int) -> Ill:
    factor = 255.0 if d.X.min() >= 0 else np.exp(random.uniform(-3, 7, d.X.shape[1]))
    shift = 0 if d.X.min() >= 0 else 3 * factor
    return (
        d._replace(X=(d.X * factor + shift).astype("f"), V=(d.V * factor + shift).astype("f")),
        {"activation": ("relu", "tanh")[i % 2]},
        {"optimizer": ("sgd", "adam")[i % 2], "learning_rate": (0.05, 0.003)[i % 2]},
    )


@sick("blobs", "wine", "friedman")
def _constant_inputs(d: Arrays, random: np.random.Generator, i: int) -> Ill:
    X, V = d.X.copy(), d.V.copy()
    chosen = (
        random.choice(X.shape[1], X.shape[1] // 2, replace=False)
        if i % 2
        else random.choice(X.shape[1], 2, replace=False)
    )
    X[:, chosen], V[:, chosen] = 1.0, 1.0
    return d._replace(X=X, V=V), {}, {}


@sick("blobs", "wine", "friedman")
def _duplicate_inputs(d: Arrays, random: np.random.Generator, i: int) -> Ill:
    if i % 2:
        return d._replace(X=np.hstack([d.X, d.X[:, :3]]), V=np.hstack([d.V, d.V[:, :3]])), {}, {}
    again = random.choice(len(d.X) // 3, len(d.X), replace=True)
    return d._replace(X=d.X[again], y=d.y[again]), {}, {"epochs": 15}


@sick("blobs", "wine", "friedman")
def _far_inputs(d: Arrays, random: np.random.Generator, i: int) -> Ill:
    V = d.V.copy()
    V[:, random.choice(V.shape[1], 2, replace=False)] *= 40
    return d._replace(V=V), {}, {}


@sick("diabetes", "friedman", "blobs", "moons")
def _overfitting(d: Arrays, random: np.random.Generator, i: int) -> Ill:
    keep = 80
    X, V = (np.hstack([Z, random.normal(size=(len(Z), 30)).astype("f")]) for Z in (d.X[:keep], d.V))
    return (
        d._replace(X=X, y=d.y[:keep], V=V),
        {"hidden": (128, 128)},
        {"epochs": 150, "learning_rate": 0.003, "batch_size": 16},
    )


@sick("moons", "friedman")
def _underfitting(d: Arrays, random: np.random.Generator, i: int) -> Ill:
    return (
        d,
        {"builder": "linear"} if i % 2 else {"hidden": (1,), "activation": "tanh"},
        {"learning_rate": 0.01, "epochs": 60},
    )


@sick("digits", "blobs", "friedman", "wine")
def _too_much_penalty(d: Arrays, random: np.random.Generator, i: int) -> Ill:
    return d, {}, {"l2": (1.0, 3.0, 0.5)[i % 3], "epochs": 40}


@sick("digits", "blobs", "friedman")
def _stopped_early(d: Arrays, random: np.random.Generator, i: int) -> Ill:
    return (
        d,
        {},
        {"epochs": 5, "learning_rate": 0.0006},
    )


@sick("digits", "blobs", "wine")
def _label_noise(d: Arrays, random: np.random.Generator, i: int) -> Ill:
    y = d.y.copy()
    flipped = random.random(len(y)) < (0.25, 0.35)[i % 2]
    y[flipped] = random.integers(0, y.max() + 1, flipped.sum())
    return d._replace(y=y), {}, {"epochs": 60}


@sick("digits", "blobs", "wine", "friedman")
def _shuffled_labels(d: Arrays, random: np.random.Generator, i: int) -> Ill:
    return d._replace(y=random.permutation(d.y), w=random.permutation(d.w)), {"hidden": (64,)}, {"epochs": 40}


@sick("blobs", "moons", "digits")
def _class_imbalance(d: Arrays, random: np.random.Generator, i: int) -> Ill:
    def thin(X, y):
        keep = (y == 0) | (random.random(len(y)) < 0.05)
        return X[keep], (y[keep] > 0).astype(np.int32)

    (X, y), (V, w) = thin(d.X, d.y), thin(d.V, d.w)
    X, V = (Z + random.normal(scale=1.5, size=Z.shape).astype("f") for Z in (X, V))
    return d._replace(X=X, y=y, V=V, w=w), {}, {"learning_rate": 0.001, "epochs": 15}


@sick("blobs", "wine", "digits", "friedman")
def _leakage(d: Arrays, random: np.random.Generator, i: int) -> Ill:
    if i % 2:
        take = random.choice(len(d.X), len(d.V))
        return d._replace(V=d.X[take], w=d.y[take]), {}, {}
    y, w = (z.reshape(len(z), -1)[:, :1].astype("f") for z in (d.y, d.w))
    return d._replace(X=np.hstack([d.X, y]), V=np.hstack([d.V, w])), {}, {}


@sick("blobs", "friedman")
def _ill_conditioned(d: Arrays, random: np.random.Generator, i: int) -> Ill:
    mix = (np.ones((d.X.shape[1],) * 2) + 0.02 * random.normal(size=(d.X.shape[1],) * 2)).astype("f")
    X, V = d.X @ mix, d.V @ mix
    mean, scale = X.mean(axis=0), X.std(axis=0)
    return (
        d._replace(X=(X - mean) / scale, V=(V - mean) / scale),
        {"activation": "tanh"},
        {"optimizer": "sgd", "learning_rate": 0.02},
    )


@sick("digits", "blobs")
def _norm_dropout_clash(d: Arrays, random: np.random.Generator, i: int) -> Ill:
    return d, {"normalization": "batch", "dropout": (0.6, 0.7)[i % 2], "hidden": (32, 32, 32)}, {"epochs": 20}


@sick("digits", "blobs")
def _batch_too_small(d: Arrays, random: np.random.Generator, i: int) -> Ill:
    return (
        d,
        {"activation": "relu"},
        {"batch_size": (1, 2)[i % 2], "optimizer": "sgd", "learning_rate": (0.4, 0.6)[i % 2], "epochs": 10},
    )


@sick("digits", "blobs", "friedman")
def _batch_too_large(d: Arrays, random: np.random.Generator, i: int) -> Ill:
    return d, {}, {"batch_size": 100000, "epochs": 15, "learning_rate": 0.003}


@sick("digits", "blobs", "wine", "iris")
def _wrong_cost(d: Arrays, random: np.random.Generator, i: int) -> Ill:
    return d._replace(y=d.y[:, None].astype("f"), w=d.w[:, None].astype("f"), kind="regression"), {}, {}


@sick("digits", "blobs", "friedman")
def _sorted_data(d: Arrays, random: np.random.Generator, i: int) -> Ill:
    order = np.argsort(d.y.reshape(len(d.y), -1)[:, 0], kind="stable")
    return (
        d._replace(X=d.X[order], y=d.y[order]),
        {},
        {"shuffle": "none", "optimizer": "sgd", "learning_rate": 0.1, "batch_size": 16},
    )


@sick("friedman", "diabetes")
def _target_scale(d: Arrays, random: np.random.Generator, i: int) -> Ill:
    scale, shift = ((1000.0, 5000.0), (1e-4, 0.0), (50.0, 200.0), (1.0, 1e4))[i % 4]
    return (
        d._replace(y=(d.y * scale + shift).astype("f"), w=(d.w * scale + shift).astype("f")),
        {},
        {"learning_rate": 0.003},
    )


@sick("friedman", "blobs")
def _too_little_penalty(d: Arrays, random: np.random.Generator, i: int) -> Ill:
    keep = 60
    return (
        d._replace(X=d.X[:keep], y=d.y[:keep]),
        {"hidden": (100,), "activation": "tanh"},
        {"epochs": 400, "learning_rate": 0.02, "batch_size": 20},
    )
