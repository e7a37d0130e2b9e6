"""Functions drawn from the consistent Gaussian prior of a network: what does each precision mean?

PRML, figure 5.11: one input, 12 tanh units, one linear output; weights and biases of both layers have a precision each.
The four panels there are labelled (1, 1, 1, 1), (1, 1, 10, 1), (1000, 100, 1, 1), (1000, 1000, 1, 1) for first-layer
weights and biases, then second-layer weights and biases. Taken as precisions these numbers would draw almost constant
functions in the lower panels; taken as standard deviations s they draw steep ones, so here α = 1/s².

    python experiments/prior_functions.py                # prints the table, writes docs/figures/prior_functions.svg
"""

import argparse
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

from shinso import nn
from shinso.objectives import sample_prior

SPREADS = ((1, 1, 1, 1), (1, 1, 10, 1), (1000, 100, 1, 1), (1000, 1000, 1, 1))
"""Standard deviations of first-layer weights and biases, second-layer weights and biases."""
SHOWN, DRAWN = 5, 2000
"""Functions in a panel, and in the table."""
ROOT = Path(__file__).resolve().parent.parent
GRID = np.linspace(-1, 1, 401)[:, None]


def functions(spreads: tuple[float, ...], count: int, key: jax.Array) -> np.ndarray:
    """Draw functions from the prior: their values on the grid, `[count, 401]`."""
    model = nn.mlp(1, 1, (12,), activation="tanh", key=key)
    w1, b1, w2, b2 = (1 / spread**2 for spread in spreads)

    @eqx.filter_vmap
    def draw(key: jax.Array) -> jax.Array:
        return sample_prior(model, weights=[w1, w2], biases=[b1, b2], key=key)(jnp.asarray(GRID))[:, 0]

    return np.asarray(draw(jax.random.split(key, count)))


def figure(panels: list[np.ndarray], path: Path) -> None:
    """Draw a few functions for each choice of precisions."""
    plt.rcParams["svg.hashsalt"] = "shinso"
    drawn, axes = plt.subplots(2, 2, figsize=(7, 5), layout="constrained", sharex=True)
    for place, spreads, values in zip(axes.flat, SPREADS, panels, strict=True):
        place.plot(GRID, values[:SHOWN].T, linewidth=1.2)
        place.set_title("s = " + ", ".join(map(str, spreads)), fontsize=10)
        place.spines[["top", "right"]].set_visible(False)
    for place in axes[1]:
        place.set_xlabel("x")
    drawn.savefig(path, metadata={"Date": None})
    plt.close(drawn)


def main() -> None:
    """Print how high, how steep and how central the drawn functions are, and draw some."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--figure", type=Path, default=ROOT / "docs" / "figures" / "prior_functions.svg")
    path = parser.parse_args().figure
    panels = [functions(spreads, DRAWN, jax.random.key(i)) for i, spreads in enumerate(SPREADS)]
    print("standard deviations (w1, b1, w2, b2)   deviation of f(0)   of f(1) − f(−1)   share of |f′| in |x| < 0.2")
    for spreads, values in zip(SPREADS, panels, strict=True):
        steps = np.abs(np.diff(values, axis=1))
        middle = np.abs(GRID[:-1, 0] + 0.0025) < 0.2
        share = steps[:, middle].sum() / steps.sum()
        change = values[:, -1] - values[:, 0]
        print(f"{spreads!s:38s} {values[:, 200].std():17.2f} {change.std():17.2f} {share:28.2f}")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure(panels, path)


if __name__ == "__main__":
    main()
