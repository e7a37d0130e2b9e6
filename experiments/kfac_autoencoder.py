"""K-FAC beside Adam on the deep autoencoder of Hinton and Salakhutdinov: steps and seconds to the same training cost.

Images of MNIST through 784–1000–500–250–30 and back (`--size whole`), or through 784–250–100–30 and back (`--size small`),
tanh units, cross-entropy, mini-batches of 500. Adam has that of several rates, constant or along a cosine, with which it is
first at K-FAC's last cost for another seed, and is given six times as many steps. The cost is measured on all training
images, at the end of each epoch.

    python experiments/kfac_autoencoder.py --size small --seeds 3    # prints a table, writes the figure
"""

import argparse
import os
from pathlib import Path

import jax
import matplotlib.pyplot as plt
import numpy as np

import shinso
from shinso import nn, optim
from shinso.data import load_mnist
from shinso.objectives import L2, Objective, Reconstruction

HIDDEN = {"small": (250, 100), "whole": (1000, 500, 250)}
CODE, BATCH = 30, 500
RATES = (1e-3, 3e-3, 1e-2)
MORE = 6
ROOT = Path(__file__).resolve().parent.parent


def images(folder: Path | None, count: int) -> np.ndarray:
    """Return the first images for training, `[N, 784]` in 0–1."""
    beside = ROOT.parent / "shared" / "data"
    training, _ = load_mnist(folder or (None if os.environ.get("SHINSO_DATA") or not beside.exists() else beside))
    return training.inputs[:count].reshape(count, -1)


def total_steps(x: np.ndarray, size: str, seed: int, epochs: int, rule: optim.Optimizer) -> np.ndarray:
    """Return steps, seconds without compiling and the cost after each epoch, `[epochs, 3]`."""
    run = shinso.train(
        nn.autoencoder(x.shape[1], CODE, HIDDEN[size], activation="tanh", key=jax.random.key(seed)),
        Objective(Reconstruction(x.shape[1], "bernoulli"), [L2(1e-5)]),
        (x, x),
        validation=(x, x),
        optimizer=rule,
        epochs=epochs,
        batch_size=BATCH,
        seed=seed,
    )
    per_epoch = -(-len(x) // BATCH)
    return np.array(
        [[(i + 1) * per_epoch, row["seconds"], row["validation_loss"]] for i, row in enumerate(run.history.rows)]
    )


def reached(found: np.ndarray, target: float) -> np.ndarray:
    """Return steps and seconds at which a cost is reached; infinite if it is not."""
    below = np.flatnonzero(found[:, 2] <= target)
    return found[below[0], :2] if below.size else np.full(2, np.inf)


def figure(courses: dict[str, list[np.ndarray]], path: Path) -> None:
    """Draw cost against steps and against seconds, a line for each seed."""
    drawn, axes = plt.subplots(1, 2, figsize=(8, 3.2), sharey=True, layout="constrained")
    for number, (name, found) in enumerate(courses.items()):
        for line, one in enumerate(found):
            for axis, column in zip(axes, (0, 1), strict=True):
                axis.plot(one[:, column], one[:, 2], color=f"C{number}", lw=1.2, label=name if line == 0 else None)
    axes[0].set(xlabel="steps", ylabel="cost on all training images", yscale="log")
    axes[1].set(xlabel="seconds, without compiling")
    axes[0].legend(frameon=False)
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
    drawn.savefig(path, metadata={"Date": None})
    plt.close(drawn)


def main() -> None:
    """Print steps and seconds to the cost that both reach, and draw the courses."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--size", choices=HIDDEN, default="small")
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=15, help="of K-FAC; Adam gets six times as many")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rates", type=float, nargs="+", default=RATES, help="of Adam")
    parser.add_argument("--damping", type=float, default=1.0)
    parser.add_argument("--figure", type=Path, default=ROOT / "docs" / "figures" / "kfac_autoencoder.svg")
    options = parser.parse_args()
    x = images(options.data, options.images)

    def with_adam(rate: float, falling: bool, seed: int) -> np.ndarray:
        steps = MORE * options.epochs * -(-len(x) // BATCH)
        rule = optim.optimizer_named("adam", learning_rate=optim.Cosine(rate, steps) if falling else rate)
        return course(x, options.size, seed, MORE * options.epochs, rule)

    def with_kfac(seed: int) -> np.ndarray:
        return course(x, options.size, seed, options.epochs, optim.optimizer_named("kfac", damping=options.damping))

    goal = with_kfac(100)[:, 2].min()
    settings = [(rate, falling) for rate in options.rates for falling in (False, True)]
    trials = {setting: with_adam(*setting, 100) for setting in settings}
    best = min(settings, key=lambda setting: (reached(trials[setting], goal)[0], trials[setting][-1, 2]))
    for (rate, falling), found in trials.items():
        told = f"{reached(found, goal)[0]:.0f} steps to {goal:.2f}, at last {found[-1, 2]:.2f}"
        print(f"Adam {rate:g} {'cosine' if falling else 'constant'}: {told}", flush=True)
    courses: dict[str, list[np.ndarray]] = {"K-FAC": [], "Adam": []}
    print("\n| seed | cost | steps: K-FAC, Adam | ratio | seconds: K-FAC, Adam | ratio |\n|---|---|---|---|---|---|")
    for seed in range(options.seeds):
        kfac, adam = with_kfac(seed), with_adam(*best, seed)
        courses["K-FAC"].append(kfac)
        courses["Adam"].append(adam)
        target = max(kfac[:, 2].min(), adam[:, 2].min())
        (steps, seconds), (more, longer) = reached(kfac, target), reached(adam, target)
        told = f"{steps:.0f}, {more:.0f} | {more / steps:.2f} | {seconds:.1f}, {longer:.1f} | {longer / seconds:.2f}"
        print(f"| {seed} | {target:.2f} | {told} |", flush=True)
    figure(courses, options.figure)


if __name__ == "__main__":
    main()
