"""What a posterior looks like: predictive bands, the spectrum of a Hessian, and the evidence of networks of growing size.

    python experiments/uncertainty_figures.py            # prints the figures' numbers, writes docs/figures/*.svg

bands_all.svg, bands_last_layer.svg: 30 examples of sin 2πx with noise of standard deviation 0.2 and a gap, a network of one
input, 12 tanh units and one output; α and β by the evidence (PRML, figures 1.17 and 3.8, draws such bands).
spectrum.svg: the Hessian of a network 64-32-10 after training on scikit-learn's digits.
evidence.svg: the log evidence of networks with 1 to 16 tanh units on 100 examples of sin 4πx, and their error on 1,000
others; three sets of examples, five starts each.
"""

import argparse
import warnings
from math import lgamma, log
from pathlib import Path

import jax
import matplotlib.pyplot as plt
import numpy as np
from scipy import stats
from sklearn.datasets import load_digits

import shinso
from shinso import bayes, curvature, nn, objectives, report

ROOT = Path(__file__).resolve().parent.parent
NOISE = 0.2
SIZES = (1, 2, 3, 4, 6, 8, 12, 16)
EXAMPLES, STARTS, SETS = 100, 5, 3


def sine(x: np.ndarray, seed: int, waves: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs `[N, 1]` and noisy values of some waves of a sine, `[N, 1]`."""
    noise = NOISE * np.random.default_rng(seed).normal(size=len(x))
    return x[:, None].astype(np.float32), (np.sin(2 * np.pi * waves * x) + noise)[:, None].astype(np.float32)


def fitted(units: int, examples: tuple[np.ndarray, np.ndarray], seed: int) -> bayes.EvidenceTraining:
    """Return a network trained with precisions of each layer's weights and biases from the evidence."""
    model = nn.mlp(1, 1, (units,), activation="tanh", key=jax.random.key(seed))
    paths = objectives.parameter_paths(model)
    penalties = [objectives.L2(0.1 / len(examples[0]), path) for path in paths]
    objective = objectives.Objective(objectives.Gaussian(1 / NOISE**2), penalties)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bayes.PosteriorWarning)
        return bayes.train_with_evidence(model, objective, examples, optimizer="bfgs", epochs=200, rounds=15)


def bands(folder: Path) -> None:
    """Draw the predictive distribution of the full posterior, and of that of the last layer alone."""
    generator = np.random.default_rng(0)
    examples = sine(np.append(generator.uniform(0, 0.35, 15), generator.uniform(0.65, 1, 15)), 1)
    made = fitted(12, examples, 0)
    x = np.linspace(-0.25, 1.25, 301, dtype=np.float32)[:, None]
    last = bayes.laplace(made.run, examples, subset="last_layer", structure="full", priors="evidence")
    for name, posterior in {"all": made.posterior, "last_layer": last}.items():
        found = posterior.predict(x)
        low, high = found.quantiles(0.05, 0.95)[..., 0]
        drawn = posterior.sample_functions(x, 8, key=jax.random.key(1))[..., 0]
        figure = report.band_figure(x[:, 0], found.mean[:, 0], low, high, data=examples, functions=drawn)
        figure.savefig(folder / f"bands_{name}.svg", metadata={"Date": None})
        places = {"data": 0.2, "gap": 0.5, "outside": 1.2}
        std = {where: float(found.standard_deviation[np.abs(x[:, 0] - at).argmin(), 0]) for where, at in places.items()}
        print(
            f"{name}: noise {posterior.noise_precision**-0.5:.3f}, std " + str({k: round(v, 3) for k, v in std.items()})
        )


def spectrum(folder: Path) -> None:
    """Draw how the eigenvalues of a trained network's Hessian are distributed."""
    inputs, targets = load_digits(return_X_y=True)
    examples = (inputs.astype(np.float32) / 16, targets.astype(np.int32))
    objective = objectives.Objective(objectives.likelihood("categorical"), [objectives.L2(1e-3)])
    model = nn.mlp(64, 10, (32,), activation="tanh", key=jax.random.key(0))
    run = shinso.train(model, objective, examples, optimizer="lbfgs", epochs=300)
    operator = curvature.hessian(run.model, run.objective, examples)
    found = curvature.summarize(operator, key=jax.random.key(0))
    figure = report.spectrum_figure(found.density)
    figure.savefig(folder / "spectrum.svg", metadata={"Date": None})
    small = found.size * float(found.density.mass(-np.inf, found.largest / 100))
    print(
        f"spectrum: W = {found.size}, from {found.smallest:.3g} to {found.largest:.3g}, {small:.0f} below 1 % of that"
    )


def sizes(folder: Path) -> None:
    """Draw, for sets of examples, the evidence of the best start of every size, and its test error."""
    new = sine(np.linspace(0, 1, 1000), 4, waves=2)
    figure, panels = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
    for drawn in range(SETS):
        examples = sine(np.random.default_rng(10 + drawn).uniform(0, 1, EXAMPLES), drawn, waves=2)
        rows = np.array([(units, *judged(units, examples, new, start)) for units in SIZES for start in range(STARTS)])
        best = np.array([max(rows[rows[:, 0] == units], key=lambda row: row[1]) for units in SIZES])
        for units, evidence, error in best:
            modes = lgamma(units + 1) + units * log(2)
            print(
                f"set {drawn}, {units:2.0f} units: {evidence:.1f}, with its modes {evidence + modes:.1f}, {error:.3f}"
            )
        agreement = stats.spearmanr(rows[:, 1], -rows[:, 2]).statistic
        chosen = best[best[:, 1].argmax()]
        print(
            f"set {drawn}: {chosen[0]:.0f} units chosen, {chosen[2]:.3f}; least {best[:, 2].min():.3f}; {agreement:.2f}"
        )
        for axes, column in zip(panels, (1, 2), strict=True):
            axes.plot(rows[:, 0], rows[:, column], "o", color=f"C{drawn}", alpha=0.3, markersize=4)
            axes.plot(best[:, 0], best[:, column], "o-", color=f"C{drawn}", markersize=4)
    for axes, label in zip(panels, ("ln evidence", "test error (RMSE)"), strict=True):
        axes.set(xlabel="hidden units M", ylabel=label, xscale="log", xticks=SIZES)
        axes.set_xticklabels(map(str, SIZES))
        axes.minorticks_off()
        axes.spines[["top", "right"]].set_visible(False)
    panels[1].axhline(NOISE, color="#6b7280", linewidth=0.8, linestyle="--")
    figure.savefig(folder / "evidence.svg", metadata={"Date": None})
    plt.close(figure)


def judged(
    units: int, examples: tuple[np.ndarray, np.ndarray], new: tuple[np.ndarray, np.ndarray], start: int
) -> tuple[float, float]:
    """Return log evidence and test error of a network."""
    posterior = fitted(units, examples, start).posterior
    error = float(np.sqrt(np.mean((posterior.predict(new[0]).mean - new[1]) ** 2)))
    return posterior.log_evidence(), error


def main() -> None:
    """Make the figures that are asked for."""
    makers = {"bands": bands, "spectrum": spectrum, "evidence": sizes}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", choices=sorted(makers), nargs="*", default=sorted(makers))
    parser.add_argument("--folder", type=Path, default=ROOT / "docs" / "figures")
    options = parser.parse_args()
    plt.rcParams["svg.hashsalt"] = "shinso"
    for name in options.only:
        makers[name](options.folder)


if __name__ == "__main__":
    main()
