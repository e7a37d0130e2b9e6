"""How well a run does on data: score with its interval, confusion, worst mistakes."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np


@dataclass
class Mistake:
    """One wrong classification: which example, what it is, what it was taken for, and how surely.

    Where the examples come from a source that tells: `row`, from 1, of that source, and the `columns` that stand there.
    """

    index: int
    true: int
    predicted: int
    probability: float
    image: list[Any] | None = None
    row: int | None = None
    columns: dict[str, str] = field(default_factory=dict)


@dataclass
class Rebuilt:
    """One input and what was made of it: which example, its mean squared error, both as images of values 0–1."""

    index: int
    error: float
    image: list[Any]
    rebuilt: list[Any]


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
        rebuilt: images that were to be rebuilt, up to 16 from the smallest error to the largest.
    """

    n: int
    score_name: str
    score: float
    interval: tuple[float, float]
    loss: float
    metrics: dict[str, float] = field(default_factory=dict)
    confusion: list[list[int]] | None = field(default=None, repr=False)
    mistakes: list[Mistake] = field(default_factory=list, repr=False)
    points: list[tuple[float, float]] | None = field(default=None, repr=False)
    rebuilt: list[Rebuilt] = field(default_factory=list, repr=False)

    def __str__(self) -> str:
        low, high = self.interval
        score = f"{self.score_name} {self.score:.4g} (95 % interval {low:.4g} to {high:.4g})"
        return f"{score}, loss {self.loss:.4g}, of {self.n} examples"

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
                "rebuilt": [Rebuilt(**one) for one in plain.get("rebuilt", ())],
            }
        )


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
