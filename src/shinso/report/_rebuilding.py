"""The section about rebuilt inputs: what went in and what came out."""

from dataclasses import dataclass

from shinso._words import number
from shinso.report._mistakes import data_uri, pixels
from shinso.training import Evaluation


@dataclass(frozen=True)
class Pair:
    """One input and what was made of it, as addresses of pictures."""

    index: int
    error: str
    uri: str
    rebuilt: str
    width: int
    height: int


def rebuilding(evaluation: Evaluation) -> list[Pair]:
    """Return pictures and what was rebuilt of them, from the smallest error to the largest; none of other inputs."""
    pairs = []
    for one in evaluation.rebuilt:
        height, width = pixels(one.image).shape[:2]
        pairs.append(Pair(one.index, number(one.error), data_uri(one.image), data_uri(one.rebuilt), width, height))
    return pairs
