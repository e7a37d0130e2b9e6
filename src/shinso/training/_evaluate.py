"""Predictions of trained networks against targets."""

from collections.abc import Sequence
from typing import Any, Protocol

import equinox as eqx
import numpy as np
from jaxtyping import Array, PyTree

from shinso.nn import Sequences
from shinso.objectives import Batch, Likelihood, as_batch
from shinso.training._evaluation import Evaluation
from shinso.training._rebuilt import evaluate_rebuilt
from shinso.training._scores import evaluate_classes, evaluate_labels, evaluate_numbers


class Predicts(Protocol):
    """What has raw outputs and knows what they mean."""

    @property
    def likelihood(self) -> Likelihood:
        """What the outputs mean."""

    def outputs(self, inputs: Any) -> np.ndarray:
        """Return raw outputs ``[N, K]``, or ``[N, T, K]`` for steps."""


def evaluated(networks: Sequence[Predicts], inputs: Any, targets: Any, kind: str | None) -> Evaluation:
    """Return how well the mean of what some networks predict does on data; one network is its own mean.

    Means (probabilities, numbers) are averaged; the loss is that of the mixture, −ln (1/M) Σ_m p_m(y | x).

    Args:
        networks: of one likelihood.
        inputs: `[N, …]`.
        targets: `[N]` or `[N, …]`.
        kind: of the task, such as "multilabel", where it is known.

    Raises:
        TypeError, ValueError: the data do not fit the likelihood.
    """
    likelihood = networks[0].likelihood
    batch = as_batch("data", (inputs, targets), likelihood)
    scored = [_scored(batch, network.outputs(batch.inputs)) for network in networks]
    judged = [_judged(likelihood, outputs, targets) for outputs, targets in scored]
    losses = -np.stack([np.asarray(losses, float) for losses, _ in judged])
    highest = losses.max(axis=0)
    loss = float(np.mean(np.log(len(losses)) - highest - np.log(np.exp(losses - highest).sum(axis=0))))
    answers = [np.asarray(answers) for _, answers in judged]
    mean = answers[0] if len(answers) == 1 else np.mean(answers, axis=0)
    main, _, main_targets = likelihood.main(*scored[0])
    return _by_kind(main, kind, batch.inputs, np.asarray(main_targets), mean, loss)


@eqx.filter_jit
def _judged(likelihood: Likelihood, outputs: Array, targets: Array) -> tuple[Array, Array]:
    """Return each row's loss, and what is said of the main target: probabilities, or a number."""
    main, main_outputs, _ = likelihood.main(outputs, targets)
    answer = main.mean if main.target.probabilities else main.predict
    return likelihood.loss(outputs, targets), answer(main_outputs)


def _scored(batch: Batch, outputs: np.ndarray) -> tuple[Any, Any]:
    """Return outputs and targets row by row: of every step that is not padding, where there are steps."""
    targets = np.asarray(batch.targets)
    if outputs.ndim == 2:
        return outputs, targets
    steps = outputs.shape[1]
    lengths = batch.inputs.lengths if isinstance(batch.inputs, Sequences) else np.full(len(outputs), steps)
    there = np.arange(steps) < np.asarray(lengths)[:, None]
    return outputs[there], targets[there]


def _by_kind(
    likelihood: Likelihood, kind: str | None, inputs: PyTree, targets: np.ndarray, answers: np.ndarray, loss: float
) -> Evaluation:
    found, true, said = likelihood.target.answers(targets, answers, kind)
    if found == "classification":
        return evaluate_classes(true, said, loss, np.asarray(inputs) if getattr(inputs, "ndim", 0) == 4 else None)
    if found == "multilabel":
        return evaluate_labels(true, said, loss)
    if found == "reconstruction":
        flat = true.reshape(said.shape)
        return evaluate_rebuilt(np.asarray(inputs), flat, said, loss, likelihood.evaluation_score)
    return evaluate_numbers(true, said, loss, likelihood.evaluation_score)
