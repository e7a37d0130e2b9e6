"""A string of handwritten digits cut into digits: of all ways to cut it, the one whose pieces are recognized best."""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import ndimage

from shinso.data._handwriting import FAINT, centred_digit

MOST_PIECES = 60
SPECK = 0.01
"""Share of the largest piece's ink below which a piece is no part of a digit."""
_WIDEST, _LOWEST = 1.15, 0.45
_PIECES_OF_A_DIGIT = 4
_CUTS = 3

Classify = Callable[[Float[np.ndarray, "N size size"]], Float[np.ndarray, "N K"]]


@dataclass(frozen=True)
class ReadDigit:
    """One digit of a string.

    Attributes:
        digit: class with the largest probability.
        probability: that probability.
        left: first column of its ink.
        right: column after its last.
        image: what was classified, `[size, size]`.
    """

    digit: int
    probability: float
    left: int
    right: int
    image: Float[np.ndarray, "size size"]


@dataclass(frozen=True)
class _Piece:
    """Ink that is never divided; `cost` is paid where it is not in one digit with the piece before it."""

    ink: Float[np.ndarray, "H W"]
    left: int
    right: int
    cost: float


def read_digit_string(ink: Float[np.ndarray, "H W"], classify: Classify, size: int = 28) -> list[ReadDigit]:
    """Return the digits of a string from left to right, segmented by the classifier's own score.

    Ink that hangs together is a piece; one too wide for a digit may also be cut where it is thinnest. Every run of up to
    four neighbouring pieces is classified as if it were a digit, and the division of the string with the highest sum of

        ln max_k p(k | piece) − |ink cut| − how unlike a digit its proportions are

    is found by dynamic programming: "if the classifier has trouble with a segment, it is probably a wrong one".

    Args:
        ink: 0 for paper, more for ink, `[H, W]`.
        classify: from images `[N, size, size]`, ink up to 1, to probabilities of the digits, `[N, K]`.
        size: side of the images that `classify` takes.

    Raises:
        ValueError: there is no ink, or so many pieces that it is no string of digits.

    Source: Nielsen, chapter 1, "A simple network to classify handwritten digits".
    """
    picture = np.asarray(ink, np.float64)
    if picture.ndim != 2 or picture.size == 0 or not (picture > 0).any():
        raise ValueError("ink must show digits; there are none on this picture.")
    pieces = _pieces(picture)
    spans = [
        (start, end)
        for start in range(len(pieces))
        for end in range(start + 1, min(start + _PIECES_OF_A_DIGIT, len(pieces)) + 1)
    ]
    unions = [np.maximum.reduce([piece.ink for piece in pieces[start:end]]) for start, end in spans]
    images = np.stack([centred_digit(union, size) for union in unions])
    probabilities = classify(images)
    height = float(
        np.median([_extent(piece.ink, 1) for piece in pieces if _extent(piece.ink, 1) > 0.3 * _tallest(pieces)])
    )
    scores = [
        math.log(max(float(p.max()), 1e-12)) - _unlike_a_digit(union, height) - _cost(pieces, span)
        for p, union, span in zip(probabilities, unions, spans, strict=True)
    ]
    chosen = _best_division(dict(zip(spans, scores, strict=True)), len(pieces))
    return [_digit(pieces, span, probabilities[spans.index(span)], images[spans.index(span)]) for span in chosen]


def _digit(pieces: list[_Piece], span: tuple[int, int], p: np.ndarray, image: np.ndarray) -> ReadDigit:
    left, right = (
        pick(getattr(piece, side) for piece in pieces[slice(*span)]) for pick, side in ((min, "left"), (max, "right"))
    )
    return ReadDigit(int(p.argmax()), float(p.max()), left, right, image)


def _best_division(scores: dict[tuple[int, int], float], count: int) -> list[tuple[int, int]]:
    """Return the spans that cover all pieces with the highest sum of scores."""
    best: list[tuple[float, list[tuple[int, int]]]] = [(0.0, [])]
    for end in range(1, count + 1):
        ways = [(best[start][0] + scores[start, end], start) for start in range(end) if (start, end) in scores]
        score, start = max(ways)
        best.append((score, [*best[start][1], (start, end)]))
    return best[count][1]


def _pieces(picture: Float[np.ndarray, "H W"]) -> list[_Piece]:
    """Return the connected pieces of ink from left to right, wide ones cut where they are thinnest."""
    labels, count = ndimage.label(picture > FAINT * picture.max(), structure=np.ones((3, 3)))
    mass = np.asarray(ndimage.sum_labels(picture, labels, np.arange(1, count + 1)))
    kept = 1 + np.flatnonzero(mass > SPECK * mass.max())
    if len(kept) > MOST_PIECES:
        raise ValueError(f"ink must be a string of digits; it falls into {len(kept)} pieces.")
    whole = [picture * (labels == label) for label in kept]
    # Of a digit in several pieces none is as high as the digit: the string is.
    tallest = min(_extent(np.maximum.reduce(whole), 1), 2 * max(_extent(one, 1) for one in whole))
    found = [piece for one in whole for piece in _cut(one, tallest)]
    return sorted(found, key=lambda piece: piece.left + piece.right)


def _cut(ink: Float[np.ndarray, "H W"], tallest: int) -> list[_Piece]:
    """Return a piece whole, or cut at up to three of its thinnest columns where it is too wide for one digit."""
    columns = np.flatnonzero(ink.any(axis=0))
    left, right = int(columns[0]), int(columns[-1]) + 1
    thickness = ink.sum(axis=0) / ink.max()
    apart = max(int(0.3 * tallest), 2)
    cuts: list[int] = []
    if right - left > 0.8 * tallest:
        for column in left + apart + np.argsort(thickness[left + apart : right - apart], kind="stable"):
            if len(cuts) < min(_CUTS, (right - left) // apart) and all(abs(column - cut) >= apart for cut in cuts):
                cuts.append(int(column))
    edges = [left, *sorted(cuts), right]
    parts = []
    for start, end in itertools.pairwise(edges):
        part = np.zeros_like(ink)
        part[:, start:end] = ink[:, start:end]
        through = 0.0 if start == left else 1.0 + 8.0 * float(thickness[start]) / tallest
        parts.append(_Piece(part, start, end, through))
    return [part for part in parts if part.ink.any()]


def _cost(pieces: list[_Piece], span: tuple[int, int]) -> float:
    """Return what it costs to begin a digit here: the ink that is cut through, and overlap with the digit before."""
    start = span[0]
    if start == 0:
        return 0.0
    first, before = pieces[start], pieces[start - 1]
    overlap = min(before.right, first.right) - max(before.left, first.left)
    share = overlap / max(min(before.right - before.left, first.right - first.left), 1)
    return first.cost + 12.0 * max(share - 0.3, 0.0)


def _unlike_a_digit(ink: Float[np.ndarray, "H W"], height: float) -> float:
    """Return how far a span is from a digit's proportions: too wide for the string's height, or too low."""
    wide, tall = _extent(ink, 0) / height, _extent(ink, 1) / height
    return 12.0 * max(wide - _WIDEST, 0.0) + 12.0 * max(_LOWEST - tall, 0.0)


def _extent(ink: Float[np.ndarray, "H W"], axis: int) -> int:
    """Return over how many rows (axis 1) or columns (axis 0) the ink goes."""
    places = np.flatnonzero(ink.any(axis=axis))
    return int(places[-1] - places[0] + 1)


def _tallest(pieces: list[_Piece]) -> int:
    return max(_extent(piece.ink, 1) for piece in pieces)
