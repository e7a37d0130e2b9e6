"""The adding problem over 150 steps: does an LSTM learn it sooner when short sequences come first?

Each step has a number from [0, 1] and a mark; two steps are marked, one in each half, and the target is the sum of their
numbers. To answer always 1 has a mean squared error of 1/6. There are 1,000 training sequences of 5 to 150 steps; the 300
for testing all have 150. Five stages release the shortest tenth, quarter, half, three quarters, and all; the stochastic
curriculum draws three in ten sequences from all, from the first stage on. All three ways of training take as many steps.

    python experiments/curriculum.py                     # prints the table, writes docs/figures/curriculum.svg
"""

import argparse
from pathlib import Path
from typing import Any

import jax
import matplotlib.pyplot as plt
import numpy as np

from shinso import Objective, nn, objectives, optim
from shinso.training import curriculum

LONGEST, SHORTEST, TRAINING, TEST = 150, 5, 1000, 300
UNITS, STAGE_EPOCHS = 20, 6
SHARES = (0.1, 0.25, 0.5, 0.75, 1.0)
MIXING = {"all at once": 1.0, "curriculum": 0.0, "stochastic curriculum": 0.3}
SETTINGS: dict[str, Any] = {"batch_size": 50, "epochs": STAGE_EPOCHS}
SOLVED = 0.05
ROOT = Path(__file__).resolve().parent.parent
GAUSSIAN = Objective(objectives.likelihood("gaussian"))


def adding(count: int, shortest: int, random: np.random.Generator) -> tuple[nn.Sequences, np.ndarray]:
    """Return sequences of `shortest` to 150 steps, and the sums, less their mean 1."""
    lengths = random.integers(shortest, LONGEST + 1, count).astype(np.int32)
    values = np.zeros((count, LONGEST, 2), np.float32)
    targets = np.zeros((count, 1), np.float32)
    for sequence, target, length in zip(values, targets, lengths, strict=True):
        sequence[:length, 0] = random.random(length)
        marked = [random.integers(0, length // 2), random.integers(length // 2, length)]
        sequence[marked, 1] = 1
        target[0] = sequence[marked, 0].sum() - 1
    return nn.Sequences(values, lengths), targets  # type: ignore[arg-type]


def one_seed(seed: int) -> dict[str, np.ndarray]:
    """Return the mean squared error on long sequences after every epoch, for each way of training."""
    random = np.random.default_rng(seed)
    training, test = adding(TRAINING, SHORTEST, random), adding(TEST, LONGEST, random)
    model = nn.recurrent(2, 1, UNITS, cell="lstm", key=jax.random.key(seed))
    optimizer = optim.optimizer_named("adam", learning_rate=0.005, clip_norm=1.0)
    settings = {**SETTINGS, "optimizer": optimizer, "validation": test, "seed": seed}
    errors = {}
    for name, mixing in MIXING.items():
        lengths = training[0].lengths
        runs = curriculum(model, GAUSSIAN, training, lengths, shares=SHARES, mixing=mixing, **settings).runs
        errors[name] = np.concatenate([run.history["validation_squared_error"] for run in runs])
    return errors


def epochs_until_solved(errors: np.ndarray) -> int | None:
    """Return the first epoch whose error is below the limit, if there is one."""
    below = np.flatnonzero(errors < SOLVED)
    return int(below[0]) + 1 if len(below) else None


def figure(curves: dict[str, np.ndarray], path: Path) -> None:
    """Draw the error of every seed, and the median thicker."""
    plt.rcParams["svg.hashsalt"] = "shinso"
    drawn, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
    for (name, seeds), colour in zip(curves.items(), ("#d4500f", "#3b6fd4", "#0f8577"), strict=True):
        epochs = np.arange(1, seeds.shape[1] + 1)
        axes.semilogy(epochs, seeds.T, color=colour, linewidth=0.6, alpha=0.5)
        axes.semilogy(epochs, np.median(seeds, axis=0), color=colour, linewidth=2, label=name)
    axes.axhline(1 / 6, color="#1b1e23", linewidth=0.8, linestyle="--")
    for end in range(STAGE_EPOCHS, STAGE_EPOCHS * len(SHARES), STAGE_EPOCHS):
        axes.axvline(end + 0.5, color="#9aa1ab", linewidth=0.6, linestyle=":")
    axes.set(xlabel="epoch (dotted: the end of a stage)", ylabel="mean squared error at 150 steps")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    drawn.savefig(path, metadata={"Date": None})
    plt.close(drawn)


def main() -> None:
    """Train with each seed, print the errors, and draw them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--figure", type=Path, default=ROOT / "docs" / "figures" / "curriculum.svg")
    options = parser.parse_args()
    found = [one_seed(seed) for seed in range(options.seeds)]
    curves = {name: np.array([one[name] for one in found]) for name in MIXING}
    half = STAGE_EPOCHS * len(SHARES) // 2
    print(f"mean squared error        median after {half} epochs   at the end   of each seed   epochs until < {SOLVED}")
    for name, seeds in curves.items():
        ends = " ".join(f"{error:.4f}" for error in seeds[:, -1])
        solved = " ".join("–" if epoch is None else str(epoch) for epoch in map(epochs_until_solved, seeds))
        middle = f"{np.median(seeds[:, half - 1]):12.4f} {np.median(seeds[:, -1]):12.4f}"
        print(f"{name:26s} {middle}   ({ends})   ({solved})")
    figure(curves, options.figure)


if __name__ == "__main__":
    main()
