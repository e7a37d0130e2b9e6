"""What a confusion matrix says."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from shinso._words import count, percent, shortened
from shinso.report._palette import FONT_SIZE, INK, MUTED, PAPER, TRAINING, VALIDATION, canvas, dress
from shinso.training import Evaluation

MOST_CLASSES = 25  # beyond which a matrix can no longer be read


@dataclass(frozen=True)
class Pair:
    """`count` of the `n` examples of class `true` were taken for `predicted`."""

    true: str
    predicted: str
    count: int
    n: int

    def __str__(self) -> str:
        return f"{self.true} → {self.predicted}: {self.count} of {self.n}"


@dataclass(frozen=True)
class ClassScore:
    """Recall (share of the class's examples found) and precision (share right among those predicted); NaN for 0/0."""

    name: str
    n: int
    predicted: int
    recall: float
    precision: float


def confusion_matrix(evaluation: Evaluation) -> Int[np.ndarray, "K K"]:
    """Return the matrix: row = true class, column = predicted class.

    Raises:
        ValueError: the evaluation has no confusion matrix.
    """
    if evaluation.confusion is None:
        raise ValueError("evaluation must be one of a classification; this one has no confusion matrix.")
    return np.asarray(evaluation.confusion, dtype=np.int64)


def class_names(classes: Sequence[object] | None, k: int) -> list[str]:
    """Return one name per class; the index where there are none."""
    if classes is None or len(classes) != k:
        return [str(index) for index in range(k)]
    return [str(name) for name in classes]


def worst_pairs(matrix: Int[np.ndarray, "K K"], names: list[str], most: int = 20) -> list[Pair]:
    """Return the confusions by how often they happened; equal counts by their share of the true class."""
    totals = matrix.sum(axis=1)
    wrong = np.argwhere((matrix > 0) & ~np.eye(len(matrix), dtype=bool))
    pairs = [Pair(names[i], names[j], int(matrix[i, j]), int(totals[i])) for i, j in wrong]
    return sorted(pairs, key=lambda pair: (-pair.count, -pair.count / pair.n))[:most]


def class_scores(matrix: Int[np.ndarray, "K K"], names: list[str]) -> list[ClassScore]:
    """Return recall Mᵢᵢ / Σⱼ Mᵢⱼ and precision Mᵢᵢ / Σⱼ Mⱼᵢ of every class."""
    right, true, predicted = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    return [
        ClassScore(
            name=name,
            n=int(true[i]),
            predicted=int(predicted[i]),
            recall=float(right[i] / true[i]) if true[i] else np.nan,
            precision=float(right[i] / predicted[i]) if predicted[i] else np.nan,
        )
        for i, name in enumerate(names)
    ]


def worst_confusion(matrix: Int[np.ndarray, "K K"], names: list[str]) -> str:
    """Return the most frequent confusion as a sentence."""
    pairs = worst_pairs(matrix, names, most=1)
    if not pairs:
        return "No class was taken for another."
    pair = pairs[0]
    if pair.count == 1 and np.sum(matrix) - np.trace(matrix) > 1:
        return "No class was taken for the same other one more than once."
    return f"{pair.true} was most often taken for {pair.predicted} ({count(pair.count)} of {count(pair.n)})."


def shades(matrix: Int[np.ndarray, "K K"]) -> list[list[float]]:
    """Return how strongly each cell is shaded, 0–1.

    Right ones: their share of the class. Confusions: the square root of their share relative to the largest one,
    as few mistakes would vanish beside a full diagonal.
    """
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    wrong = np.where(np.eye(len(matrix), dtype=bool), 0.0, share)
    largest = wrong.max(initial=0.0)
    relative = np.sqrt(wrong / largest) if largest > 0.0 else wrong
    shading: list[list[float]] = np.where(np.eye(len(matrix), dtype=bool), share, relative).round(3).tolist()
    return shading


def confusion_figure(evaluation: Evaluation, classes: Sequence[object] | None = None) -> Figure:
    """Return a figure of the confusion matrix; beyond 25 classes of the 20 most frequent confusions as bars.

    Args:
        evaluation: `run.evaluations["test"]`, say.
        classes: names of the classes (`run.data["classes"]`); their indices if left out.

    Raises:
        ValueError: the evaluation has no confusion matrix.
    """
    matrix = confusion_matrix(evaluation)
    names = [shortened(name, 14) for name in class_names(classes, len(matrix))]
    return _pairs_figure(matrix, names) if len(matrix) > MOST_CLASSES else _matrix_figure(matrix, names)


def _matrix_figure(matrix: Int[np.ndarray, "K K"], names: list[str]) -> Figure:
    k = len(matrix)
    figure = canvas(1.6 + 0.4 * k, 1.4 + 0.4 * k)
    axes = figure.subplots()
    dress(axes, "Confusion matrix")
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)
    axes.set(aspect="equal", xlim=(-0.5, k - 0.5), ylim=(k - 0.5, -0.5))
    axes.set_xlabel("predicted", fontsize=FONT_SIZE, color=MUTED)
    axes.set_ylabel("true", fontsize=FONT_SIZE, color=MUTED)
    long = max(map(len, names)) > 3
    axes.set_xticks(range(k), names, rotation=90 if long else 0, parse_math=False)
    axes.set_yticks(range(k), names, parse_math=False)
    for i, row in enumerate(shades(matrix)):
        for j, strength in enumerate(row):
            colour = TRAINING if i == j else VALIDATION
            square = Rectangle((j - 0.47, i - 0.47), 0.94, 0.94, color=colour, alpha=0.85 * strength, linewidth=0)
            axes.add_patch(square)
            if matrix[i, j]:
                ink = PAPER if strength > 0.6 else INK
                axes.text(j, i, f"{matrix[i, j]}", ha="center", va="center", fontsize=FONT_SIZE, color=ink)
    return figure


def _pairs_figure(matrix: Int[np.ndarray, "K K"], names: list[str]) -> Figure:
    pairs = worst_pairs(matrix, names)
    figure = canvas(6.4, 1.0 + 0.27 * max(len(pairs), 1))
    axes = figure.subplots()
    dress(axes, "Most frequent confusions (true → predicted)")
    axes.grid(visible=False)
    axes.barh(range(len(pairs)), [pair.count for pair in pairs], color=VALIDATION, height=0.7)
    axes.set_yticks(range(len(pairs)), [f"{pair.true} → {pair.predicted}" for pair in pairs], parse_math=False)
    axes.invert_yaxis()
    for i, pair in enumerate(pairs):
        text = f" {pair.count} of {pair.n} ({percent(pair.count / pair.n, pair.n)})"
        axes.text(pair.count, i, text, va="center", fontsize=FONT_SIZE, color=INK)
    axes.set_xticks([])
    return figure
