"""How fast each hidden layer learns: ‖∂C/∂b‖, layer by layer, at the start and during training on the full batch."""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from shinso.experiment import arguments_of
from shinso.nn import Dense
from shinso.objectives import Objective, as_batch
from shinso.reproduce._experiments import Context, Seeds
from shinso.reproduce._record import Result
from shinso.reproduce._trainings import prepared
from shinso.settings import Settings
from shinso.training import train


def gradient_speeds(settings: Mapping[str, Any], seeds: Seeds, context: Context) -> list[Result]:
    """Measure the speeds of networks whose mini-batch is the whole training set.

    δˡ = ∂C/∂bˡ is the gradient of the mean cost over the training images, without the penalty, which biases do not have.

    Args:
        settings: `networks`, settings by name; `every`: epochs from one measurement to the next, 0 to measure at the start
            alone.
        seeds: of the first weights.
        context: where and how.

    Returns:
        For each seed, the values `NETWORK: start 1`, `2`, … of the hidden layers; and, if there is training, curves by
        network with columns `1`, `2`, …, from the start on.

    Source: Nielsen, chapter 5, "The vanishing gradient problem".
    """
    results = []
    for seed in seeds:
        result = Result({}, {})
        for name, chosen in settings["networks"].items():
            curves = _course(Settings.from_dict({**chosen, "seed": seed}), settings["every"], context)
            result.values.update({f"{name}: start {layer}": curve[0] for layer, curve in curves.items()})
            if settings["every"]:
                result.curves[name] = curves
        results.append(result)
    return results


def _course(settings: Settings, every: int, context: Context) -> dict[str, list[float]]:
    """Return ‖δˡ‖ of each hidden layer at the start and after each stretch of training."""
    data, complete = prepared(settings.replace(seed=0), context.data_dir)
    complete = complete.replace(seed=settings.seed, batch_size=len(data.training))
    arguments: dict[str, Any] = arguments_of(complete, data) | {"validation": None, "epochs": every}
    batch = as_batch("data", data.training, arguments["objective"].likelihood)
    cost = Objective(arguments["objective"].likelihood)
    found = [speeds(arguments["model"], cost, batch)]
    for _ in range((complete.epochs or 0) // every if every else 0):
        # Plain gradient descent has no state, so a stretch goes on where the one before ended.
        run = train(**arguments)
        if run.stop.reason == "interrupted":
            raise KeyboardInterrupt
        arguments["model"] = run.model
        found.append(speeds(run.model, cost, batch))
    return {str(layer): curve.tolist() for layer, curve in enumerate(np.transpose(found), 1)}


@eqx.filter_jit
def _bias_gradients(model: Any, cost: Objective, batch: Any) -> list[Any]:
    gradient = eqx.filter_grad(cost)(model, batch)
    return [jnp.linalg.norm(layer.bias) for layer in gradient.layers if isinstance(layer, Dense)][:-1]


def speeds(model: Any, cost: Objective, batch: Any) -> list[float]:
    """Return ‖∂C/∂b‖ of each hidden layer."""
    return [float(norm) for norm in _bias_gradients(model, cost, batch)]
