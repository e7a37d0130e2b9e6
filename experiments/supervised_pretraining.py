"""Six sigmoid layers of 30 units: do they learn digits from random weights, and after greedy supervised pre-training?

The 1,797 digits of scikit-learn, 8 × 8 pixels: 1,200 for training, 597 for testing, drawn anew with each seed;
64-30-30-30-30-30-30-10, Glorot's initial weights. In greedy pre-training each layer learns the task under an output layer of
its own, the layers below it frozen; then all layers learn together.

    python experiments/supervised_pretraining.py         # prints the table, writes docs/figures/supervised_pretraining.svg
"""

import argparse
from pathlib import Path
from typing import Any

import jax
import matplotlib.pyplot as plt
import numpy as np

from shinso import Objective, data, nn, objectives
from shinso.training import pretrain_supervised, train

TRAINING, LAYERS, UNITS = 1200, 6, 30
EPOCHS, STAGE_EPOCHS = 60, 10
SETTINGS: dict[str, Any] = {"optimizer": "sgd", "learning_rate": 0.5, "batch_size": 20}
ROOT = Path(__file__).resolve().parent.parent
CATEGORICAL = Objective(objectives.likelihood("categorical"))


def one_seed(seed: int) -> dict[str, np.ndarray]:
    """Return the test accuracy after every epoch: from random weights, in the stages, and in fine-tuning."""
    digits = data.load_digits()
    order = np.random.default_rng(seed).permutation(len(digits))
    training, test = digits.take(order[:TRAINING]), digits.take(order[TRAINING:])
    settings = {**SETTINGS, "validation": test, "seed": seed}
    network = nn.mlp((8, 8, 1), 10, (UNITS,) * LAYERS, activation="sigmoid", key=jax.random.key(seed))
    whole = train(network, CATEGORICAL, training, epochs=EPOCHS + LAYERS * STAGE_EPOCHS, **settings)
    greedy, runs = pretrain_supervised(network, CATEGORICAL, training, epochs=STAGE_EPOCHS, **settings)
    tuned = train(greedy, CATEGORICAL, training, epochs=EPOCHS, **settings)
    stages = np.concatenate([run.history["validation_accuracy"] for run in runs])
    return {
        "all layers at once": whole.history["validation_accuracy"],
        "layer by layer": stages,
        "layer by layer, then all": np.concatenate([stages, tuned.history["validation_accuracy"]]),
    }


def figure(curves: dict[str, np.ndarray], path: Path) -> None:
    """Draw the test accuracy of every seed."""
    plt.rcParams["svg.hashsalt"] = "shinso"
    drawn, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
    for name, colour in (("all layers at once", "#d4500f"), ("layer by layer, then all", "#3b6fd4")):
        axes.plot(np.arange(1, curves[name].shape[1] + 1), 100 * curves[name].T, color=colour, linewidth=1.2)
        axes.plot([], [], color=colour, label=name)
    for end in range(STAGE_EPOCHS, LAYERS * STAGE_EPOCHS + 1, STAGE_EPOCHS):
        axes.axvline(end + 0.5, color="#9aa1ab", linewidth=0.6, linestyle=":")
    axes.set(xlabel="epoch (dotted: the end of a stage)", ylabel="test accuracy, %", ylim=(0, 100))
    axes.legend(frameon=False, loc="center right")
    axes.spines[["top", "right"]].set_visible(False)
    drawn.savefig(path, metadata={"Date": None})
    plt.close(drawn)


def main() -> None:
    """Train with each seed, print the accuracies, and draw them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--figure", type=Path, default=ROOT / "docs" / "figures" / "supervised_pretraining.svg")
    options = parser.parse_args()
    found = [one_seed(seed) for seed in range(options.seeds)]
    curves = {name: np.array([one[name] for one in found]) for name in found[0]}
    print("test accuracy              epochs   mean ± sd of the seeds     least")
    for name, seeds in curves.items():
        last = 100 * seeds[:, -1]
        print(f"{name:26s} {seeds.shape[1]:6d}   {last.mean():8.2f} ± {last.std(ddof=1):5.2f}      {last.min():9.2f}")
    ends = 100 * curves["layer by layer"][:, STAGE_EPOCHS - 1 :: STAGE_EPOCHS].mean(axis=0)
    print("after each stage:", ", ".join(f"{end:.2f}" for end in ends))
    figure(curves, options.figure)


if __name__ == "__main__":
    main()
