"""Second derivatives in float64: Newton's digits, the inverse Hessian in one pass, four ways to a Hessian."""

import math
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from shinso import curvature, nn, optim, textbook
from shinso.objectives import LIKELIHOODS, Objective, likelihood
from shinso.reproduce._experiments import Context, Seeds
from shinso.reproduce._record import Result

EXAMPLES, INPUTS, HIDDEN, OUTPUTS = 12, 3, 4, 3
NOT_SMOOTH = ("step", "relu", "elu")
"""Activations without a second derivative everywhere."""


def newton_digits(settings: Mapping[str, Any], seeds: Seeds, context: Context) -> list[Result]:
    """Count the correct digits −lg |x − x*| after each of Newton's steps, on eˣ − 2x from x = 1, where x* = ln 2.

    Args:
        settings: `steps`, how many.
        seeds: nothing is drawn, so all give the same.
        context: not used.

    Returns:
        For each seed, the curve `digits` of `newton`, and the value `growth`: the factor by which the last step that is not
        cut short by rounding multiplied them.

    Source: notes on neural networks, §2.2.2.2.
    """
    with jax.enable_x64(True):
        ends = [
            optim.minimise(_bent, jnp.ones(1), "newton", gradient_tolerance=0.0, max_steps=k)
            for k in range(1, settings["steps"] + 1)
        ]
        errors = [abs(float(end.point[0]) - math.log(2.0)) for end in ends]
    digits = [-math.log10(max(error, 1e-17)) for error in errors]
    exact = sum(number < 14 for number in digits)
    result = Result({"newton": {"digits": digits}}, {"growth": digits[exact - 1] / digits[exact - 2]})
    return [result for _ in seeds]


def _bent(x: jax.Array) -> jax.Array:
    return jnp.sum(jnp.exp(x) - 2 * x)


def inverse_hessian(settings: Mapping[str, Any], seeds: Seeds, context: Context) -> list[Result]:
    """Compare the inverse by one pass through the data with that of the dense matrix (Σ b bᵀ/N + αI).

    Args:
        settings: `alpha`, and `examples`.
        seeds: of network and data.
        context: not used.

    Returns:
        For each seed, the value `error`: the largest difference of two entries over the largest entry.

    Source: Bishop, PRML, (5.86)–(5.89).
    """
    with jax.enable_x64(True):
        return [Result({}, {"error": _inverse_error(seed, **settings)}) for seed in seeds]


def _inverse_error(seed: int, alpha: float, examples: int) -> float:
    random = np.random.default_rng(seed)
    x, y = random.normal(size=(examples, INPUTS)), random.normal(size=(examples, 1))
    model = nn.mlp(INPUTS, 1, HIDDEN, activation="tanh", key=jax.random.key(seed))
    found = curvature.inverse_outer_product(model, Objective(likelihood("gaussian")), (x, y), alpha=alpha)
    parameters, rest = nn.parameters(model)
    theta, tree = ravel_pytree(parameters)
    b = np.asarray(jax.jacrev(lambda vector: eqx.combine(tree(vector), rest)(jnp.asarray(x))[:, 0])(theta))
    return _error(curvature.dense(found), np.linalg.inv(b.T @ b / examples + alpha * np.eye(len(theta))))


def hessian_ways(settings: Mapping[str, Any], seeds: Seeds, context: Context) -> list[Result]:
    """Compare the exact Hessian of a two-layer network with its closed form, the R-operator and differences of gradients.

    Every cost with tanh units, and every smooth activation with cross-entropy for classes.

    Args:
        settings: none.
        seeds: of network and data.
        context: not used.

    Returns:
        For each seed, the values `closed form`, `R-operator` and `differences`: the largest difference of two entries over
        the largest entry, of all costs and activations.

    Source: Bishop, PRML, §5.4.3–5.4.6.
    """
    smooth = [name for name in nn.ACTIVATIONS if name not in (*NOT_SMOOTH, "tanh")]
    pairs = [(name, "tanh") for name in LIKELIHOODS] + [("categorical", name) for name in smooth]
    results = []
    with jax.enable_x64(True):
        for seed in seeds:
            errors = [_errors(cost, activation, seed) for cost, activation in pairs]
            results.append(Result({}, {way: max(error[way] for error in errors) for way in errors[0]}))
    return results


def _errors(cost: str, activation: str, seed: int) -> dict[str, float]:
    random = np.random.default_rng(seed)
    classes = random.integers(0, OUTPUTS, size=EXAMPLES)
    targets = {
        "gaussian": random.normal(size=(EXAMPLES, OUTPUTS)),
        "bernoulli": random.integers(0, 2, size=(EXAMPLES, OUTPUTS)),
        "poisson": random.poisson(2.0, size=(EXAMPLES, OUTPUTS)),
    }
    data = random.normal(size=(EXAMPLES, INPUTS)), targets.get(cost, classes)
    model = nn.mlp(
        INPUTS, OUTPUTS, HIDDEN, activation=activation, bias_init="standard_normal", key=jax.random.key(seed)
    )
    chosen = likelihood(cost)
    exact = np.asarray(curvature.dense(curvature.hessian(model, Objective(chosen), data)))
    columns = jax.lax.map(lambda v: textbook.hessian_vector_product(model, chosen, data, v), jnp.eye(len(exact)))
    differences = curvature.dense(curvature.finite_difference(model, Objective(chosen), data))
    return {
        "closed form": _error(textbook.two_layer_hessian(model, chosen, data), exact),
        "R-operator": _error(columns, exact),
        "differences": _error(differences, exact),
    }


def _error(found: Any, expected: np.ndarray) -> float:
    return float(np.abs(np.asarray(found) - expected).max() / np.abs(expected).max())


def coordinate_descent_rates(settings: Mapping[str, Any], seeds: Seeds, context: Context) -> list[Result]:
    """Measure by what factor |x| falls in a sweep over (x₁ − x₂)² + α(x₁² + x₂²), against (1 + α)⁻².

    Args:
        settings: `alphas`, and `sweeps`.
        seeds: nothing is drawn, so all give the same.
        context: not used.

    Returns:
        For each seed, a curve `size` for each α, and the values `α = …`: measured rate over theory's.

    Source: Goodfellow et al., §8.7.2.
    """
    curves, values = {}, {}
    with jax.enable_x64(True):
        for alpha in settings["alphas"]:
            matrix = 2 * np.array([[1 + alpha, -1], [-1, 1 + alpha]])
            path = optim.coordinate_descent(matrix, np.zeros(2), start=np.array([-3.0, 2.0]), sweeps=settings["sweeps"])
            sizes = np.linalg.norm(np.asarray(path), axis=1)
            name = f"α = {alpha:g}"
            curves[name] = {"size": sizes.tolist()}
            values[name] = float((sizes[-1] / sizes[1]) ** (1 / (len(sizes) - 2)) * (1 + alpha) ** 2)
            values[f"{name}: rate"] = (1 + alpha) ** -2.0
    return [Result(curves, values) for _ in seeds]
