"""One neuron with one input learns to give 0 for 1: the quadratic cost is slow where the neuron is badly wrong."""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from shinso.objectives import Objective, likelihood
from shinso.reproduce._experiments import Context, Seeds
from shinso.reproduce._record import Result
from shinso.textbook import given_network
from shinso.training import train

DATA = np.array([[1.0]]), np.array([[0.0]])


def single_neuron(settings: Mapping[str, Any], seeds: Seeds, context: Context) -> list[Result]:
    """Train σ(wx + b) by gradient descent from given w and b on x = 1, y = 0.

    Args:
        settings: `start`, (w, b); `learning_rate`; `epochs`; `costs`, likelihoods by name.
        seeds: nothing is drawn, so all give the same.
        context: not used.

    Returns:
        For each seed, curves by cost: `output` and `cost` after each epoch.

    Source: Nielsen, chapter 3, "The cross-entropy cost function".
    """
    w, b = settings["start"]
    result = Result({}, {})
    for name, cost in settings["costs"].items():
        run = train(
            given_network([np.array([[w]])], [np.array([b])], output="identity"),
            Objective(likelihood(cost)),
            DATA,
            optimizer="sgd",
            learning_rate=settings["learning_rate"],
            epochs=settings["epochs"],
            monitor={"neuron": DATA, "output": _output},
        )
        columns = {"output": "neuron_output", "cost": "neuron_loss"}
        result.curves[name] = {column: run.history[own].tolist() for column, own in columns.items()}
    return [result for _ in seeds]


def _output(outputs: jax.Array, targets: jax.Array) -> jax.Array:
    return jax.nn.sigmoid(outputs[:, 0])
