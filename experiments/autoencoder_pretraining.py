"""Six sigmoid layers of 50 units: do they learn digits from random weights, and after pre-training with autoencoders?

The first 10,000 training images of MNIST, the 10,000 test images; 784-50-50-50-50-50-50-10, Glorot's initial weights.
Gradient descent from there stays where it is: the gradient that reaches the first layers is too small. Pre-training gives
each hidden layer the weights of an autoencoder on the codes of the layer below, without a label; then gradient descent.

    python experiments/autoencoder_pretraining.py        # prints the table, writes docs/figures/autoencoder_pretraining.svg

MNIST is looked for where `shinso.data.load_mnist` looks, else under `../shared/data` beside the project.
"""

import argparse
from pathlib import Path
from typing import Any

import jax
import matplotlib.pyplot as plt
import numpy as np

from shinso import Objective, data, nn, objectives
from shinso.training import pretrain_autoencoders, train

EXAMPLES, LAYERS, UNITS = 10_000, 6, 50
EPOCHS, STAGE_EPOCHS = 30, 10
TUNING: dict[str, Any] = {"optimizer": "sgd", "learning_rate": 0.5, "batch_size": 50}
ADAM: dict[str, Any] = {"optimizer": "adam", "learning_rate": 0.001, "batch_size": 50}
PRETRAINING: dict[str, Any] = {"optimizer": "adam", "learning_rate": 0.003, "batch_size": 50, "epochs": STAGE_EPOCHS}
ROOT = Path(__file__).resolve().parent.parent
CATEGORICAL = Objective(objectives.likelihood("categorical"))


def mnist() -> tuple[data.Dataset, data.Dataset]:
    """Return the training images used, and the test images."""
    beside = ROOT.parent / "shared" / "data"
    complete = any(place.complete for place in data.locate())
    training, test = data.load_mnist(None if complete or not beside.exists() else beside)
    return training.take(np.arange(EXAMPLES)), test


def one_seed(seed: int, training: data.Dataset, test: data.Dataset) -> dict[str, np.ndarray]:
    """Return the test accuracy after every epoch, for each way of training."""
    network = nn.mlp((28, 28, 1), 10, (UNITS,) * LAYERS, activation="sigmoid", key=jax.random.key(seed))
    pretrained = pretrain_autoencoders(network, training.inputs, seed=seed, **PRETRAINING).model

    def accuracy(model: nn.Sequential, epochs: int, settings: dict[str, Any]) -> np.ndarray:
        run = train(model, CATEGORICAL, training, validation=test, epochs=epochs, seed=seed, **settings)
        return run.history["validation_accuracy"]

    return {
        "gradient descent": accuracy(network, EPOCHS + LAYERS * STAGE_EPOCHS, TUNING),
        "pre-training, then gradient descent": accuracy(pretrained, EPOCHS, TUNING),
        "Adam": accuracy(network, EPOCHS, ADAM),
        "pre-training, then Adam": accuracy(pretrained, EPOCHS, ADAM),
    }


def figure(curves: dict[str, np.ndarray], path: Path) -> None:
    """Draw the test accuracy of every seed."""
    plt.rcParams["svg.hashsalt"] = "shinso"
    drawn, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
    for (name, seeds), colour in zip(curves.items(), ("#d4500f", "#3b6fd4", "#c9a227", "#0f8577"), strict=True):
        axes.plot(np.arange(1, EPOCHS + 1), 100 * seeds[:, :EPOCHS].T, color=colour, linewidth=1.2)
        axes.plot([], [], color=colour, label=name)
    axes.set(xlabel="epoch", ylabel="test accuracy, %", ylim=(0, 100))
    axes.legend(frameon=False, loc="center right")
    axes.spines[["top", "right"]].set_visible(False)
    drawn.savefig(path, metadata={"Date": None})
    plt.close(drawn)


def main() -> None:
    """Train with each seed, print the accuracies, and draw them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--figure", type=Path, default=ROOT / "docs" / "figures" / "autoencoder_pretraining.svg")
    options = parser.parse_args()
    training, test = mnist()
    found = [one_seed(seed, training, test) for seed in range(options.seeds)]
    curves = {name: np.array([one[name] for one in found]) for name in found[0]}
    print("test accuracy, mean ± sd of the seeds       epochs   after 5 epochs      at the end     least")
    for name, seeds in curves.items():
        last, early = 100 * seeds[:, -1], 100 * seeds[:, 4]
        summary = f"{early.mean():6.2f} ± {early.std(ddof=1):5.2f}  {last.mean():6.2f} ± {last.std(ddof=1):5.2f}"
        print(f"{name:42s} {seeds.shape[1]:6d}   {summary}  {last.min():6.2f}")
    figure(curves, options.figure)


if __name__ == "__main__":
    main()
