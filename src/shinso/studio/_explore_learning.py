"""Explorers of learning: one neuron, speeds of layers, codes, overfitting, optimizers."""

from pathlib import Path
from typing import Any

import jax
import numpy as np

from shinso import nn, optim
from shinso.objectives import Objective, Reconstruction, penalty
from shinso.reproduce import EXPERIMENTS, Context
from shinso.studio._explorer import Choice, Explorer, Figure, Slider, chart, line, remembered
from shinso.studio._recognizer import picture
from shinso.textbook import SURFACES, polynomial_fit, way_over
from shinso.training import train

NOWHERE = Context(Path())
"""Of experiments that keep nothing."""


@remembered
def _neuron(weight: float, bias: float, rate: float) -> Figure:
    costs = {"quadratic": "sigmoid_quadratic", "cross-entropy": "sigmoid_cross_entropy"}
    asked = {"start": (weight, bias), "learning_rate": rate, "epochs": 300, "costs": costs}
    curves = EXPERIMENTS["single_neuron"](asked, (0,), NOWHERE)[0].curves
    epochs = np.arange(1, 301)
    return {
        "charts": [
            chart(
                f"{title} over epochs",
                "epoch",
                title,
                [line(name, epochs, curve[column]) for name, curve in curves.items()],
                range={"y": [0, 1]} if column == "output" else {},
            )
            for column, title in (("output", "output"), ("cost", "cost"))
        ],
        "numbers": [
            [f"output after 300 epochs, {name}", f"{curve['output'][-1]:.3f}"] for name, curve in curves.items()
        ],
        "note": "For the input 1 the neuron is to give 0. Where it starts near 1, the quadratic cost hardly moves it.",
    }


@remembered
def _speeds(layers: int, activation: str, epochs: int, initialization: str) -> Figure:
    network = {
        "source": "digits",
        "network": "mlp",
        "hidden": (30,) * layers,
        "activation": activation,
        "initialization": initialization,
        "likelihood": "sigmoid_cross_entropy",
        "optimizer": "sgd",
        "learning_rate": 0.5,
        "schedule": "constant",
        "epochs": epochs,
    }
    every = 5
    result = EXPERIMENTS["gradient_speeds"]({"networks": {"n": network}, "every": every}, (0,), NOWHERE)[0]
    curves = result.curves["n"]
    start = [curve[0] for curve in curves.values()]
    at = np.arange(len(next(iter(curves.values())))) * every
    return {
        "charts": [
            chart(
                "Speed of learning ‖∂C/∂b‖ of each hidden layer",
                "epoch, on the full batch",
                "‖∂C/∂b‖",
                [line(f"hidden layer {name}", at, curve) for name, curve in curves.items()],
                log=True,
            )
        ],
        "numbers": [[f"layer {k + 1} at the start", f"{value:.3g}"] for k, value in enumerate(start)]
        + ([["last to first layer", f"{start[-1] / start[0]:.1f} times"]] if start[0] > 0 else []),
        "note": "Handwritten digits of 8×8 pixels, 30 units in each hidden layer.",
    }


@remembered
def _codes(seed: int, epochs: int, decay: float) -> Figure:
    eight = np.eye(8, dtype=np.float32)
    run = train(
        nn.autoencoder(8, 3, code_activation="sigmoid", key=jax.random.key(seed)),
        Objective(Reconstruction(8, "bernoulli"), [penalty("l2", strength=decay)]),
        (eight, eight),
        learning_rate=0.05,
        epochs=epochs,
        batch_size=8,
    )
    model: Any = run.model
    codes = np.asarray(model.encode(eight))
    given = run.predict_mean(eight)
    right = int((given.argmax(axis=1) == np.arange(8)).sum())
    words = ["".join("1" if value > 0.5 else "0" for value in code) for code in codes]
    return {
        "charts": [
            chart(
                "Cost over epochs", "epoch", "cost", [line("cost", run.history["epoch"], run.history["cost"])], log=True
            )
        ],
        "pictures": [
            {"title": "codes: 8 things down, 3 units across", **picture(codes)},
            {"title": "what comes out for each", **picture(given)},
        ],
        "numbers": [["given back", f"{right} of 8"], ["different binary codes", f"{len(set(words))} of 8"]]
        + [[f"code of {k}", f"{word}  ({', '.join(f'{v:.2f}' for v in codes[k])})"] for k, word in enumerate(words)],
        "note": "Three units are enough to number eight things: the network finds a binary code, or one not far from it.",
    }


@remembered
def _overfitting(degree: int, noise: float, decay: float, points: int, seed: int) -> Figure:
    random = np.random.default_rng(seed)
    x = np.linspace(0, 1, points)
    y = 2 * x + noise * random.normal(size=points)
    at = np.linspace(0, 1, 201)
    strength = 0.0 if decay <= -8 else 10.0**decay
    fit = polynomial_fit(x, y, degree, at, strength)
    straight = polynomial_fit(x, y, 1, at)
    errors = {
        name: np.sqrt(np.mean((values - 2 * at) ** 2)) for name, values in {"polynomial": fit, "line": straight}.items()
    }
    low, high = float(min(y.min(), 0)) - 0.6, float(max(y.max(), 2)) + 0.6
    return {
        "charts": [
            chart(
                f"{points} points, a polynomial of degree {degree}, and a line",
                "x",
                "y",
                [
                    line(f"degree {degree}", at, fit),
                    line("line", at, straight),
                    line("truth, y = 2x", at, 2 * at, "dashed"),
                    line("points", x, y, "points"),
                ],
                range={"x": [0, 1], "y": [low, high]},
            )
        ],
        "numbers": [
            [f"root mean square error of the {name}, against the truth", f"{value:.3g}"]
            for name, value in errors.items()
        ],
        "note": "λ of the weight decay is 0 at the slider's lowest end. With ten points, degree 9 goes through all of them.",
    }


_MOST_STEPS = 200
_RACERS = ("sgd", "momentum", "nesterov", "rmsprop", "adam")


@remembered
def _race(surface: str, rate: float, steps: int, clip: str) -> Figure:
    chosen = SURFACES[surface]
    left, right, low, high = chosen.view
    across, down = np.linspace(left, right, 90), np.linspace(high, low, 60)
    grid = np.stack(np.meshgrid(across, down), axis=-1).reshape(-1, 2)
    cost = jax.jit(jax.vmap(chosen.cost))
    heights = np.asarray(cost(grid)).reshape(60, 90)
    ranks = heights.ravel().argsort().argsort().reshape(heights.shape) / heights.size
    more = {} if clip == "no" else {"clip_norm": 1.0}
    ways = {
        name: np.asarray(way_over(chosen, optim.optimizer_named(name, learning_rate=10.0**rate, **more), _MOST_STEPS))
        for name in _RACERS
    }
    ways = {name: way[: steps + 1] for name, way in ways.items()}
    costs = {name: np.asarray(cost(way)) for name, way in ways.items()}
    return {
        "charts": [
            chart(
                "Ways over the surface; the darker, the higher",
                "x",
                "y",
                [line(name, way[:, 0], way[:, 1]) for name, way in ways.items()],
                range={"x": [left, right], "y": [low, high]},
                field=picture(ranks),
            ),
            chart(
                "Cost over steps",
                "step",
                "cost",
                [line(name, np.arange(steps + 1), values) for name, values in costs.items()],
            ),
        ],
        "numbers": [[f"cost after {steps} steps, {name}", f"{values[-1]:.4g}"] for name, values in costs.items()],
        "note": "All start at the same place with the same learning rate; a way that leaves the picture has left it.",
    }


LEARNING = (
    Explorer(
        "neuron",
        "One neuron learns slowly",
        "A neuron that is badly wrong should learn fast. With the quadratic cost it does not.",
        "Nielsen, chapter 3, “The cross-entropy cost function”",
        (
            Slider("weight", "first weight w", -4, 4, 0.1, 2),
            Slider("bias", "first bias b", -4, 4, 0.1, 2),
            Slider("rate", "learning rate", 0.01, 2, 0.01, 0.15),
        ),
        _neuron,
    ),
    Explorer(
        "speeds",
        "How fast each layer learns",
        "In a deep network of sigmoid units the first layers learn many times slower than the last one.",
        "Nielsen, chapter 5, “The vanishing gradient problem”",
        (
            Slider("layers", "hidden layers", 1, 4, 1, 3),
            Choice("activation", "activation", ("sigmoid", "tanh", "relu"), "sigmoid"),
            Choice(
                "initialization", "first weights", ("standard_normal", "fan_in_normal", "he_normal"), "fan_in_normal"
            ),
            Slider("epochs", "epochs", 5, 100, 5, 50),
        ),
        _speeds,
    ),
    Explorer(
        "codes",
        "Eight things through three units",
        "A network with three hidden units learns to give back which of eight inputs was on. What code does it find?",
        "The lecture on deep learning, exercise 9-1",
        (
            Slider("seed", "seed of the first weights", 0, 20, 1, 0),
            Slider("epochs", "epochs", 50, 2000, 50, 800),
            Slider("decay", "weight decay λ", 0, 0.01, 0.0005, 0),
        ),
        _codes,
    ),
    Explorer(
        "overfitting",
        "A polynomial through every point",
        "The more a polynomial can bend, the better it fits the points, and the worse it may do between them.",
        "Nielsen, chapter 3, “Why does regularization help reduce overfitting?”",
        (
            Slider("degree", "degree", 1, 12, 1, 9),
            Slider("points", "points", 4, 40, 1, 10),
            Slider("noise", "noise", 0, 1, 0.05, 0.25),
            Slider("decay", "log₁₀ λ of weight decay", -8, 1, 0.5, -8),
            Slider("seed", "seed of the noise", 0, 30, 1, 1),
        ),
        _overfitting,
    ),
    Explorer(
        "race",
        "Optimizers race",
        "A long valley, a saddle and a cliff: what slows one method down, another one hardly notices.",
        "Goodfellow, Bengio and Courville, §8.2 and §8.3",
        (
            Choice("surface", "surface", tuple(SURFACES), "ill-conditioned"),
            Slider("rate", "log₁₀ of the learning rate", -3, 0, 0.1, -1.5),
            Slider("steps", "steps", 10, _MOST_STEPS, 10, 80),
            Choice("clip", "gradients clipped at norm 1", ("no", "yes"), "no"),
        ),
        _race,
    ),
)
