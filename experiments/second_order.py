"""How fast do methods converge? Theory's rates beside measured ones, in float64.

Newton's digits double at every step (notes on neural networks, §2.2.2.2). On a network, gradient descent, quasi-Newton
methods, Gauss–Newton and Newton from one start near a minimum: Gauss–Newton's factor is the spectral radius of I −
G⁻¹H. At a saddle, Newton's step without a correction goes to it. Coordinate descent on (x₁ − x₂)² + α(x₁² + x₂²) falls
by (1 + α)⁻² a sweep. On quadratics of condition κ the best momentum falls by (√κ − 1)/(√κ + 1) a step, gradient descent
by (κ − 1)/(κ + 1).

    python experiments/second_order.py               # prints the tables, writes docs/figures/second_order.svg
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
from jax.flatten_util import ravel_pytree
from matplotlib.axes import Axes
from sklearn.datasets import load_breast_cancer

import shinso
from shinso import curvature, nn, optim
from shinso.objectives import L2, Objective, likelihood

METHODS = {
    "gradient_descent": "#d4500f",
    "conjugate_gradient": "#b38600",
    "lbfgs": "#7a4fbf",
    "bfgs": "#c2478d",
    "gauss_newton": "#0f8577",
    "newton": "#3b6fd4",
    "saddle_free_newton": "#1b1e23",
}
TEACHER = (2.0, -1.0, 0.5, 1.0, 2.0, -2.0, 0.5, -0.5, 1.0, 1.5, -1.0, 1.0, 0.0)
NOISES = (0.02, 0.05, 0.1)
BENT = 10.0 ** -np.arange(5)
"""How much a cost bends downwards from its saddle, direction by direction."""
CONDITIONS = (1e2, 1e3, 1e4)
ALPHAS = (1.0, 0.1, 0.01)
ROOT = Path(__file__).resolve().parent.parent


def classifier() -> curvature.Problem:
    """Return logistic regression on the breast cancer set, λ = 0.01, from zeros."""
    inputs, labels = load_breast_cancer(return_X_y=True)
    x = (inputs - inputs.mean(axis=0)) / inputs.std(axis=0)
    model = nn.linear(30, 1, weight_init="zeros", key=jax.random.key(0))
    return curvature.problem(model, Objective(likelihood("bernoulli"), [L2(0.01)]), (x, labels[:, None].astype(float)))


def network(noise: float) -> curvature.Problem:
    """Return a 2-3-1 network with tanh units on 100 noisy outputs of another one, beside that one's parameters."""
    random = np.random.default_rng(0)
    x = random.uniform(-2, 2, size=(100, 2))
    parameters, rest = nn.parameters(nn.mlp(2, 1, hidden=(3,), activation="tanh", key=jax.random.key(0)))
    tree = ravel_pytree(parameters)[1]
    teacher = eqx.combine(tree(jnp.asarray(TEACHER)), rest)
    y = np.asarray(teacher(jnp.asarray(x))) + noise * random.normal(size=(100, 1))
    beside = eqx.combine(tree(jnp.asarray(TEACHER) + 0.1 * random.normal(size=len(TEACHER))), rest)
    return curvature.problem(beside, Objective(likelihood("gaussian")), (x, y))


def flat(tree: Any) -> np.ndarray:
    """Return all numbers in one vector."""
    return np.asarray(ravel_pytree(tree)[0])


def digits() -> dict[str, np.ndarray]:
    """Return |θ_k − θ*| / |θ*| of Newton's method after k = 0, 1, … steps, from where it takes its own steps."""
    cases = {
        "exp(x) − 2x, one parameter": (lambda x: jnp.sum(jnp.exp(x) - 2 * x), jnp.ones(1)),
        "logistic regression, 31": (classifier(), None),
        "2-3-1 network, 13": (network(0.02), None),
    }
    found = {}
    for name, (function, start) in cases.items():
        first = flat(function.parameters if start is None else start)
        ends = [optim.minimise(function, start, "newton", gradient_tolerance=0, max_steps=k) for k in range(1, 13)]
        points = [first, *(flat(end.point) for end in ends)]
        least = np.log([2.0]) if start is not None else points[-1]
        found[name] = np.array([np.linalg.norm(point - least) for point in points]) / np.linalg.norm(least)
    return found


def courses(problem: Any, start: Any, methods: list[str], least: float | None = None) -> dict[str, np.ndarray]:
    """Return E − E* at the start and after each step; E* is the lowest that any method finds if it is not known."""
    histories = {
        name: optim.minimise(problem, start, name, gradient_tolerance=1e-14, max_steps=3000).history for name in methods
    }
    lowest = min(history.min() for history in histories.values()) if least is None else least
    return {name: history - lowest for name, history in histories.items()}


def radius(problem: curvature.Problem) -> tuple[float, float]:
    """Return the largest |eigenvalue| of I − G⁻¹H at the minimum, Gauss–Newton's factor a step, and κ of H."""
    found = optim.minimise(problem, method="newton", gradient_tolerance=1e-13)
    model = eqx.combine(found.point, problem.rest)
    kinds = (curvature.gauss_newton, curvature.hessian)
    G, H = (np.asarray(curvature.dense(kind(model, problem.objective, problem.batch))) for kind in kinds)
    values = np.linalg.eigvalsh(H)
    return float(np.abs(np.linalg.eigvals(np.eye(len(H)) - np.linalg.solve(G, H))).max()), float(values[-1] / values[0])


def factor(gaps: np.ndarray) -> float:
    """Return by what E − E* falls a step, over the last falls above rounding."""
    above = np.flatnonzero(gaps > 1e-13)
    first, last = above[len(above) // 2], above[-1]
    return float((gaps[last] / gaps[first]) ** (1 / max(last - first, 1)))


def steps_to(found: dict[str, np.ndarray], gap: float) -> str:
    """Return how many steps each method takes until E − E* is that small."""
    reached = {name: np.flatnonzero(gaps <= gap) for name, gaps in found.items()}
    return ", ".join(f"{name} {at[0] if at.size else f'> {len(found[name]) - 1}'}" for name, at in reached.items())


def saddle(x: jax.Array) -> jax.Array:
    """Return Σ ½ λ_i x_i² + ¼ λ_i² x_i⁴ with λ_i < 0 of five sizes and one λ = 1: its minima have x_i² = −1/λ_i."""
    values = jnp.asarray([*-BENT, 1.0])
    return jnp.sum(0.5 * values * x**2 + 0.25 * values**2 * x**4)


def uncorrected(function: Callable[[jax.Array], jax.Array], x: jax.Array, steps: int) -> jax.Array:
    """Return where θ ← θ − H⁻¹g leads."""
    for _ in range(steps):
        x = x - jnp.linalg.solve(jax.hessian(function)(x), jax.grad(function)(x))
    return x


def dell(x: jax.Array) -> jax.Array:
    """Return x² − y² + y⁴, a saddle between two minima."""
    return x[0] ** 2 - x[1] ** 2 + x[1] ** 4


def paths() -> dict[str, np.ndarray]:
    """Return points `[steps, 2]` on the ways from (0.9, 0.05) over x² − y² + y⁴."""
    start, steps = jnp.asarray([0.9, 0.05]), range(1, 13)
    found = {
        name: [optim.minimise(dell, start, name, max_steps=k).point for k in steps]
        for name in ("gradient_descent", "newton", "saddle_free_newton")
    }
    found["θ − H⁻¹g"] = [uncorrected(dell, start, k) for k in steps]
    return {name: np.stack([start, *points]) for name, points in found.items()}


def sweeps() -> dict[float, np.ndarray]:
    """Return |x| of coordinate descent from (−3, 2) after each sweep, for each α."""
    sizes = {}
    for alpha in ALPHAS:
        matrix = 2 * np.array([[1 + alpha, -1], [-1, 1 + alpha]])
        sizes[alpha] = np.linalg.norm(optim.coordinate_descent(matrix, [0, 0], start=[-3, 2], sweeps=200), axis=1)
    return sizes


def descent(condition: float, momentum: bool) -> np.ndarray:
    """Return √E at each step on E = ½ Σ λ_i θ_i², ten λ from 1 to κ, with the best constant rate and momentum.

    It is linear regression on ten examples √(10 λ_i) e_i with targets 0.
    """
    root = condition**0.5
    if momentum:
        rule = optim.optimizer_named(
            "momentum", learning_rate=4 / (root + 1) ** 2, momentum=((root - 1) / (root + 1)) ** 2
        )
    else:
        rule = optim.optimizer_named("sgd", learning_rate=2 / (condition + 1))
    x = np.diag(np.sqrt(10 * condition ** np.linspace(0, 1, 10)))
    run = shinso.train(
        nn.linear(10, 1, key=jax.random.key(0)),
        Objective(likelihood("gaussian")),
        (x, np.zeros((10, 1))),
        optimizer=rule,
        epochs=int(min(150 * (root if momentum else condition), 20_000)),
        batch_size=10,
        trainable=lambda leaf: leaf.ndim == 2,
    )
    return np.sqrt(run.history["cost"])


def measured(sizes: np.ndarray) -> float:
    """Return the factor a step over the second half."""
    half = len(sizes) // 2
    return float((sizes[-1] / sizes[half]) ** (1 / (len(sizes) - 1 - half)))


def draw_digits(axis: Axes, found: dict[str, np.ndarray]) -> None:
    """Draw errors of Newton's method."""
    for (name, errors), colour in zip(found.items(), ("#3b6fd4", "#d4500f", "#0f8577"), strict=True):
        seen = errors > 0
        axis.plot(np.flatnonzero(seen), errors[seen], "o-", ms=3, color=colour, label=name)
    axis.set(yscale="log", xlabel="step", title="Newton: digits double", ylabel="error, relative", xlim=(-0.3, 10))


def draw_courses(axis: Axes, found: dict[str, np.ndarray], title: str) -> None:
    """Draw E − E* against steps."""
    for name, gaps in found.items():
        seen = gaps > 1e-16
        axis.plot(1 + np.flatnonzero(seen), gaps[seen], color=METHODS[name], label=name.replace("_", " "))
    axis.set(xscale="log", yscale="log", xlabel="1 + step", title=title, ylabel="E − E*")


def draw_rates(axis: Axes, found: dict[tuple[float, bool], np.ndarray]) -> None:
    """Draw √E of momentum and gradient descent, and lines of theory's slope."""
    for (condition, momentum), sizes in found.items():
        steps = np.unique(np.geomspace(1, len(sizes), 150).astype(int)) - 1
        root = condition**0.5 if momentum else condition
        colour = "#3b6fd4" if momentum else "#d4500f"
        label = ("momentum" if momentum else "gradient descent") if condition == CONDITIONS[0] else None
        axis.plot(1 + steps, sizes[steps] / sizes[0], color=colour, label=label)
        axis.plot(1 + steps, ((root - 1) / (root + 1)) ** steps, ":", color="#1b1e23", lw=0.8)
    axis.set(xscale="log", yscale="log", ylim=(1e-12, 1e2), xlabel="1 + step", title="κ = 10², 10³, 10⁴", ylabel="√E")


def draw_paths(axis: Axes, found: dict[str, np.ndarray]) -> None:
    """Draw ways over x² − y² + y⁴ and its level lines."""
    x, y = np.meshgrid(np.linspace(-0.5, 1, 80), np.linspace(-0.15, 1, 80))
    axis.contour(x, y, np.asarray(dell([x, y])), 16, colors="#c9ccd1", linewidths=0.6)
    for name, points in found.items():
        colour = METHODS.get(name, "#8a8f98")
        axis.plot(*points.T, "o-", ms=3, lw=1.1, color=colour, label=name.replace("_", " "))
    axis.set(xlabel="x", title="x² − y² + y⁴ from (0.9, 0.05)", ylabel="y")


def draw_sweeps(axis: Axes, found: dict[float, np.ndarray]) -> None:
    """Draw |x| of coordinate descent, and theory as dots."""
    for (alpha, sizes), colour in zip(found.items(), ("#3b6fd4", "#d4500f", "#0f8577"), strict=True):
        axis.plot(sizes, color=colour, label=f"α = {alpha:g}")
        every = np.arange(1, len(sizes), 8)
        axis.plot(every, sizes[1] * (1 + alpha) ** (-2.0 * (every - 1)), ".", ms=3, color="#1b1e23")
    axis.set(yscale="log", ylim=(1e-12, 10), xlim=(0, 120), xlabel="sweep", title="coordinate descent", ylabel="|x|")


def main() -> None:
    """Print theory's rates beside measured ones, and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--figure", type=Path, default=ROOT / "docs" / "figures" / "second_order.svg")
    path = parser.parse_args().figure
    plt.rcParams |= {"svg.hashsalt": "shinso", "svg.fonttype": "none"}
    drawn, axes = plt.subplots(2, 3, figsize=(10, 6), layout="constrained")
    with jax.enable_x64(True):
        newton = digits()
        print("Newton: correct digits, −log₁₀ of the relative error, after 0, 1, 2, … steps")
        for name, errors in newton.items():
            seen = errors[errors > 0]
            print(f"  {name}: {', '.join(f'{digits:.1f}' for digits in -np.log10(seen))}")
        draw_digits(axes[0, 0], newton)

        methods = ["gradient_descent", "conjugate_gradient", "lbfgs", "bfgs", "gauss_newton", "newton"]
        methods = ["gradient_descent", "conjugate_gradient", "lbfgs", "bfgs", "gauss_newton", "newton"]
        print("\n2-3-1 network from near a minimum: steps to E − E* ≤ 10⁻¹⁰; Gauss–Newton's factor of E − E* a step")
        for noise in NOISES:
            problem = network(noise)
            found = courses(problem, None, methods)
            rho, condition = radius(problem)
            print(f"  noise {noise}, κ = {condition:.2g}: {steps_to(found, 1e-10)}")
            print(f"    Gauss–Newton: measured {factor(found['gauss_newton']):.4f}, theory's ρ² {rho**2:.4f}")
            if noise == NOISES[1]:
                draw_courses(axes[0, 1], found, "2-3-1 network")

        start = jnp.full(6, 1e-3).at[-1].set(0.5)
        print("\nA saddle with curvatures −1, −0.1, …, −10⁻⁴ and 1, from 10⁻³ beside it: steps to E − E* ≤ 10⁻⁶")
        found = courses(saddle, start, ["gradient_descent", "lbfgs", "newton", "saddle_free_newton"], -len(BENT) / 4)
        print(f"  {steps_to(found, 1e-6)}")
        end = uncorrected(saddle, start, 3)
        print(f"  θ − H⁻¹g three times: |θ| = {jnp.linalg.norm(end):.1e}, E = {saddle(end):.1e}: the saddle")
        draw_courses(axes[0, 2], found, "a saddle of six directions")

        swept = sweeps()
        print("\nCoordinate descent: factor of |x| a sweep")
        for alpha, sizes in swept.items():
            last = np.flatnonzero(sizes > 1e-100)[-1]
            print(f"  α = {alpha:g}: measured {sizes[last] / sizes[last - 1]:.10f}, theory {(1 + alpha) ** -2:.10f}")
        draw_sweeps(axes[1, 0], swept)

        print(
            "\nQuadratics: factor of √E a step\n| κ | momentum | theory | gradient descent | theory |\n|---|---|---|---|---|"
        )
        falls = {
            (condition, momentum): descent(condition, momentum)
            for condition in CONDITIONS
            for momentum in (True, False)
        }
        for condition in CONDITIONS:
            root = condition**0.5
            cells = [measured(falls[condition, True]), (root - 1) / (root + 1)]
            cells += [measured(falls[condition, False]), (condition - 1) / (condition + 1)]
            print(f"| {condition:g} | " + " | ".join(f"{cell:.6f}" for cell in cells) + " |")
        draw_rates(axes[1, 1], falls)
        draw_paths(axes[1, 2], paths())
    for axis in axes.flat:
        axis.spines[["top", "right"]].set_visible(False)
        axis.legend(frameon=False, fontsize=7)
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn.savefig(path, metadata={"Date": None})
    plt.close(drawn)


if __name__ == "__main__":
    main()
