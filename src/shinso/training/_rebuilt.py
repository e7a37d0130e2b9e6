"""How well inputs are rebuilt."""

import dataclasses

import numpy as np

from shinso.objectives import EvaluationScore
from shinso.training._evaluation import Evaluation, Rebuilt
from shinso.training._scores import evaluate_numbers

SHOWN = 16


def evaluate_rebuilt(
    inputs: np.ndarray, targets: np.ndarray, rebuilt: np.ndarray, loss: float, score: EvaluationScore
) -> Evaluation:
    """Return the evaluation of rebuilt inputs ``[N, D]`` against the inputs as targets ``[N, D]``.

    Args:
        inputs: as the network takes them, ``[N, …]``; images ``[N, H, W, C]`` are kept to be shown.
        targets: the same, flattened.
        rebuilt: what the network made of them.
        loss: mean negative log-likelihood, without constants.
        score: of the likelihood.
    """
    found = evaluate_numbers(targets, rebuilt, loss, score)
    if inputs.ndim != 4:
        return dataclasses.replace(found, points=None)
    errors = np.mean(np.square(rebuilt - targets, dtype=float), axis=1)
    places = np.linspace(0, len(errors) - 1, min(SHOWN, len(errors))).round().astype(int)
    chosen = np.argsort(errors, kind="stable")[places]
    return dataclasses.replace(
        found,
        points=None,
        rebuilt=[
            Rebuilt(int(i), float(errors[i]), _plain(inputs[i]), _plain(rebuilt[i].reshape(inputs.shape[1:])))
            for i in chosen
        ],
    )


def _plain(image: np.ndarray) -> list[float]:
    plain: list[float] = np.round(image.astype(float), 3).tolist()
    return plain
