"""A student deeper and thinner than its teacher: does it help to be told the teacher's features, and its probabilities?

The first 5,000 training images of MNIST, the 10,000 test images. Teacher: 784-300-10, rectified linear units, dropout ½.
Student: ten layers of 20 units, with a twelfth of the teacher's parameters. It learns from labels, from labels and the
teacher's probabilities (distillation), and either of them after hints: its fifth layer first learns to foretell the
teacher's hidden features through a linear regressor.

    python experiments/hints.py                          # prints the table, writes docs/figures/hints.svg

MNIST is looked for where `shinso.data.load_mnist` looks, else under `../shared/data` beside the project.
"""

import argparse
from pathlib import Path
from typing import Any

import jax
import matplotlib.pyplot as plt
import numpy as np

from shinso import Objective, data, nn, objectives
from shinso.training import Run, distill, fit_hints, train

EXAMPLES = 5000
LAYERS, UNITS = 10, 20
PAIR = (1 + 2 * (LAYERS // 2), 3)
"""Layers up to the activation of the student's fifth, and of the teacher's only hidden layer, the flattening included."""
EPOCHS, HINT_EPOCHS = 40, 20
TEMPERATURE, WEIGHT = 4.0, 0.5
SETTINGS: dict[str, Any] = {"optimizer": "adam", "learning_rate": 0.001, "batch_size": 50}
ROOT = Path(__file__).resolve().parent.parent
CATEGORICAL = Objective(objectives.likelihood("categorical"))


def mnist() -> tuple[data.Dataset, data.Dataset]:
    """Return the training images used, and the test images."""
    beside = ROOT.parent / "shared" / "data"
    complete = any(place.complete for place in data.locate())
    training, test = data.load_mnist(None if complete or not beside.exists() else beside)
    return training.take(np.arange(EXAMPLES)), test


def teach(training: data.Dataset, test: data.Dataset) -> Run:
    """Return the trained teacher."""
    teacher = nn.mlp((28, 28, 1), 10, (300,), dropout=0.5, key=jax.random.key(1000))
    return train(teacher, CATEGORICAL, training, validation=test, epochs=40, **SETTINGS)


def one_seed(seed: int, teacher: nn.Sequential, training: data.Dataset, test: data.Dataset) -> dict[str, np.ndarray]:
    """Return the test accuracy after every epoch, for each way of training."""
    settings = {**SETTINGS, "validation": test, "seed": seed}
    student = nn.mlp((28, 28, 1), 10, (UNITS,) * LAYERS, key=jax.random.key(seed))
    guided = fit_hints(student, teacher, training.inputs, [PAIR], epochs=HINT_EPOCHS, seed=seed, **SETTINGS).model

    def labels(model: nn.Sequential, epochs: int) -> np.ndarray:
        return train(model, CATEGORICAL, training, epochs=epochs, **settings).history["validation_accuracy"]

    def taught(model: nn.Sequential, epochs: int) -> np.ndarray:
        run = distill(model, teacher, training, temperature=TEMPERATURE, weight=WEIGHT, epochs=epochs, **settings)
        return run.history["validation_accuracy"]

    return {
        "labels": labels(student, EPOCHS + HINT_EPOCHS),
        "distillation": taught(student, EPOCHS + HINT_EPOCHS),
        "hints, then labels": labels(guided, EPOCHS),
        "hints, then distillation": taught(guided, EPOCHS),
    }


def figure(curves: dict[str, np.ndarray], teacher: float, path: Path) -> None:
    """Draw the mean test accuracy over the seeds, and their range."""
    plt.rcParams["svg.hashsalt"] = "shinso"
    drawn, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
    for (name, seeds), colour in zip(curves.items(), ("#d4500f", "#c9a227", "#3b6fd4", "#0f8577"), strict=True):
        start = 1 + (HINT_EPOCHS if name.startswith("hints") else 0)
        epochs = np.arange(start, start + seeds.shape[1])
        axes.plot(epochs, 100 * seeds.mean(axis=0), color=colour, label=name)
        axes.fill_between(
            epochs, 100 * seeds.min(axis=0), 100 * seeds.max(axis=0), color=colour, alpha=0.12, linewidth=0
        )
    axes.axhline(100 * teacher, color="#1b1e23", linewidth=0.8, linestyle="--")
    axes.annotate("teacher", (1, 100 * teacher + 0.3), fontsize=9)
    axes.set(xlabel=f"epoch (the first {HINT_EPOCHS} after hints are those of the hints)", ylim=(75, 98))
    axes.set_ylabel("test accuracy, %")
    axes.legend(frameon=False, loc="lower right")
    axes.spines[["top", "right"]].set_visible(False)
    drawn.savefig(path, metadata={"Date": None})
    plt.close(drawn)


def main() -> None:
    """Train the teacher once and the students with each seed, print the accuracies, and draw them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--figure", type=Path, default=ROOT / "docs" / "figures" / "hints.svg")
    options = parser.parse_args()
    training, test = mnist()
    teacher = teach(training, test)
    accuracy = float(teacher.history["validation_accuracy"][-1])
    print(f"teacher: {accuracy:.2%}")
    found = [one_seed(seed, teacher.model, training, test) for seed in range(options.seeds)]  # type: ignore[arg-type]
    curves = {name: np.array([one[name] for one in found]) for name in found[0]}
    plain = curves["labels"][:, -1]
    print("test accuracy               mean ± sd of the seeds     least    gain over labels, and its standard error")
    for name, seeds in curves.items():
        last = seeds[:, -1]
        gain = 100 * (last - plain)
        summary = f"{100 * last.mean():8.2f} ± {100 * last.std(ddof=1):4.2f} {100 * last.min():15.2f}"
        print(f"{name:26s} {summary} {gain.mean():12.2f} ± {gain.std(ddof=1) / len(gain) ** 0.5:4.2f}")
    gain = 100 * (curves["hints, then distillation"][:, -1] - curves["distillation"][:, -1])
    print(f"gain of hints over distillation alone: {gain.mean():.2f} ± {gain.std(ddof=1) / len(gain) ** 0.5:.2f}")
    figure(curves, accuracy, options.figure)


if __name__ == "__main__":
    main()
