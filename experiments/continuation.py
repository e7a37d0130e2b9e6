"""A cost with many dents, blurred at first: does continuation find what gradient descent misses?

Two tasks. The frequency of a wave, y = sin(20x) with noise, is to be found from a start between 1 and 40: the cost has a
local minimum every few units, and gradient descent ends in the nearest. Blurred with σ, the basin of the right one is about
σ wide. Then a network, 784-50-50-50-50-10 with sigmoid units, on the first 10,000 images of MNIST, where no such dents are
known.

    python experiments/continuation.py                   # prints the table, writes docs/figures/continuation.svg

MNIST is looked for where `shinso.data.load_mnist` looks, else under `../shared/data` beside the project.
"""

import argparse
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Array, Float

from shinso import Objective, data, nn, objectives
from shinso.training import continuation, train

FREQUENCY, POINTS, NOISE, STARTS = 20.0, 200, 0.1, 20
DEVIATIONS = (10.0, 5.0, 2.0, 1.0, 0.0)
DESCENT: dict[str, Any] = {"optimizer": "sgd", "learning_rate": 5.0, "batch_size": POINTS}
STAGE_EPOCHS = 400
NETWORK_DEVIATIONS = (0.03, 0.01, 0.0)
NETWORK: dict[str, Any] = {"optimizer": "sgd", "learning_rate": 0.5, "batch_size": 50}
NETWORK_STAGE_EPOCHS = 10
ROOT = Path(__file__).resolve().parent.parent


class Wave(eqx.Module):
    """x → sin(ωx)."""

    frequency: Float[Array, ""]

    def __call__(self, x: Float[Array, "N 1"], *, key: Array | None = None) -> Float[Array, "N 1"]:
        """Return the wave at x."""
        return jnp.sin(self.frequency * x)


def points(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return x and noisy y."""
    x = np.linspace(-1, 1, POINTS)[:, None]
    return x, np.sin(FREQUENCY * x) + NOISE * np.random.default_rng(seed).normal(size=x.shape)


def frequencies(seed: int) -> np.ndarray:
    """Return rows of (start, found by gradient descent, found by continuation)."""
    gaussian, rows = Objective(objectives.likelihood("gaussian")), []
    for number, start in enumerate(np.random.default_rng((seed, 1)).uniform(1, 40, STARTS)):
        model, settings = Wave(jnp.asarray(start, float)), {**DESCENT, "seed": STARTS * seed + number}
        plain = train(model, gaussian, points(seed), epochs=STAGE_EPOCHS * len(DEVIATIONS), **settings).model
        blurred = continuation(
            model, gaussian, points(seed), standard_deviations=DEVIATIONS, epochs=STAGE_EPOCHS, **settings
        ).model
        rows.append((start, float(plain.frequency), float(blurred.frequency)))  # type: ignore[attr-defined]
    return np.array(rows)


def mnist() -> tuple[data.Dataset, data.Dataset]:
    """Return the training images used, and the test images."""
    beside = ROOT.parent / "shared" / "data"
    complete = any(place.complete for place in data.locate())
    training, test = data.load_mnist(None if complete or not beside.exists() else beside)
    return training.take(np.arange(10_000)), test


def network(seed: int, training: data.Dataset, test: data.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return the test accuracy after every epoch, of gradient descent and of continuation."""
    categorical = Objective(objectives.likelihood("categorical"))
    model = nn.mlp((28, 28, 1), 10, (50,) * 4, activation="sigmoid", key=jax.random.key(seed))
    settings = {**NETWORK, "validation": test, "seed": seed}
    epochs = NETWORK_STAGE_EPOCHS * len(NETWORK_DEVIATIONS)
    plain = train(model, categorical, training, epochs=epochs, **settings).history["validation_accuracy"]
    runs = continuation(
        model, categorical, training, standard_deviations=NETWORK_DEVIATIONS, epochs=NETWORK_STAGE_EPOCHS, **settings
    ).runs
    return plain, np.concatenate([run.history["validation_accuracy"] for run in runs])


def figure(found: np.ndarray, path: Path) -> None:
    """Draw the blurred costs, and where each start led."""
    plt.rcParams["svg.hashsalt"] = "shinso"
    drawn, (left, right) = plt.subplots(1, 2, figsize=(8, 3.6), layout="constrained")
    x, y = points(0)
    grid, normal = np.linspace(0, 40, 401), np.random.default_rng(0).normal(size=4000)
    for number, deviation in enumerate(DEVIATIONS[::-1]):
        wave = [np.mean(np.sin((one + deviation * normal) * x), axis=1) for one in grid]
        square = [np.mean(np.sin((one + deviation * normal) * x) ** 2, axis=1) for one in grid]
        cost = [0.5 * np.mean(s - 2 * w * y[:, 0] + y[:, 0] ** 2) for w, s in zip(wave, square, strict=True)]
        left.plot(grid, cost, color=plt.cm.viridis(number / len(DEVIATIONS)), label=f"σ = {deviation:g}")
    left.set(xlabel="frequency", ylabel="cost")
    left.legend(frameon=False, fontsize=8)
    right.axhline(FREQUENCY, color="#9aa1ab", linewidth=0.8)
    right.plot(found[:, 0], found[:, 1], "x", color="#d4500f", markersize=4, label="gradient descent")
    right.plot(found[:, 0], found[:, 2], "o", color="#3b6fd4", markersize=3, label="continuation")
    right.set(xlabel="start", ylabel="found")
    right.legend(frameon=False, fontsize=8)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    drawn.savefig(path, metadata={"Date": None})
    plt.close(drawn)


def main() -> None:
    """Run both tasks with each seed, print what was found, and draw the first."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--figure", type=Path, default=ROOT / "docs" / "figures" / "continuation.svg")
    options = parser.parse_args()
    found = np.array([frequencies(seed) for seed in range(options.seeds)])
    right = 100 * np.mean(np.abs(found[:, :, 1:] - FREQUENCY) < 0.1, axis=1)
    print(f"share of {STARTS} starts that end at the right frequency, % for each seed")
    for name, shares in zip(("gradient descent", "continuation"), right.T, strict=True):
        each = " ".join(f"{share:.0f}" for share in shares)
        print(f"{name:18s} {shares.mean():5.1f} ± {shares.std(ddof=1):4.1f}   ({each})")
    figure(found.reshape(-1, 3), options.figure)
    training, test = mnist()
    curves = np.array([network(seed, training, test) for seed in range(options.seeds)])
    print("test accuracy of the network      after 5 epochs      after 10     at the end")
    for name, seeds in zip(("gradient descent", "continuation"), 100 * curves.transpose(1, 0, 2), strict=True):
        figures = (f"{seeds[:, i].mean():6.2f} ± {seeds[:, i].std(ddof=1):5.2f}" for i in (4, 9, -1))
        print(f"{name:30s} {'  '.join(figures)}")
    gain = 100 * (curves[:, 1, -1] - curves[:, 0, -1])
    print(
        f"gain of continuation at the end: {gain.mean():.2f} ± {gain.std(ddof=1) / len(gain) ** 0.5:.2f} (standard error)"
    )


if __name__ == "__main__":
    main()
