"""Thirty numbers for a digit: how much of an image do they keep, found by principal components and by an autoencoder?

PCA is the best linear code; the autoencoder 784–512–256–30–256–512–784 may bend the surface that the codes lie on. Both
learn from the 60,000 training images and are measured on the 10,000 test images. The settings are a first guess: none was
tuned.

    python experiments/autoencoder_mnist.py --data ../shared/data     # prints the table, writes the figure

MNIST is looked for in `--data`, else in `$SHINSO_DATA` and the user's cache, else in `../shared/data` beside the project.
"""

import argparse
import os
import time
from pathlib import Path

import jax
import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA

import shinso
from shinso import nn
from shinso.data import load_mnist
from shinso.objectives import Objective, Reconstruction
from shinso.optim import Cosine

CODE, HIDDEN = 30, (512, 256)
EPOCHS, BATCH, RATE = 10, 128, 1e-3
SHOWN = 10
ROOT = Path(__file__).resolve().parent.parent


def images(folder: Path | None) -> tuple[np.ndarray, np.ndarray]:
    """Return images for training and for testing, `[N, 784]` in 0–1."""
    beside = ROOT.parent / "shared" / "data"
    training, test = load_mnist(folder or (None if os.environ.get("SHINSO_DATA") or not beside.exists() else beside))
    return training.inputs.reshape(len(training), -1), test.inputs.reshape(len(test), -1)


def trained(x: np.ndarray, seed: int) -> shinso.Run:
    """Train an autoencoder whose learning rate falls along a cosine to 0 at the last step."""
    return shinso.train(
        nn.autoencoder(x.shape[1], CODE, HIDDEN, key=jax.random.key(seed)),
        Objective(Reconstruction(x.shape[1], "bernoulli")),
        (x, x),
        learning_rate=Cosine(RATE, EPOCHS * -(-len(x) // BATCH)),
        epochs=EPOCHS,
        batch_size=BATCH,
        seed=seed,
    )


def error(rebuilt: np.ndarray, x: np.ndarray) -> float:
    """Return the squared error, averaged over pixels and images."""
    return float(np.mean(np.square(rebuilt - x, dtype=float)))


def figure(rows: dict[str, np.ndarray], path: Path) -> None:
    """Draw the same digits in each row: as they are, and as the codes give them back."""
    drawn, axes = plt.subplots(len(rows), SHOWN, figsize=(0.75 * SHOWN, 0.8 * len(rows)), layout="constrained")
    for line, (name, pixels) in zip(axes, rows.items(), strict=True):
        for place, image in zip(line, pixels, strict=False):
            place.imshow(image.reshape(28, 28), cmap="gray_r", vmin=0, vmax=1)
            place.set(xticks=[], yticks=[])
            place.spines[:].set_visible(False)
        line[0].set_ylabel(name)
    drawn.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(drawn)


def main() -> None:
    """Compare test errors of PCA and autoencoders, and draw digits."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--figure", type=Path, default=ROOT / "docs" / "figures" / "autoencoder_mnist.png")
    options = parser.parse_args()
    x, test = images(options.data)
    pca = PCA(CODE, random_state=0).fit(x)
    linear = pca.inverse_transform(pca.transform(test))
    least = error(linear, test)
    print(f"PCA, {CODE} components: test error {least:.5f}", flush=True)
    runs, errors = [], []
    for seed in range(options.seeds):
        began = time.perf_counter()
        runs.append(trained(x, seed))
        errors.append(error(runs[-1].predict_mean(test), test))
        seconds = time.perf_counter() - began
        print(f"seed {seed}: {errors[-1]:.5f}, {1 - errors[-1] / least:.1%} less, {seconds:.0f} s", flush=True)
    print(f"mean of {len(errors)} seeds: {np.mean(errors):.5f}, {1 - np.mean(errors) / least:.1%} less")
    options.figure.parent.mkdir(parents=True, exist_ok=True)
    figure({"image": test, "PCA": linear, "autoencoder": runs[0].predict_mean(test[:SHOWN])}, options.figure)


if __name__ == "__main__":
    main()
