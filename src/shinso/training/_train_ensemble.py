"""Training of ensembles."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from shinso import _threefry
from shinso._checks import whole_number
from shinso.objectives import Objective, as_batch
from shinso.training._ensemble import Ensemble
from shinso.training._mini_batches import n_examples
from shinso.training._train_many import train_many


def train_ensemble(
    model: Callable[[Any], Any] | Sequence[Any],
    objective: Objective,
    data: Any,
    *,
    members: int = 5,
    bagging: bool = False,
    seed: int = 0,
    **settings: Any,
) -> Ensemble:
    """Return networks trained from different initial weights side by side, as one compiled program (see `train_many`).

    Args:
        model: makes one network from a random key, such as ``lambda key: shinso.nn.mlp(4, 3, key=key)``; or the networks.
        objective: likelihood and penalties, for all.
        data: as for `shinso.train`.
        members: how many networks, at least 2; for networks given it is their number.
        bagging: each network sees its own bootstrap sample: N examples drawn with replacement, as weights of the examples
            (Breiman, 1996). Without it they differ in their initial weights and their noise alone.
        seed: determines initial weights, samples, order and noise.
        **settings: what `train_many` takes further: `epochs`, `optimizer`, `learning_rate`, `validation`, `folder`,
            `resume`, `progress`, ….

    Raises:
        TypeError, ValueError: fewer than two networks, or what `train_many` raises.

    Source: Nielsen, chapter 6; Goodfellow et al., §7.11.
    """
    if isinstance(model, Sequence):
        models = list(model)
    else:
        keys = _threefry.split(_threefry.fold_in(_threefry.key_of(seed), 1), whole_number("members", members, least=2))
        models = [model(key) for key in keys]
    if len(models) < 2:
        raise ValueError(f"members must be at least 2 to make an ensemble; got {len(models)}.")
    if bagging:
        batch = as_batch("data", data, objective.likelihood)
        settings["weights"] = np.asarray(batch.weights) * _bootstrap(len(models), n_examples(batch), seed)
    runs = train_many(models, objective, data, seed=seed, **settings)
    folder = settings.get("folder")
    return Ensemble(tuple(runs), folder=None if folder is None else Path(folder))


def _bootstrap(members: int, examples: int, seed: int) -> np.ndarray:
    """Return how often each example is drawn, `[M, N]`: N draws with replacement for each member."""
    drawn = jax.random.randint(_threefry.fold_in(_threefry.key_of(seed), 2), (members, examples), 0, examples)
    return np.asarray(jax.vmap(lambda row: jnp.bincount(row, length=examples))(drawn))
