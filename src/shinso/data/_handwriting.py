"""Handwritten digits from pictures, prepared as those of MNIST are."""

import numpy as np
from jaxtyping import Float, Float32

from shinso import _checks

FAINT = 0.1
"""Ink below this share of the darkest counts as paper where a digit is cut out."""


def box_side(size: int) -> int:
    """Return the side of the box that a digit fills in an image: 20 of MNIST's 28 pixels, all of an image below 20."""
    return int(size * 20 / 28 + 0.5) if size >= 20 else size


def centred_digit(ink: Float[np.ndarray, "H W"], size: int = 28) -> Float32[np.ndarray, "size size"]:
    """Return a digit as MNIST's are: cut out, scaled to a box, its centre of mass at the image's centre, ink up to 1.

    Its longer side becomes that of the box, 20 of 28 pixels, and its proportions are kept; a pixel is the mean of the ink
    that falls into it. It is then moved by whole pixels. Images below 20 pixels, as scikit-learn's 8×8, are filled.

    Args:
        ink: 0 for paper, more for ink.
        size: side of the image, in pixels.

    Raises:
        ValueError: `ink` is no picture, is not finite or is negative, or there is no ink.

    Source: LeCun, Cortes and Burges, *The MNIST database of handwritten digits*.
    """
    size = _checks.whole_number("size", size, least=1)
    picture = np.asarray(ink, np.float64)
    if picture.ndim != 2 or picture.size == 0 or not np.isfinite(picture).all() or picture.min() < 0:
        raise ValueError(f"ink must be finite numbers [H, W], 0 for paper; got an array of shape {picture.shape}.")
    marked = picture > FAINT * picture.max()
    if not marked.any():
        raise ValueError("ink must show a digit; there is none on this picture.")
    rows, columns = (np.flatnonzero(marked.any(axis=axis)) for axis in (1, 0))
    cut = picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = box_side(size) / max(cut.shape)
    height, width = (max(1, int(length * scale + 0.5)) for length in cut.shape)
    small = _shares(cut.shape[0], height) @ cut @ _shares(cut.shape[1], width).T
    small /= small.max()
    image = np.zeros((size, size), np.float32)
    down, across = (_from(small.sum(axis=1 - axis), size) for axis in (0, 1))
    image[down : down + height, across : across + width] = small
    return image


def _from(mass: Float[np.ndarray, " n"], size: int) -> int:
    """Return where a line of ink begins so that its centre of mass is at size/2, and all of it is inside."""
    centre = float(mass @ np.arange(len(mass)) / mass.sum())
    return min(max(int(np.floor(size / 2 - centre + 0.5)), 0), size - len(mass))


def _shares(before: int, after: int) -> Float[np.ndarray, "after before"]:
    """Return the matrix that takes the mean over `after` equal parts of a line of `before` pixels."""
    edges = np.linspace(0, before, after + 1)
    places = np.arange(before)
    overlap: np.ndarray = np.minimum(edges[1:, None], places + 1) - np.maximum(edges[:-1, None], places)
    shares: np.ndarray = np.clip(overlap, 0, None) * (after / before)
    return shares
