"""8–3–8: which code does a hidden layer of three units find for eight things?

The lecture on deep learning, exercise 9-1: a network with eight inputs, three sigmoid units and eight sigmoid outputs
learns to repeat the numbers 0 to 7, each written as one unit on and seven off. Three numbers have to tell eight things
apart: binary digits would do.

    python experiments/code_8_3_8.py                 # prints the table, writes docs/figures/code_8_3_8.svg
"""

import argparse
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

import shinso
from shinso import nn
from shinso.objectives import L2, Objective, Reconstruction

EIGHT = np.eye(8, dtype=np.float32)
SEEDS, SHOWN = 10, 5
EPOCHS, RATE = 3000, 0.1
NEAR = 0.1
"""A unit at most this far from 0 or 1 counts as binary."""
DRAWN = ("cross-entropy", "cross-entropy, λ = 0.001")
ROOT = Path(__file__).resolve().parent.parent


class Cost(NamedTuple):
    """Likelihood, activation of the outputs, strength of the weight decay ½λΣw²."""

    likelihood: str
    output: str
    decay: float


COSTS = {
    "squared error": Cost("gaussian", "sigmoid", 0.0),
    "cross-entropy": Cost("bernoulli", "identity", 0.0),
    "cross-entropy, λ = 0.001": Cost("bernoulli", "identity", 1e-3),
}


def learned(cost: Cost, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Train one network; return its codes `[8, 3]` and its reconstructions `[8, 8]`."""
    model = nn.autoencoder(8, 3, code_activation="sigmoid", output_activation=cost.output, key=jax.random.key(seed))
    objective = Objective(Reconstruction(8, cost.likelihood), [L2(cost.decay)])
    run = shinso.train(model, objective, (EIGHT, EIGHT), learning_rate=RATE, epochs=EPOCHS, batch_size=8, seed=seed)
    trained: Any = run.model
    return np.asarray(trained.encode(jnp.asarray(EIGHT))), run.predict_mean(EIGHT)


def report(name: str, codes: list[np.ndarray], rebuilt: list[np.ndarray]) -> None:
    """Print how many networks repeat the eight, and what their codes are like."""
    right = sum((x.argmax(1) == np.arange(8)).all() for x in rebuilt)
    binary = [np.mean(np.abs(z - z.round()) <= NEAR) for z in codes]
    words = [len({tuple(word) for word in z.round().astype(int).tolist()}) for z in codes]
    apart = min(np.linalg.norm(z[i] - z[j]) for z in codes for i in range(8) for j in range(i))
    print(f"{name}, {len(codes)} seeds")
    print(f"  repeat all eight: {right}; greatest |x̃ − x| {max(np.abs(x - EIGHT).max() for x in rebuilt):.3f}")
    print(f"  closest two codes: {apart:.2f} apart")
    print(f"  units within {NEAR} of 0 or 1: {np.mean(binary):.0%}; all of them in {binary.count(1.0)} networks")
    print(f"  rounded codes all different: {words.count(8)}", flush=True)


def figure(rows: dict[str, list[np.ndarray]], path: Path) -> None:
    """Draw codes, a row of networks for each cost: a line for each number, a column for each unit."""
    plt.rcParams |= {"svg.hashsalt": "shinso", "svg.fonttype": "none"}
    drawn, axes = plt.subplots(len(rows), SHOWN, figsize=(6.4, 6.4), layout="constrained", sharey=True, squeeze=False)
    for line, (name, codes) in zip(axes, rows.items(), strict=True):
        for seed, (place, z) in enumerate(zip(line, codes, strict=False)):
            place.imshow(z, cmap="Blues", vmin=0, vmax=1.3, aspect="auto")
            for (row, column), value in np.ndenumerate(z):
                place.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=6.5)
            place.set(title=f"seed {seed}", xticks=[], yticks=range(8))
            place.tick_params(length=0)
            place.spines[:].set_visible(False)
        line[0].set_ylabel(name)
    drawn.savefig(path, metadata={"Date": None})
    plt.close(drawn)


def main() -> None:
    """Train with each cost and seed, print how the codes came out, and draw some."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--figure", type=Path, default=ROOT / "docs" / "figures" / "code_8_3_8.svg")
    options = parser.parse_args()
    found = {}
    for name, cost in COSTS.items():
        codes, rebuilt = zip(*(learned(cost, seed) for seed in range(options.seeds)), strict=True)
        report(name, list(codes), list(rebuilt))
        found[name] = list(codes)
    options.figure.parent.mkdir(parents=True, exist_ok=True)
    figure({name: found[name] for name in DRAWN}, options.figure)


if __name__ == "__main__":
    main()
