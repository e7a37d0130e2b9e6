"""The section about mistakes: which classes were taken for which, and the worst ones."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from shinso.report._confusion import (
    MOST_CLASSES,
    ClassScore,
    Pair,
    class_names,
    class_scores,
    confusion_matrix,
    shades,
    worst_confusion,
    worst_pairs,
)
from shinso.report._mistakes import class_name, data_uri, pixels
from shinso.training import Evaluation, Mistake

_LONG = 3  # characters from which the names of columns stand upright
_MOST_SHOWN = 20
_MOST_COLUMNS = 12


@dataclass(frozen=True)
class Cell:
    """One number of the confusion matrix, its shade 0–1 and its kind: `right`, `wrong` or `zero`."""

    number: int
    shade: float
    kind: str


@dataclass(frozen=True)
class Picture:
    """One mistake; the address of its picture is empty where the input is not an image, `columns` where it is no row."""

    place: str
    true: str
    predicted: str
    probability: float
    uri: str = ""
    width: int = 0
    height: int = 0
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Classification:
    """What the section shows; either the `matrix` or, for many classes, the most frequent `pairs`."""

    of: str
    sentence: str = ""
    names: list[str] = field(default_factory=list)
    upright: bool = False
    matrix: list[tuple[str, list[Cell]]] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    scores: list[ClassScore] = field(default_factory=list)
    mistakes: list[Picture] = field(default_factory=list)
    pictured: bool = False
    place: str = ""
    columns: tuple[str, ...] = ()
    more: int = 0


def classification(name: str, evaluation: Evaluation, classes: Sequence[object] | None) -> Classification | None:
    """Return the section for an evaluation called `name`; None if it is not one of classes."""
    if evaluation.confusion is None:
        return None
    matrix = confusion_matrix(evaluation)
    names = class_names(classes, len(matrix))
    scores = class_scores(matrix, names)
    many = len(names) > MOST_CLASSES
    if many:
        scores = sorted(scores, key=lambda score: (math.isnan(score.recall), score.recall))[:_MOST_SHOWN]
    columns = tuple(dict.fromkeys(key for mistake in evaluation.mistakes for key in mistake.columns))[:_MOST_COLUMNS]
    pictures = [_picture(mistake, names, columns) for mistake in evaluation.mistakes]
    numbered = any(mistake.row is not None for mistake in evaluation.mistakes)
    return Classification(
        of=name,
        sentence=worst_confusion(matrix, names),
        names=names,
        upright=max(map(len, names)) > _LONG,
        matrix=[] if many else _cells(evaluation, names),
        pairs=worst_pairs(matrix, names, _MOST_SHOWN) if many else [],
        scores=scores,
        mistakes=pictures,
        pictured=bool(pictures) and all(picture.uri for picture in pictures),
        place="Row" if numbered else "Example",
        columns=columns,
        more=int(matrix.sum() - np.trace(matrix)) - len(pictures),
    )


def _cells(evaluation: Evaluation, names: list[str]) -> list[tuple[str, list[Cell]]]:
    matrix = confusion_matrix(evaluation)
    rows = []
    for i, (name, shading) in enumerate(zip(names, shades(matrix), strict=True)):
        kinds = ["zero" if not matrix[i, j] else "right" if i == j else "wrong" for j in range(len(names))]
        numbers = matrix[i].tolist()
        rows.append((name, [Cell(*cell) for cell in zip(numbers, shading, kinds, strict=True)]))
    return rows


def _picture(mistake: Mistake, names: list[str], columns: Sequence[str]) -> Picture:
    true, predicted = class_name(mistake.true, names), class_name(mistake.predicted, names)
    place = f"{mistake.index if mistake.row is None else mistake.row}"
    shown = tuple(mistake.columns.get(column, "") for column in columns)
    if mistake.image is None:
        return Picture(place, true, predicted, mistake.probability, columns=shown)
    height, width = pixels(mistake.image).shape[:2]
    place = mistake.columns.get("file", place)
    return Picture(place, true, predicted, mistake.probability, data_uri(mistake.image), width, height, shown)
