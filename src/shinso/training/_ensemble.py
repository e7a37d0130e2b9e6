"""Ensembles: networks trained side by side that answer together."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from shinso._checks import one_of, whole_number
from shinso.objectives import Likelihood, Objective, as_batch
from shinso.training._program import n_examples
from shinso.training._run import Run
from shinso.training._train import train_many

Vote = Literal["average", "majority"]


class Ensemble(NamedTuple):
    """M trained networks that answer together.

    Attributes:
        runs: one run for each network.
    """

    runs: tuple[Run, ...]

    @property
    def likelihood(self) -> Likelihood:
        """The likelihood they were trained with."""
        return self.runs[0].likelihood

    def predict_mean(self, inputs: Any) -> np.ndarray:
        """Return the mean over networks of E[target | x], ``[N, K]``: averaged probabilities, means or rates.

        Args:
            inputs: as for `Run.predict_mean`.
        """
        average: np.ndarray = np.mean([run.predict_mean(inputs) for run in self.runs], axis=0)
        return average

    def predict(self, inputs: Any, *, vote: Vote = "average") -> np.ndarray:
        """Return the predicted class indices ``[N]``, labels ``[N, K]`` or means ``[N, K]``.

        Args:
            inputs: as for `Run.predict`.
            vote: for classes and labels: "average" decides by the averaged probabilities, "majority" by most votes, ties by
                the averaged probabilities among those that tie. Means are averaged in any case.

        Raises:
            ValueError: `vote` is something else.

        Source: Nielsen, chapter 6 (five networks, a vote: 99.67 %).
        """
        majority = one_of("vote", vote, ("average", "majority")) == "majority"
        means = np.stack([run.predict_mean(inputs) for run in self.runs])
        return self.likelihood.decide(self.likelihood.target.majority(means) if majority else means.mean(axis=0))


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
    """Train networks from different initial weights side by side, as one compiled program (see `train_many`).

    Args:
        model: makes one network from a random key, such as ``lambda key: shinso.nn.mlp(4, 3, key=key)``; or the networks.
        objective: likelihood and penalties, for all.
        data: as for `shinso.train`.
        members: how many networks, at least 2; for networks given it is their number.
        bagging: each network sees its own bootstrap sample: N examples drawn with replacement, as weights of the examples
            (Breiman, 1996). Without it they differ in their initial weights and their noise alone.
        seed: determines initial weights, samples, order and noise.
        **settings: what `train_many` takes further: `epochs`, `optimizer`, `learning_rate`, `validation`, ….

    Raises:
        TypeError, ValueError: fewer than two networks, or what `train_many` raises.

    Source: Nielsen, chapter 6; Goodfellow et al., §7.11.
    """
    if isinstance(model, Sequence):
        models = list(model)
    else:
        keys = jax.random.split(jax.random.fold_in(jax.random.key(seed), 1), whole_number("members", members, least=2))
        models = [model(key) for key in keys]
    if len(models) < 2:
        raise ValueError(f"members must be at least 2 to make an ensemble; got {len(models)}.")
    if bagging:
        batch = as_batch("data", data, objective.likelihood)
        settings["weights"] = np.asarray(batch.weights) * _bootstrap(len(models), n_examples(batch), seed)
    return Ensemble(tuple(train_many(models, objective, data, seed=seed, **settings)))


def _bootstrap(members: int, examples: int, seed: int) -> np.ndarray:
    """Return how often each example is drawn, `[M, N]`: N draws with replacement for each member."""
    drawn = jax.random.randint(jax.random.fold_in(jax.random.key(seed), 2), (members, examples), 0, examples)
    return np.asarray(jax.vmap(lambda row: jnp.bincount(row, length=examples))(drawn))
