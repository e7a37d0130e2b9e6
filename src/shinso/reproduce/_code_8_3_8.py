"""8–3–8: the code that a hidden layer of three sigmoid units finds for eight things."""

import itertools
from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np

from shinso import _threefry, nn
from shinso.objectives import Objective, Reconstruction, penalty
from shinso.reproduce._experiments import Context, Seeds
from shinso.reproduce._record import Result
from shinso.training import train_many

EIGHT = np.eye(8, dtype=np.float32)
NEAR = 0.1
"""A unit at most this far from 0 or 1 counts as binary."""


def code_8_3_8(settings: Mapping[str, Any], seeds: Seeds, context: Context) -> list[Result]:
    """Train networks that repeat the numbers 0 to 7, each written as one unit on and seven off.

    Args:
        settings: `epochs` and `learning_rate` of Adam; `decays`, several λ of the penalty ½λΣw².
        seeds: of the first weights.
        context: progress.

    Returns:
        For each seed and λ, the values `λ = …: repeated`, how many of the eight it gives back; `… apart`, the distance of
        the closest two codes; `… binary`, the share of the 24 units of all codes near 0 or 1, in per cent.

    Raises:
        KeyboardInterrupt: after Ctrl-C.

    Source: the lecture on deep learning, exercise 9-1.
    """
    models = [nn.autoencoder(8, 3, code_activation="sigmoid", key=_threefry.key_of(seed)) for seed in seeds]
    results = [Result({}, {}) for _ in seeds]
    for decay in settings["decays"]:
        runs = train_many(
            models,
            Objective(Reconstruction(8, "bernoulli"), [penalty("l2", strength=decay)]),
            (EIGHT, EIGHT),
            learning_rate=settings["learning_rate"],
            epochs=settings["epochs"],
            batch_size=8,
            progress=context.progress,
        )
        for result, run in zip(results, runs, strict=True):
            if run.stop.reason == "interrupted":
                raise KeyboardInterrupt
            measured = {"repeated": _repeated(run), **_of_codes(_codes(run.model))}
            result.values.update({f"λ = {decay:g}: {name}": number for name, number in measured.items()})
    return results


def _repeated(run: Any) -> float:
    return float((run.predict_mean(EIGHT).argmax(axis=1) == np.arange(8)).sum())


def _codes(model: Any) -> np.ndarray:
    return np.asarray(model.encode(jnp.asarray(EIGHT)))


def _of_codes(codes: np.ndarray) -> dict[str, float]:
    apart = min(np.linalg.norm(a - b) for a, b in itertools.combinations(codes, 2))
    return {"apart": float(apart), "binary": 100 * float(np.mean(np.abs(codes - codes.round()) <= NEAR))}
