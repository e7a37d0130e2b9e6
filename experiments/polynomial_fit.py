"""A polynomial of degree 9 through ten points, and a line beside them: which of the two do you believe?

Nielsen's chapter 3: ten points near y = 2x. The polynomial meets every point, the line none; outside the points they part
ways at once. Ridge regression keeps the degree and takes the wildness: with λ the weights shrink and the curve nears the
line. Everything is solved in closed form.

    python experiments/polynomial_fit.py                 # prints the table, writes docs/figures/polynomial_fit.svg
"""

import argparse
from pathlib import Path

import jax
import matplotlib.pyplot as plt
import numpy as np

from shinso import nn, optim

NOISE, LOW, HIGH = 0.6, 0.0, 5.0
FAR = 6.0
DRAWS = 1000
"""Data sets over which the errors are averaged."""
MODELS = {
    "line": (1, 0.0),
    "degree 9": (9, 0.0),
    "degree 9, λ = 10⁻⁶": (9, 1e-6),
    "degree 9, λ = 10⁻³": (9, 1e-3),
    "degree 9, λ = 0.1": (9, 0.1),
}
ROOT = Path(__file__).resolve().parent.parent


def scaled(x: np.ndarray) -> np.ndarray:
    """Put the points into [−1, 1], where powers stay comparable."""
    return (2 * (x - LOW) / (HIGH - LOW) - 1)[:, None]


def curves(x: np.ndarray, y: np.ndarray, degree: int, strength: float, at: np.ndarray) -> np.ndarray:
    """Fit one polynomial to each column of y `[N, K]`, and return the values at other points `[len(at), K]`."""
    basis = nn.PolynomialBasis(degree)
    fit = optim.ridge(basis(scaled(x)), y, strength)
    return np.asarray(basis(scaled(at)) @ fit.weight + fit.bias)


def figure(x: np.ndarray, y: np.ndarray, path: Path) -> None:
    """Draw the points, the line, the polynomial and one ridge fit."""
    plt.rcParams["svg.hashsalt"] = "shinso"
    grid = np.linspace(LOW - 0.3, FAR, 240)
    drawn, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
    looks = {"line": ("#3b6fd4", "-"), "degree 9": ("#d4500f", "-"), "degree 9, λ = 0.1": ("#0f8577", "--")}
    for name, (colour, style) in looks.items():
        axes.plot(grid, curves(x, y[:, None], *MODELS[name], grid), style, color=colour, label=name)
    axes.plot(x, y, "o", color="#1b1e23", label="ten points")
    axes.set(xlabel="x", ylabel="y", ylim=(-4, 16))
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    drawn.savefig(path, metadata={"Date": None})
    plt.close(drawn)


def main() -> None:
    """Print root-mean-square errors over many data sets, and draw the first."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--figure", type=Path, default=ROOT / "docs" / "figures" / "polynomial_fit.svg")
    path = parser.parse_args().figure
    random = np.random.default_rng(3)
    x = np.linspace(LOW, HIGH, 10)
    y = 2 * x[:, None] + NOISE * random.normal(size=(10, DRAWS))
    inside = np.linspace(LOW, HIGH, 200)
    print("root-mean-square error   at the points   between them (true line)   at x = 6 (true line)")
    with jax.enable_x64(True):
        for name, (degree, strength) in MODELS.items():
            places = ((x, y), (inside, 2 * inside[:, None]), (np.array([FAR]), 2 * FAR))
            errors = [np.sqrt(np.mean((curves(x, y, degree, strength, at) - true) ** 2)) for at, true in places]
            print(f"{name:22s} {errors[0]:15.3f} {errors[1]:26.3f} {errors[2]:22.3g}")
        path.parent.mkdir(parents=True, exist_ok=True)
        figure(x, y[:, 0], path)


if __name__ == "__main__":
    main()
