"""How good a predictive distribution is on examples whose targets are known."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from shinso.bayes._calibration import Reliability, brier_score, interval_coverage, reliability
from shinso.bayes._inputs import as_inputs
from shinso.bayes._log_density import as_targets, log_density
from shinso.bayes._network import outputs_at, pieces
from shinso.bayes._posterior import Posterior
from shinso.bayes._prediction import Prediction, closed_form

LEVEL = 0.9
"""Of the intervals whose coverage is measured."""
TOGETHER = 1024
"""Inputs looked at together."""


@dataclass(frozen=True, eq=False)
class Assessment:
    """Figures of a predictive distribution on N examples; those that do not suit the likelihood are None.

    Attributes:
        n: N.
        negative_log_likelihood: mean of −ln p(y | x, data), in nats; lower is better.
        accuracy: share of classes (of labels) predicted right.
        brier_score: mean of Σ_k (p_k − y_k)².
        reliability: accuracy by confidence; has the expected calibration error.
        root_mean_squared_error: √ of the mean of (y − E[y])².
        coverage: share of targets in their 90 % intervals.
    """

    n: int
    negative_log_likelihood: float
    accuracy: float | None = None
    brier_score: float | None = None
    reliability: Reliability | None = None
    root_mean_squared_error: float | None = None
    coverage: float | None = None

    @property
    def expected_calibration_error(self) -> float | None:
        """Mean gap between confidence and accuracy, of classes and labels."""
        return None if self.reliability is None else self.reliability.expected_calibration_error


def assess(prediction: Prediction, targets: Any) -> Assessment:
    """Return how well a predictive distribution fits targets; labels are judged one by one, as two classes.

    Raises:
        ValueError: targets do not fit the prediction.
    """
    observed = as_targets(prediction, targets)
    loss = -float(np.mean(log_density(prediction, observed)))
    probabilities = prediction.probabilities
    if probabilities is None:
        error = float(np.sqrt(np.mean(np.square(observed - prediction.mean))))
        covered = interval_coverage(prediction, observed, level=LEVEL)
        return Assessment(len(observed), loss, root_mean_squared_error=error, coverage=covered)
    probabilities, classes = prediction.likelihood.target.as_classes(probabilities, observed)
    right = float(np.mean(probabilities.argmax(axis=1) == classes))
    return Assessment(
        len(observed), loss, right, brier_score(probabilities, classes), reliability(probabilities, classes)
    )


def predict_alone(posterior: Posterior, inputs: Any) -> Prediction:
    """Return what the network at w_MAP predicts as if its weights were known: p(y | x, w_MAP), β that of the posterior.

    Args:
        posterior: of the network.
        inputs: `[N, …]` as in training.

    Raises:
        ValueError: inputs are not accepted.
    """
    found = [
        np.asarray(outputs_at(posterior.network, piece), dtype=np.float64)[:new]
        for piece, new in pieces(as_inputs(inputs), TOGETHER)
    ]
    outputs = np.concatenate(found)
    return closed_form(posterior.likelihood, outputs, np.zeros((*outputs.shape, outputs.shape[1])))
