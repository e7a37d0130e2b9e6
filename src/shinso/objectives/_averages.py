"""Averages over a Gaussian, and quantiles by bisection, in float64 on the host."""

from collections.abc import Callable, Iterator

import numpy as np

WIDEST, POINTS = 8.0, 257
"""Standard deviations and points of the rule for a Gaussian."""
TOGETHER = 1024
"""Examples looked at together."""
HALVINGS = 60
"""Enough for float64 to have no digits left."""

# The trapezoid rule converges faster than any power for what falls off as smoothly as a bell.
PLACES = np.linspace(-WIDEST, WIDEST, POINTS)
WEIGHTS = np.exp(-np.square(PLACES) / 2)
WEIGHTS = WEIGHTS / WEIGHTS.sum()

Cumulative = Callable[[np.ndarray], np.ndarray]
"""`values [N, K] → P(y ≤ value) [N, K]`."""


def diagonals(covariance: np.ndarray) -> np.ndarray:
    """Return the variances `[N, K]`."""
    return np.diagonal(covariance, axis1=-2, axis2=-1)


def points(mean: np.ndarray, covariance: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield examples and the rule's points for each output by itself, `[POINTS, n, K]`; `WEIGHTS` belong to them."""
    deviations = np.sqrt(np.maximum(diagonals(covariance), 0))
    for start in range(0, len(mean), TOGETHER):
        here = slice(start, start + TOGETHER)
        yield here, mean[here] + PLACES[:, None, None] * deviations[here]


def averages(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return Σ_s weight_s values_s."""
    return np.tensordot(weights, values, axes=1)


def real_quantiles(cumulative: Cumulative, level: float, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return where P(y ≤ value) reaches `level`, from any first guess low < high."""
    while (wrong := cumulative(low) > level).any():
        low = np.where(wrong, 2 * low - high, low)
    while (wrong := cumulative(high) < level).any():
        high = np.where(wrong, 2 * high - low, high)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        below = cumulative(middle) < level
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    found: np.ndarray = (low + high) / 2
    return found


def count_quantiles(cumulative: Cumulative, level: float, shape: tuple[int, ...]) -> np.ndarray:
    """Return the least whole numbers m ≥ 0 with P(y ≤ m) ≥ `level`."""
    low, high = np.full(shape, -1.0), np.zeros(shape)
    while (wrong := cumulative(high) < level).any():
        low, high = np.where(wrong, high, low), np.where(wrong, 2 * high + 1, high)
    while (open_ := high - low > 1).any():
        middle = np.where(open_, np.floor((low + high) / 2), high)
        reached = cumulative(middle) >= level
        high, low = np.where(open_ & reached, middle, high), np.where(open_ & ~reached, middle, low)
    return high
