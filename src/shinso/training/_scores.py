"""Predictions against targets: scores with their intervals, confusions, the worst mistakes."""

import math
from statistics import NormalDist

import numpy as np

from shinso.objectives import R2, EvaluationScore
from shinso.training._evaluation import Evaluation, Mistake

MISTAKES = 24
POINTS = 1000
RESAMPLES, LEAST_RESAMPLES, DRAWS = 1000, 100, 4 * 10**8
"""Bootstrap resamples, the least, and what all of them together may draw: there are fewer above 400,000 examples."""
BLOCK = 2**22
"""Numbers of resamples that are looked at together."""
ABSURD = -1e4
"""An explained share below it is none."""


def wilson_interval(right: float, n: int, level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's score interval for a proportion (Wilson, 1927): where a test at `level` would not reject it."""
    z = NormalDist().inv_cdf((1 + level) / 2)
    centre, half = right + z * z / 2, z * math.sqrt(right * (n - right) / n + z * z / 4)
    low, high = (centre - half) / (n + z * z), (centre + half) / (n + z * z)
    return 0.0 if right == 0 else low, 1.0 if right == n else high


def evaluate_classes(
    targets: np.ndarray, probabilities: np.ndarray, loss: float, images: np.ndarray | None = None
) -> Evaluation:
    """Return the evaluation of class probabilities ``[N, K]`` against class indices ``[N]``."""
    n, classes = probabilities.shape
    predicted = probabilities.argmax(axis=1)
    # What is not a number is no answer: its largest place would be the first class.
    right = (predicted == targets) & np.isfinite(probabilities).all(axis=1)
    wrong = np.flatnonzero(~right)
    worst = wrong[np.argsort(-probabilities[wrong, predicted[wrong]], kind="stable")][:MISTAKES]
    present = np.unique(targets)
    recalls = [right[targets == k].mean() for k in present]
    confusion = np.bincount(targets * classes + predicted, minlength=classes**2).reshape(classes, classes)
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
            "f1_micro": float(2 * (labels & predicted).sum() / max(labels.sum() + predicted.sum(), 1)),
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
    score_of_all = float(score.of(targets, predictions, np.ones((1, n)))[0])
    if score_of_all < ABSURD:  # the targets hardly vary: what is explained of that says nothing
        score_of_all, finite = math.nan, finite[:0]
    chosen = np.random.default_rng(0).choice(n, size=min(n, POINTS), replace=False)
    pairs = zip(targets[chosen, 0].tolist(), predictions[chosen, 0].tolist(), strict=True)
    return Evaluation(
        n=n,
        score_name=score.name,
        score=score_of_all,
        interval=tuple(np.quantile(finite, [0.025, 0.975]).tolist()) if n > 1 and len(finite) else (math.nan, math.nan),
        loss=loss,
        metrics={"rmse": float(np.sqrt((errors**2).mean())), "mae": float(np.abs(errors).mean())},
        points=list(pairs),
    )


def paired_difference(
    score: EvaluationScore, targets: np.ndarray, first: np.ndarray, second: np.ndarray
) -> tuple[float, float, float]:
    """Return by how much better the score of the first answers is than that of the second, and its 95 % interval.

    The interval is that of bootstrap resamples of the examples, the same for both: what makes examples hard or easy for both
    cancels.

    Args:
        score: what is compared.
        targets: `[N, K]`.
        first: answers `[N, K]`.
        second: answers to the same examples, `[N, K]`.
    """
    sign, whole = (1.0 if score.higher_is_better else -1.0), np.ones((1, len(targets)))
    gain = sign * float(score.of(targets, first, whole)[0] - score.of(targets, second, whole)[0])
    gains = sign * (_resampled(score, targets, first) - _resampled(score, targets, second))
    gains = gains[np.isfinite(gains)]
    low, high = np.quantile(gains, [0.025, 0.975]).tolist() if len(gains) else (math.nan, math.nan)
    return gain, low, high


def _resampled(score: EvaluationScore, targets: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Return the score of each bootstrap resample, a block of them at a time."""
    n, random = len(targets), np.random.default_rng(0)
    many, block = max(LEAST_RESAMPLES, min(RESAMPLES, DRAWS // n)), max(1, BLOCK // n)
    parts = []
    for start in range(0, many, block):
        drawn = [np.bincount(random.integers(n, size=n), minlength=n) for _ in range(min(block, many - start))]
        parts.append(score.of(targets, predictions, np.stack(drawn).astype(float)))
    return np.concatenate(parts)
