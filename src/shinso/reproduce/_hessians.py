"""Second derivatives checked against each other, in float64: the inverse in one pass, four ways to a Hessian."""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from shinso import _threefry, curvature, nn, textbook
from shinso.objectives import LIKELIHOODS, Objective, likelihood
from shinso.reproduce._experiments import Context, Seeds
from shinso.reproduce._record import Result
from shinso.reproduce._small_data import relative_error

EXAMPLES, INPUTS, HIDDEN, OUTPUTS = 12, 3, 4, 3
NOT_SMOOTH = ("step", "relu", "elu")
"""Activations without a second derivative everywhere."""


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
    model = nn.mlp(INPUTS, 1, HIDDEN, activation="tanh", key=_threefry.key_of(seed))
    found = curvature.inverse_outer_product(model, Objective(likelihood("gaussian")), (x, y), alpha=alpha)
    parameters, rest = nn.parameters(model)
    theta, tree = ravel_pytree(parameters)
    b = np.asarray(jax.jacrev(lambda vector: eqx.combine(tree(vector), rest)(jnp.asarray(x))[:, 0])(theta))
    return relative_error(curvature.dense(found), np.linalg.inv(b.T @ b / examples + alpha * np.eye(len(theta))))


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
        INPUTS, OUTPUTS, HIDDEN, activation=activation, bias_init="standard_normal", key=_threefry.key_of(seed)
    )
    chosen = likelihood(cost)
    exact = np.asarray(curvature.dense(curvature.hessian(model, Objective(chosen), data)))
    columns = jax.lax.map(lambda v: textbook.hessian_vector_product(model, chosen, data, v), jnp.eye(len(exact)))
    differences = curvature.dense(curvature.finite_difference(model, Objective(chosen), data))
    return {
        "closed form": relative_error(textbook.two_layer_hessian(model, chosen, data), exact),
        "R-operator": relative_error(columns, exact),
        "differences": relative_error(differences, exact),
    }
