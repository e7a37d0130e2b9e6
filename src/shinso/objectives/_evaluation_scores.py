"""One figure for predicted numbers, for many weightings of the examples at once, as resampling asks."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

Figure = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""`(targets [N, K], answers [N, K], weights [B, N]) → [B]`."""


class EvaluationScore(NamedTuple):
    """A figure by its name.

    Attributes:
        name: such as "r2".
        of: the figure of targets and answers `[N, K]` under weights `[B, N]`, `[B]`.
        higher_is_better: whether a larger figure is the better one.
    """

    name: str
    of: Figure
    higher_is_better: bool = True


def r2(targets: np.ndarray, answers: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return 1 − Σ(y − ŷ)² / Σ(y − ȳ)², a mean over outputs, for each row of weights; NaN where all targets are equal."""
    n = weights.sum(axis=1, keepdims=True)
    centred = targets - targets.mean(axis=0)
    total = weights @ centred**2 - (weights @ centred) ** 2 / n
    return _explained(weights @ (answers - targets) ** 2, total)


def weighted_r2(targets: np.ndarray, answers: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return 1 − Σ‖y − ŷ‖² / Σ‖y − ȳ‖² for each row of weights: R² weighted by each output's variance; NaN where it is 0."""
    n = weights.sum(axis=1, keepdims=True)
    centred = targets - targets.mean(axis=0)
    total = (
        weights @ (centred**2).sum(axis=1, keepdims=True) - ((weights @ centred) ** 2).sum(axis=1, keepdims=True) / n
    )
    return _explained(weights @ ((answers - targets) ** 2).sum(axis=1, keepdims=True), total)


def d2_pinball(targets: np.ndarray, answers: np.ndarray, weights: np.ndarray, level: float) -> np.ndarray:
    """Return 1 − Σ ρ_τ(y − ŷ) / Σ ρ_τ(y − q), q the best constant, a mean over outputs; ρ_τ(u) = max(τu, (τ − 1)u).

    Source: Koenker and Machado (1999), equation 7.
    """
    errors = targets - answers
    losses = weights @ np.maximum(level * errors, (level - 1) * errors)
    least = [_least_pinball(column, weights, level) for column in targets.T]
    return _explained(losses, np.stack(least, axis=1))


def _least_pinball(targets: np.ndarray, weights: np.ndarray, level: float) -> np.ndarray:
    """Return min_c Σ_n w_n ρ_τ(y_n − c), which a target c attains: the first that weights of τ do not exceed."""
    order = targets.argsort(kind="stable")
    y, w = targets[order], weights[:, order]
    below, moments = np.cumsum(w, axis=1), np.cumsum(w * y, axis=1)
    place = (below >= level * below[:, -1:]).argmax(axis=1)
    rows, c = np.arange(len(w)), y[place]
    left, left_moment = below[rows, place], moments[rows, place]
    right, right_moment = below[:, -1] - left, moments[:, -1] - left_moment
    least: np.ndarray = (1 - level) * (c * left - left_moment) + level * (right_moment - c * right)
    return least


def _explained(losses: np.ndarray, totals: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        shares: np.ndarray = (1 - losses / np.where(totals > 0, totals, np.nan)).mean(axis=1)
    return shares


def accuracy(targets: np.ndarray, answers: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the share of rows that are right in every column, for each row of weights."""
    right = (targets == answers).all(axis=1).astype(float)
    share: np.ndarray = weights @ right / weights.sum(axis=1)
    return share


ACCURACY = EvaluationScore("accuracy", accuracy)
"""The share of rows that are right."""
R2 = EvaluationScore("r2", r2)
"""R², 1 − Σ(t − y)² / Σ(t − t̄)², of real targets."""
WEIGHTED_R2 = EvaluationScore("r2", weighted_r2)
