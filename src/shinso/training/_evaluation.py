"""How well a run does on data: score with its interval, confusion, worst mistakes."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from scipy import stats
from sklearn import metrics

from shinso.objectives import R2, EvaluationScore

MISTAKES = 24
POINTS = 1000
RESAMPLES, LEAST_RESAMPLES, DRAWS = 1000, 100, 4 * 10**8
"""Bootstrap resamples, the least, and what all of them together may draw: there are fewer above 400,000 examples."""
BLOCK = 2**22
"""Numbers of resamples that are looked at together."""


@dataclass
class Mistake:
    """One wrong classification: which example, what it is, what it was taken for, and how surely."""

    index: int
    true: int
    predicted: int
    probability: float
    image: list[Any] | None = None


@dataclass
class Evaluation:
    """What predictions on `n` examples came to.

    Attributes:
        n: examples.
        score_name: ``"accuracy"``, or the likelihood's `evaluation_score`: ``"r2"``, ``"deviance"``, ``"d2_pinball"``.
        score: its value.
        interval: the 95 % interval of the score: Wilson's for an accuracy, bootstrap resamples otherwise, 1,000 of
            them (4·10⁸ / n above 400,000 examples, at least 100).
        loss: mean negative log-likelihood, without constants.
        metrics: further figures by name.
        confusion: rows are true classes, columns predicted ones.
        mistakes: the wrong classifications made with the highest probability, at most 24.
        points: up to 1,000 pairs (target, prediction) of the first output.
    """

    n: int
    score_name: str
    score: float
    interval: tuple[float, float]
    loss: float
    metrics: dict[str, float] = field(default_factory=dict)
    confusion: list[list[int]] | None = None
    mistakes: list[Mistake] = field(default_factory=list)
    points: list[tuple[float, float]] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the evaluation as a plain dictionary."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> "Evaluation":
        """Return the evaluation that `to_dict` described."""
        return cls(
            **{
                **plain,
                "interval": tuple(plain["interval"]),
                "mistakes": [Mistake(**mistake) for mistake in plain["mistakes"]],
                "points": plain["points"] and [tuple(point) for point in plain["points"]],
            }
        )


def wilson_interval(right: float, n: int, level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's score interval for a proportion (Wilson, 1927): where a test at `level` would not reject it."""
    interval = stats.binomtest(round(right), n).proportion_ci(level, method="wilson")
    return float(interval.low), float(interval.high)


def evaluate_classes(
    targets: np.ndarray, probabilities: np.ndarray, loss: float, images: np.ndarray | None = None
) -> Evaluation:
    """Return the evaluation of class probabilities ``[N, K]`` against class indices ``[N]``."""
    n, classes = probabilities.shape
    predicted = probabilities.argmax(axis=1)
    right = predicted == targets
    wrong = np.flatnonzero(~right)
    worst = wrong[np.argsort(-probabilities[wrong, predicted[wrong]], kind="stable")][:MISTAKES]
    present = np.unique(targets)
    recalls = [right[targets == k].mean() for k in present]
    confusion = metrics.confusion_matrix(targets, predicted, labels=np.arange(classes))
    return Evaluation(
        n=n,
        score_name="accuracy",
        score=float(right.mean()),
        interval=wilson_interval(right.sum(), n),
        loss=loss,
        metrics={"balanced_accuracy": float(np.mean(recalls))},
        confusion=confusion.tolist(),
        mistakes=[
            Mistake(
                index=int(i),
                true=int(targets[i]),
                predicted=int(predicted[i]),
                probability=float(probabilities[i, predicted[i]]),
                image=None if images is None else np.round(images[i].astype(float), 3).tolist(),
            )
            for i in worst
        ],
    )


def evaluate_labels(targets: np.ndarray, probabilities: np.ndarray, loss: float) -> Evaluation:
    """Return the evaluation of label probabilities ``[N, K]`` against 0/1 labels ``[N, K]``; right is: all labels right."""
    predicted = probabilities > 0.5
    labels = targets.reshape(predicted.shape) > 0.5
    right = (predicted == labels).all(axis=1)
    return Evaluation(
        n=len(right),
        score_name="accuracy",
        score=float(right.mean()),
        interval=wilson_interval(right.sum(), len(right)),
        loss=loss,
        metrics={
            "label_accuracy": float((predicted == labels).mean()),
            "f1_micro": float(metrics.f1_score(labels.ravel(), predicted.ravel(), zero_division=0.0)),
        },
    )


def evaluate_numbers(
    targets: np.ndarray, predictions: np.ndarray, loss: float, score: EvaluationScore = R2
) -> Evaluation:
    """Return the evaluation of predictions ``[N, K]`` of numbers or counts ``[N, K]``; `score` is a likelihood's."""
    targets = targets.reshape(predictions.shape).astype(float)
    predictions = predictions.astype(float)
    errors = predictions - targets

    n = len(targets)
    scores = _resampled(score, targets, predictions)
    finite = scores[np.isfinite(scores)]
    chosen = np.random.default_rng(0).choice(n, size=min(n, POINTS), replace=False)
    pairs = zip(targets[chosen, 0].tolist(), predictions[chosen, 0].tolist(), strict=True)
    return Evaluation(
        n=n,
        score_name=score.name,
        score=float(score.of(targets, predictions, np.ones((1, n)))[0]),
        interval=tuple(np.quantile(finite, [0.025, 0.975]).tolist()) if n > 1 and len(finite) else (math.nan, math.nan),
        loss=loss,
        metrics={"rmse": float(np.sqrt((errors**2).mean())), "mae": float(np.abs(errors).mean())},
        points=list(pairs),
    )


def _resampled(score: EvaluationScore, targets: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Return the score of each bootstrap resample, a block of them at a time."""
    n, random = len(targets), np.random.default_rng(0)
    many, block = max(LEAST_RESAMPLES, min(RESAMPLES, DRAWS // n)), max(1, BLOCK // n)
    parts = []
    for start in range(0, many, block):
        drawn = [np.bincount(random.integers(n, size=n), minlength=n) for _ in range(min(block, many - start))]
        parts.append(score.of(targets, predictions, np.stack(drawn).astype(float)))
    return np.concatenate(parts)


def hardest_confusion(evaluation: Evaluation, classes: Sequence[Any]) -> tuple[Any, Any, int, int] | None:
    """Return (true, predicted, how often, of how many) for the largest off-diagonal count; None if all are right."""
    if evaluation.confusion is None:
        return None
    confusion = np.array(evaluation.confusion)
    off = confusion - np.diag(np.diag(confusion))
    if off.max(initial=0) == 0:
        return None
    true, predicted = np.unravel_index(off.argmax(), off.shape)
    return classes[true], classes[predicted], int(off.max()), int(confusion[true].sum())
