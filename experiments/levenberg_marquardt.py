"""Levenberg–Marquardt and Hessian-free beside Adam: the cost of training a small network reached in the same seconds.

A 13-20-20-1 network with tanh units, 721 parameters, on the diabetes set of 442 patients: its ten columns and three made of
them (BMI², BMI · blood pressure, BMI · s5), all standardized, and half the mean square of a standardized target. All
methods train in `shinso.train`, from the same weights, on the same two cores, one after the other within a seed. Adam has
the best of 12 settings, found for another seed: four rates with mini-batches of 32 and with the whole set, and the rates
along a cosine too, that is made to end with the time. Its cost is the lowest of all its epochs.

    OPENBLAS_NUM_THREADS=1 python experiments/levenberg_marquardt.py

prints the tables and writes docs/figures/levenberg_marquardt.svg. BLAS threads that factor a matrix wait for each other
where other programs use the cores.
"""

import argparse
import signal
from pathlib import Path
from typing import NamedTuple

import jax
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes

import shinso
from shinso import nn, optim
from shinso.objectives import L2, Objective, likelihood
from shinso.training import Event

HIDDEN = (20, 20)
DECAYS = (1e-4, 1e-5)
"""λ of the penalty ½ λ Σ w²."""
RATES, SIZES = (1e-3, 3e-3, 1e-2, 3e-2), (32, 442)
CHOOSING = 100
"""The seed for which Adam's setting is chosen."""
OURS = ("hessian_free", "levenberg_marquardt")
COLOURS = {"hessian_free": "#0f8577", "levenberg_marquardt": "#3b6fd4", "adam": "#d4500f"}
MARKS = (1 / 6, 1 / 3, 2 / 3, 1)
"""Parts of the time at which costs are told."""
ROOT = Path(__file__).resolve().parent.parent


class Course(NamedTuple):
    """Seconds without compiling and cost after each epoch; what compiling took."""

    seconds: np.ndarray
    cost: np.ndarray
    compiling: float

    def lowest(self, seconds: float) -> float:
        """Return the lowest cost until then; infinite before the first epoch."""
        return float(self.cost[self.seconds <= seconds].min(initial=np.inf))


def patients() -> tuple[np.ndarray, np.ndarray]:
    """Return inputs `[442, 13]` and targets `[442, 1]`."""
    inputs, targets = load_diabetes(return_X_y=True)
    bmi, pressure, s5 = inputs[:, 2], inputs[:, 3], inputs[:, 8]
    inputs = np.column_stack([inputs, bmi**2, bmi * pressure, bmi * s5])
    arrays = (inputs, targets[:, None])
    x, y = ((array - array.mean(axis=0)) / array.std(axis=0) for array in arrays)
    return x.astype(np.float32), y.astype(np.float32)


def total_steps(
    rule: optim.Optimizer, size: int, decay: float, seed: int, seconds: float, epochs: int = 10**7
) -> Course:
    """Train for some seconds."""

    def watch(event: Event) -> None:
        if event.train_seconds >= seconds:
            signal.raise_signal(signal.SIGINT)  # Ctrl-C ends training and keeps the work

    run = shinso.train(
        nn.mlp(13, 1, hidden=HIDDEN, activation="tanh", key=jax.random.key(seed)),
        Objective(likelihood("gaussian"), [L2(decay)]),
        patients(),
        optimizer=rule,
        epochs=epochs,
        batch_size=size,
        seed=seed,
        progress=watch,
    )
    return Course(run.history["seconds"], run.history["cost"], run.timing.compile_seconds)


class Setting(NamedTuple):
    """Adam's rate, mini-batch, and the epochs in which the rate falls to 0; None for a constant rate."""

    rate: float
    size: int
    falls_in: int | None

    def total_steps(self, decay: float, seed: int, seconds: float) -> Course:
        """Train with it."""
        if self.falls_in is None:
            rule = optim.optimizer_named("adam", learning_rate=self.rate)
            return course(rule, self.size, decay, seed, seconds)
        steps = self.falls_in * -(-442 // self.size)
        rule = optim.optimizer_named("adam", learning_rate=optim.Cosine(self.rate, steps))
        return course(rule, self.size, decay, seed, seconds, self.falls_in)


def best_setting(decay: float, seconds: float) -> Setting:
    """Return the setting of the lowest cost, and print all."""
    found: dict[Setting, Course] = {}

    def attempt(setting: Setting) -> float:
        found[setting] = setting.total_steps(decay, CHOOSING, seconds)
        low = found[setting].lowest(seconds)
        falls = "constant" if setting.falls_in is None else "cosine"
        print(f"Adam {setting.rate:g} {falls}, mini-batch {setting.size}: {low:.3g}", flush=True)
        return low

    costs = {Setting(*one, None): attempt(Setting(*one, None)) for one in ((r, s) for r in RATES for s in SIZES)}
    best = min(costs, key=costs.__getitem__)
    # Somewhat fewer epochs than there was time for, lest the time end before the rate is low.
    epochs = int(0.9 * len(found[best].cost))
    falling = [Setting(rate, best.size, epochs) for rate in RATES]
    costs |= {setting: attempt(setting) for setting in falling}
    return min(costs, key=costs.__getitem__)


def compared(decay: float, seeds: int, seconds: float) -> dict[str, list[Course]]:
    """Train with every method and seed, in turns; all compile at the first."""
    adam = best_setting(decay, seconds)
    jax.clear_caches()
    found: dict[str, list[Course]] = {name: [] for name in (*OURS, "adam")}
    for seed in range(seeds):
        for name, courses in found.items():
            if name == "adam":
                courses.append(adam.total_steps(decay, seed, seconds))
            else:
                courses.append(course(optim.optimizer_named(name, gradient_tolerance=0), 442, decay, seed, seconds))
    return found


def report(found: dict[str, list[Course]], seconds: float) -> None:
    """Print the costs of each seed, and who is lower at which time, with and without the compiling."""
    print("\n| seed | " + " | ".join(found) + " | Adam's / HF's | Adam's / LM's |\n|" + "---|" * (len(found) + 3))
    for seed, courses in enumerate(zip(*found.values(), strict=True)):
        free, marquardt, adam = (one.lowest(seconds) for one in courses)
        told = " | ".join(f"{cost:.3g}" for cost in (free, marquardt, adam, adam / free, adam / marquardt))
        print(f"| {seed} | {told} |")
    compiling = {name: courses[0].compiling for name, courses in found.items()}
    print("\n| seconds | " + " | ".join(f"{name} lower, Adam's cost / its" for name in OURS) + " |\n|---|---|---|")
    for end in (part * seconds for part in MARKS):
        print(f"| {end:.2g} | {' | '.join(pairs(found, name, end, end) for name in OURS)} |")
    whole = seconds + compiling["adam"]
    late = (pairs(found, name, whole - compiling[name], seconds) for name in OURS)
    print(f"| {whole:.2g}, compiling included | {' | '.join(late)} |")
    print("\nCompiling: " + ", ".join(f"{name} {span:.1f} s" for name, span in compiling.items()), flush=True)


def pairs(found: dict[str, list[Course]], name: str, ours: float, adams: float) -> str:
    """Return how often a method is lower than Adam after so many seconds each, and the ratios of the costs."""
    low, adam = (np.array([one.lowest(end) for one in found[who]]) for who, end in ((name, ours), ("adam", adams)))
    ratios = adam / low
    return f"{(low < adam).sum()} of {len(low)}, {np.median(ratios):.3g} ({ratios.min():.3g}–{ratios.max():.3g})"


def figure(rows: dict[float, dict[str, list[Course]]], seconds: float, path: Path) -> None:
    """Draw cost against seconds, a panel for each λ, a line for each seed."""
    plt.rcParams |= {"svg.hashsalt": "shinso", "svg.fonttype": "none"}
    drawn, axes = plt.subplots(1, len(rows), figsize=(4 * len(rows), 3.4), layout="constrained", squeeze=False)
    names = {"hessian_free": "Hessian-free", "levenberg_marquardt": "Levenberg–Marquardt", "adam": "Adam, best of 12"}
    grid = np.geomspace(0.02, seconds, 120)
    for axis, (decay, found) in zip(axes[0], rows.items(), strict=True):
        for name, courses in found.items():
            for line, one in enumerate(courses):
                low = [one.lowest(second) for second in grid]
                axis.plot(grid, low, color=COLOURS[name], lw=1.1, label=names[name] if line == 0 else None)
        axis.set(xscale="log", yscale="log", xlabel="seconds, without compiling", title=f"λ = {decay:g}")
        axis.spines[["top", "right"]].set_visible(False)
    axes[0, 0].set_ylabel("lowest cost so far")
    axes[0, 0].legend(frameon=False)
    drawn.savefig(path, metadata={"Date": None})
    plt.close(drawn)


def main() -> None:
    """Compare without and with a penalty, and draw the courses."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="of training, for each method and seed")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--decay", type=float, nargs="+", default=DECAYS, help="λ of the penalty, one or several")
    parser.add_argument("--figure", type=Path, default=ROOT / "docs" / "figures" / "levenberg_marquardt.svg")
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # shells let background jobs ignore Ctrl-C
    rows = {}
    for decay in options.decay:
        print(f"\nλ = {decay:g}, {options.seconds:g} s\n")
        rows[decay] = compared(decay, options.seeds, options.seconds)
        report(rows[decay], options.seconds)
    options.figure.parent.mkdir(parents=True, exist_ok=True)
    figure(rows, options.seconds, options.figure)


if __name__ == "__main__":
    main()
