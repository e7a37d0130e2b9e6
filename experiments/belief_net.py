"""Does a deep belief net help a sigmoid network, and what does it draw when it is run backwards?

scikit-learn's digits, 8 × 8 pixels: 1,000 images for training, 797 for testing. A net of Boltzmann machines learns from the
training images without their labels; its weights then start a sigmoid network, which is compared with the same network
from random weights (Glorot), once with all labels and once with ten of each class. Source: Nielsen,
chapter 6, "Deep belief networks".

    python experiments/belief_net.py             # prints the table, writes docs/figures/belief_net.svg
    python experiments/belief_net.py --scikit    # a machine of this library and scikit-learn's, side by side
"""

import argparse
import time
from pathlib import Path

import jax
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import BernoulliRBM as ScikitRBM

import shinso
from shinso import Objective, nn
from shinso.estimators import BernoulliRBM
from shinso.objectives import likelihood
from shinso.training import train_belief_net

HIDDEN = (100, 100, 100)
TRAINING, FEW = 1000, 10
"""Images for training, and how many of each class keep their label in the second comparison."""
PRETRAINING = {"optimizer": "sgd", "learning_rate": 0.05, "batch_size": 10, "epochs": 50, "chains": 10}
TUNING = {"learning_rate": 0.001, "batch_size": 20}
UPDATES, EARLY = 5000, 250
"""Updates of fine-tuning, however many labels there are, and when to look for the first time."""
DRAWN, GIBBS = 40, 1000
ROOT = Path(__file__).resolve().parent.parent


def split(seed: int) -> list[np.ndarray]:
    """Return training images, test images, training labels, test labels; pixels in [0, 1]."""
    digits = load_digits()
    X = (digits.data / 16).astype(np.float32)
    y = digits.target.astype(np.int32)
    parts: list[np.ndarray] = train_test_split(X, y, train_size=TRAINING, stratify=y, random_state=seed)
    return parts


def some_of_each(y: np.ndarray) -> np.ndarray:
    """Return the places of the first `FEW` examples of each class."""
    return np.concatenate([np.flatnonzero(y == label)[:FEW] for label in range(10)])


def accuracies(network: nn.Sequential, X: np.ndarray, y: np.ndarray, test: tuple, seed: int) -> tuple[float, float]:
    """Train the network and return its test accuracy early and at the end."""
    steps = len(y) // TUNING["batch_size"]
    objective = Objective(likelihood("categorical"))
    run = shinso.train(network, objective, (X, y), validation=test, seed=seed, epochs=UPDATES // steps, **TUNING)
    history = run.history["validation_accuracy"]
    return float(history[EARLY // steps - 1]), float(history[-1])


def one_seed(seed: int) -> tuple[dict[tuple[str, str], tuple[float, float]], nn.DeepBeliefNet]:
    """Return the accuracies by (labels, start), and the net."""
    X, X_test, y, y_test = split(seed)
    key = jax.random.key(seed)
    net = train_belief_net(nn.belief_net(64, HIDDEN, key=key), X, seed=seed, **PRETRAINING).model
    networks = {
        "random weights": nn.mlp(64, 10, HIDDEN, activation="sigmoid", key=key),
        "net": net.to_network(10, key=key),
    }
    labelled = {"all": np.arange(TRAINING), f"{FEW} of each class": some_of_each(y)}
    found = {
        (labels, start): accuracies(network, X[places], y[places], (X_test, y_test), seed)
        for labels, places in labelled.items()
        for start, network in networks.items()
    }
    return found, net


def figure(net: nn.DeepBeliefNet, path: Path) -> None:
    """Draw training images above, and below what the net makes of noise."""
    noise_key, key = jax.random.split(jax.random.key(0))
    noise = jax.random.bernoulli(noise_key, 0.5, (DRAWN, 64)).astype(float)
    drawn = np.asarray(jax.jit(lambda start: net.generate(start, GIBBS, key=key))(noise))
    plt.rcParams["svg.hashsalt"] = "shinso"
    sheet, halves = plt.subplots(2, 1, figsize=(7, 3.6), layout="constrained")
    for half, images, title in zip(
        halves, (split(0)[0][:DRAWN], drawn), ("training images", "drawn by the net"), strict=True
    ):
        rows = images.reshape(2, DRAWN // 2, 8, 8)
        tiles = np.pad(rows, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=0.5)
        half.imshow(tiles.transpose(0, 2, 1, 3).reshape(20, -1), cmap="gray_r", vmin=0, vmax=1)
        half.set_title(title, fontsize=10)
        half.axis("off")
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.savefig(path, metadata={"Date": None})
    plt.close(sheet)


def against_scikit(seeds: int) -> None:
    """Print pseudo-log-likelihood and time of both libraries' machines with the same settings."""
    X = split(0)[0]
    settings = {"n_components": 100, "learning_rate": 0.05, "n_iter": 50}
    BernoulliRBM(**settings, random_state=seeds).fit(X)  # compiles
    for seed in range(seeds):
        said = []
        for kind in (ScikitRBM, BernoulliRBM):
            began = time.perf_counter()
            model = kind(**settings, random_state=seed).fit(X)
            seconds = time.perf_counter() - began
            exact = BernoulliRBM(100).partial_fit(X[:10])
            for name in ("components_", "intercept_hidden_", "intercept_visible_"):
                setattr(exact, name, getattr(model, name))
            said.append(f"{exact.score_samples(X).mean():7.2f} in {seconds:.2f} s")
        print(f"seed {seed}: scikit-learn {said[0]}, shinso {said[1]}", flush=True)


def main() -> None:
    """Print accuracies for each seed and their means, and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--figure", type=Path, default=ROOT / "docs" / "figures" / "belief_net.svg")
    parser.add_argument("--scikit", action="store_true", help="compare one machine with scikit-learn's instead")
    options = parser.parse_args()
    if options.scikit:
        against_scikit(options.seeds)
        return
    tables = []
    for seed in range(options.seeds):
        found, net = one_seed(seed)
        tables.append(found)
        if seed == 0:
            figure(net, options.figure)
        print(f"seed {seed}:", *(f"{value[1]:.2%}" for value in found.values()), flush=True)
    for labels, start in tables[0]:
        early, late = np.array([table[labels, start] for table in tables]).T
        print(
            f"labels: {labels:16s} start: {start:15s} test accuracy after {EARLY} updates {early.mean():.2%} ± "
            f"{early.std(ddof=1):.2%}, after {UPDATES} {late.mean():.2%} ± {late.std(ddof=1):.2%}"
        )


if __name__ == "__main__":
    main()
