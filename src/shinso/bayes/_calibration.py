"""Whether probabilities and intervals hold what they promise."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from shinso._checks import real, whole_number
from shinso.bayes._log_density import as_targets
from shinso.bayes._prediction import Prediction

BINS = 15
"""Bins of a reliability diagram, unless a call says otherwise."""


@dataclass(frozen=True, eq=False)
class Reliability:
    """How often predictions of some confidence are right: a reliability diagram as numbers.

    Bin b holds the predictions whose confidence, the largest class probability, lies in ((b−1)/B, b/B].

    Attributes:
        confidence: mean confidence in each bin, `[B]`; NaN in an empty one.
        accuracy: share of right ones in each bin, `[B]`; NaN in an empty one.
        counts: predictions in each bin, `[B]`.
    """

    confidence: Float[np.ndarray, " B"]
    accuracy: Float[np.ndarray, " B"]
    counts: Int[np.ndarray, " B"]

    @property
    def expected_calibration_error(self) -> float:
        """Σ_b (n_b/N) |accuracy_b − confidence_b|, in 0–1."""
        filled = self.counts > 0
        gaps = np.abs(self.accuracy[filled] - self.confidence[filled])
        return float(self.counts[filled] @ gaps / self.counts.sum())


def reliability(probabilities: Any, targets: Any, *, bins: int = BINS) -> Reliability:
    """Return how often the most probable class is right, by its probability.

    Args:
        probabilities: of K ≥ 2 classes, `[N, K]`, each row with sum 1.
        targets: class indices, `[N]`.
        bins: B, at least 1; equally wide.

    Raises:
        ValueError: shapes differ, numbers are no probabilities, or `bins` is below 1.

    Source: Guo, Pleiss, Sun and Weinberger (2017), equations 1–3.
    """
    found, classes = _checked(probabilities, targets)
    count = whole_number("bins", bins, least=1)
    confidence = found.max(axis=1)
    right = found.argmax(axis=1) == classes
    places = np.clip(np.ceil(confidence * count).astype(int) - 1, 0, count - 1)
    counts = np.bincount(places, minlength=count)
    with np.errstate(invalid="ignore"):
        means, shares = (np.bincount(places, weights=of, minlength=count) / counts for of in (confidence, right))
    return Reliability(means, shares, counts)


def expected_calibration_error(probabilities: Any, targets: Any, *, bins: int = BINS) -> float:
    """Return Σ_b (n_b/N) |accuracy_b − confidence_b| over equally wide bins of confidence, in 0–1; see `reliability`."""
    return reliability(probabilities, targets, bins=bins).expected_calibration_error


def brier_score(probabilities: Any, targets: Any) -> float:
    """Return the mean of Σ_k (p_k − [k = y])², in 0–2; lower is better.

    Args:
        probabilities: `[N, K]`.
        targets: class indices, `[N]`.

    Raises:
        ValueError: shapes differ, or numbers are no probabilities.

    Source: Brier (1950).
    """
    found, classes = _checked(probabilities, targets)
    missed = found - np.eye(found.shape[1])[classes]
    return float(np.square(missed).sum(axis=1).mean())


def interval_coverage(prediction: Prediction, targets: Any, *, level: float = 0.9) -> float:
    """Return the share of targets inside the central interval that holds y with probability `level`.

    The interval is from the (1 − level)/2 to the (1 + level)/2 quantile, ends included, of each output by itself.

    Args:
        prediction: of numbers or counts.
        targets: `[N, K]`; `[N]` will do for K = 1.
        level: 0 < level < 1.

    Raises:
        ValueError: `level` is out of range, shapes differ, or the prediction is of classes.
    """
    inside = real("level", level, above=0.0, below=1.0)
    low, high = prediction.quantiles((1 - inside) / 2, (1 + inside) / 2)
    observed = as_targets(prediction, targets)
    return float(np.mean((low <= observed) & (observed <= high)))


def _checked(probabilities: Any, targets: Any) -> tuple[np.ndarray, np.ndarray]:
    found, classes = np.asarray(probabilities, dtype=np.float64), np.asarray(targets)
    if found.ndim != 2 or found.shape[1] < 2 or len(found) == 0:
        raise ValueError(f"probabilities must be [N, K] with N ≥ 1 and K ≥ 2 classes; got shape {list(found.shape)}.")
    if not (np.isfinite(found).all() and (found >= 0).all() and np.allclose(found.sum(axis=1), 1, atol=1e-3)):
        raise ValueError("probabilities must be at least 0 with sum 1 in every row; got others.")
    if classes.shape != found.shape[:1] or classes.dtype.kind not in "iu":
        raise ValueError(f"targets must be class indices [{len(found)}]; got {classes.dtype} {list(classes.shape)}.")
    if not ((classes >= 0) & (classes < found.shape[1])).all():
        raise ValueError(
            f"targets must be classes from 0 to {found.shape[1] - 1}; got {classes.min()} to {classes.max()}."
        )
    return found, classes
