"""What PRML says of ways to second derivatives, measured in float64."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from shinso import _threefry, curvature, nn
from shinso.objectives import Objective, likelihood
from shinso.reproduce._experiments import Context, Seeds
from shinso.reproduce._record import Result
from shinso.reproduce._small_data import relative_error


def difference_errors(settings: Mapping[str, Any], seeds: Seeds, context: Context) -> list[Result]:
    """Compare central differences of the cost and of its gradient with the exact Hessian, for steps ε = 10⁻¹, 10⁻², ….

    Args:
        settings: `powers`, how many steps.
        seeds: of network and data.
        context: not used.

    Returns:
        For each seed, curves `cost` and `gradient`, column `error`: the largest difference over the largest entry; the
        values `order`: by how many powers of ten the gradient's error falls from ε = 10⁻¹ to 10⁻², `best cost` and
        `best gradient`.

    Source: Bishop, PRML, (5.90), (5.91) and §5.4.4.
    """
    objective = Objective(likelihood("categorical"))
    results = []
    with jax.enable_x64(True):
        for seed in seeds:
            random = np.random.default_rng(seed)
            data = (random.normal(size=(12, 3)), random.integers(0, 3, 12))
            model = nn.mlp(3, 3, 3, activation="tanh", key=_threefry.key_of(seed))
            exact = np.asarray(curvature.dense(curvature.hessian(model, objective, data)))
            errors: dict[str, list[float]] = {"cost": [], "gradient": []}
            for of, power in ((of, power) for of in errors for power in range(1, settings["powers"] + 1)):
                found = curvature.finite_difference(model, objective, data, of=of, step=10.0**-power)
                errors[of].append(relative_error(curvature.dense(found), exact))
            order = float(np.log10(errors["gradient"][0] / errors["gradient"][1]))
            values = {"order": order, **{f"best {of}": min(found) for of, found in errors.items()}}
            results.append(Result({of: {"error": found} for of, found in errors.items()}, values))
    return results


def outer_products(settings: Mapping[str, Any], seeds: Seeds, context: Context) -> list[Result]:
    """Compare Σ b bᵀ/N with the Hessian where the network is E[t|x] and the targets have noise, and where it is another.

    What is left out is the mean of (y − t) ∇²y, of mean 0 where y = E[t|x]: it falls as 1/√N there, and stays elsewhere.

    Args:
        settings: `sizes` N.
        seeds: of networks and data.
        context: not used.

    Returns:
        For each seed, curves `optimum` and `elsewhere`, column `error` by N: ‖H − Σ b bᵀ/N‖ / ‖H‖; the values of the same
        names: the slope of ln(error) over ln N.

    Source: Bishop, PRML, (5.83), (5.84) and exercise 5.17.
    """
    objective = Objective(likelihood("gaussian"))
    results = []
    with jax.enable_x64(True):
        for seed in seeds:
            random = np.random.default_rng(seed)
            truth, other = (nn.mlp(3, 1, 4, activation="tanh", key=_threefry.key_of(2 * seed + i)) for i in (0, 1))
            errors: dict[str, list[float]] = {"optimum": [], "elsewhere": []}
            for size in settings["sizes"]:
                x = random.normal(size=(size, 3))
                data = (x, np.asarray(truth(jnp.asarray(x))) + 0.5 * random.normal(size=(size, 1)))
                for name, model in (("optimum", truth), ("elsewhere", other)):
                    exact, outer = (
                        np.asarray(curvature.dense(of(model, objective, data)))
                        for of in (curvature.hessian, curvature.gauss_newton)
                    )
                    errors[name].append(float(np.linalg.norm(exact - outer) / np.linalg.norm(exact)))
            slopes = {
                name: float(np.polyfit(np.log(settings["sizes"]), np.log(found), 1)[0])
                for name, found in errors.items()
            }
            results.append(Result({name: {"error": found} for name, found in errors.items()}, slopes))
    return results
