"""How fast Newton's method and coordinate descent converge, in float64."""

import math
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from shinso import optim
from shinso.reproduce._experiments import Context, Seeds
from shinso.reproduce._record import Result


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
