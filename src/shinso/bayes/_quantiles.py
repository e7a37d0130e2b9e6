"""Quantiles of mixtures, by bisection of their distribution function."""

import numpy as np
from scipy import special

WIDEST, POINTS = 8.0, 257
"""Standard deviations and points of the rule for a Gaussian."""
TOGETHER = 1024
"""Examples looked at together."""
HALVINGS = 60
"""Enough for float64 to have no digits left."""


def mixture_quantiles(centres: np.ndarray, width: float, level: float) -> np.ndarray:
    """Return the `level`-quantile `[N, K]` of (1/S) Σ_s N(centre_s, width²), centres `[S, N, K]`."""
    offset = width * float(special.ndtri(level))
    low, high = centres.min(axis=0) + offset, centres.max(axis=0) + offset
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        below = special.ndtr((middle - centres) / width).mean(axis=0) < level
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    found: np.ndarray = (low + high) / 2
    return found


def log_normal_count_quantiles(mean: np.ndarray, variance: np.ndarray, level: float) -> np.ndarray:
    """Return the least counts m `[N, K]` with P(y ≤ m) ≥ `level` for y ~ Poisson(e^a), a ~ N(mean, variance)."""
    # The trapezoid rule converges faster than any power for what falls off as smoothly as a bell.
    places = np.linspace(-WIDEST, WIDEST, POINTS)
    weights = np.exp(-np.square(places) / 2)
    spread, found = np.sqrt(variance), np.empty_like(mean)
    for start in range(0, len(mean), TOGETHER):
        here = slice(start, start + TOGETHER)
        rates = np.exp(mean[here] + places[:, None, None] * spread[here])
        found[here] = count_quantiles(rates, weights / weights.sum(), level)
    return found


def count_quantiles(rates: np.ndarray, weights: np.ndarray, level: float) -> np.ndarray:
    """Return the least counts m `[N, K]` with Σ_s weight_s P(y ≤ m | rate_s) ≥ `level`, rates `[S, N, K]`."""
    # Each Poisson component has its quantile below rate + 40√rate + 40, far beyond any level that float64 tells from 1.
    top = rates.max(axis=0)
    low, high = np.full_like(top, -1.0), np.ceil(top + 40 * np.sqrt(top) + 40)
    while (high - low > 1).any():
        middle = np.floor((low + high) / 2)
        enough = np.tensordot(weights, special.pdtr(np.maximum(middle, 0), rates), axes=1) >= level
        reached = enough & (middle >= 0)
        open_ = high - low > 1
        high, low = np.where(open_ & reached, middle, high), np.where(open_ & ~reached, middle, low)
    found: np.ndarray = high
    return found
