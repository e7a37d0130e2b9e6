"""What several of the small experiments take: digits as vectors, a few of them apart, the least cost of a linear model."""

from typing import Any

import numpy as np

from shinso.data import load_digits


def flat_digits() -> tuple[np.ndarray, np.ndarray]:
    """Return scikit-learn's digits as vectors `[N, 64]`, and their classes."""
    data = load_digits()
    return data.inputs.reshape(len(data), -1), data.targets


def few_and_others(many: int, few: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the places of `few` of `many` examples, drawn, and of the others."""
    order = np.random.default_rng(seed).permutation(many)
    return order[:few], order[few:]


def least_cost(x: np.ndarray, y: np.ndarray) -> float:
    """Return the least of ½ mean (xW + b − y)²."""
    wide = np.column_stack([x, np.ones(len(x))])
    return float(0.5 * np.mean(np.square(y - wide @ np.linalg.lstsq(wide, y)[0])))


def relative_error(found: Any, expected: np.ndarray) -> float:
    """Return the largest difference of two entries over the largest entry."""
    return float(np.abs(np.asarray(found) - expected).max() / np.abs(expected).max())
