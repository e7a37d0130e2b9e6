"""What the start of training decides: how far layers move before and after pre-training, how much runs differ."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from shinso import _threefry, nn
from shinso.objectives import Objective, likelihood, penalty
from shinso.reproduce._experiments import Context, Seeds
from shinso.reproduce._record import Result
from shinso.reproduce._small_data import few_and_others, flat_digits
from shinso.training import pretrain_autoencoders, train, train_many


def update_sizes(settings: Mapping[str, Any], seeds: Seeds, context: Context) -> list[Result]:
    """Measure ‖∂C/∂b‖ of each hidden layer at the start of training, without and after pre-training by autoencoders.

    Args:
        settings: `hidden` units of each layer; `epochs` of each autoencoder; `learning_rate`.
        seeds: of first weights and order.
        context: not used.

    Returns:
        For each seed, curves `random` and `pretrained`, column `size`, by layer; the values of the same names: the first
        layer's over the last hidden layer's.

    Source: the lecture on deep learning, "Learning of deep networks" and "Pre-training".
    """
    x, y = flat_digits()
    objective = Objective(likelihood("categorical"))
    results = []
    for seed in seeds:
        start = nn.mlp(64, 10, settings["hidden"], activation="sigmoid", key=_threefry.key_of(seed))
        stages = pretrain_autoencoders(
            start, x, learning_rate=settings["learning_rate"], epochs=settings["epochs"], seed=seed, probes="off"
        )
        result = Result({}, {})
        for name, model in (("random", start), ("pretrained", stages.model)):
            run = train(model, objective, (x, y), epochs=1, seed=seed)
            columns = [column for column in run.probes.rows[0] if column.startswith("bias_gradient_norm/")]
            sizes = [run.probes.rows[0][column] for column in columns][:-1]
            result.curves[name] = {"size": sizes}
            result.values[name] = sizes[0] / sizes[-1]
        results.append(result)
    return results


def spread_of_starts(settings: Mapping[str, Any], seeds: Seeds, context: Context) -> list[Result]:
    """Train from several starts, without and with weight decay, and compare how much the test costs differ.

    Args:
        settings: `starts`, how many; `examples`, `epochs`, `hidden`, `learning_rate`, `l2`.
        seeds: of the starts, the order and the choice of examples.
        context: not used.

    Returns:
        For each seed, the values `without` and `with`: the standard deviation of the test cost over its mean.

    Source: Nielsen, chapter 3, "Why does regularization help reduce overfitting?".
    """
    x, y = flat_digits()
    results = []
    for seed in seeds:
        few, others = few_and_others(len(y), settings["examples"], seed)
        keys = _threefry.split(_threefry.key_of(seed), settings["starts"])
        models = [nn.mlp(64, 10, settings["hidden"], activation="sigmoid", key=key) for key in keys]
        values = {}
        for name, strength in (("without", 0.0), ("with", settings["l2"])):
            runs = train_many(
                models,
                Objective(likelihood("categorical"), [penalty("l2", strength=strength)]),
                (x[few], y[few]),
                optimizer="sgd",
                learning_rate=settings["learning_rate"],
                batch_size=10,
                epochs=settings["epochs"],
                monitor={"test": (x[others], y[others])},
                seed=seed,
                probes="off",
            )
            costs = np.array([run.history["test_loss"][-1] for run in runs])
            values[name] = float(costs.std(ddof=1) / costs.mean())
        results.append(Result({}, values))
    return results
