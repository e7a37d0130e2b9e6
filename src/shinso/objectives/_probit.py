"""How a Gaussian over logits spreads probabilities: the probit approximation, and variances by numbers."""

import numpy as np
from scipy import special

from shinso.objectives._averages import TOGETHER, WEIGHTS, averages, diagonals, points

FIXED_DRAWS = 512
"""Draws that split the variance of class probabilities; always the same ones."""


def probit_scale(variance: np.ndarray) -> np.ndarray:
    """Return κ(s²) = (1 + πs²/8)^−½: E σ(a) ≈ σ(κ ā) for a ~ N(ā, s²). Source: Bishop, PRML (4.153)–(4.154)."""
    scale: np.ndarray = 1 / np.sqrt(1 + np.pi * variance / 8)
    return scale


def pairwise_probit(mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Return E softmax(a)_k ≈ 1/Σ_j exp(κ(s²_kj)(ā_j − ā_k)), normalized, s²_kj = Σ_kk + Σ_jj − 2Σ_kj.

    It is the probit approximation for every pair of classes. For two classes it is that of one logit, and unlike
    softmax(κ(Σ_kk) ā_k) it does not change with a common shift of the logits, and lies closer to the integral.

    Source: Lu, Ie and Sha (2020).
    """
    variances = diagonals(covariance)
    pairs = np.maximum(variances[:, :, None] + variances[:, None, :] - 2 * covariance, 0)
    exponents = probit_scale(pairs) * (mean[:, None, :] - mean[:, :, None])
    found: np.ndarray = special.softmax(-special.logsumexp(exponents, axis=-1), axis=-1)
    return found


def sigmoid_variance(mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Return Var σ(a) for each output by itself, `[N, K]`."""
    found = np.empty_like(mean)
    for here, logits in points(mean, covariance):
        p = special.expit(logits)
        found[here] = averages(np.square(p - averages(p, WEIGHTS)), WEIGHTS)
    return found


def softmax_variance(mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Return Var softmax(a)_k over 512 fixed draws of a, `[N, K]`."""
    half = np.random.default_rng(0).standard_normal((FIXED_DRAWS // 2, 1, mean.shape[-1], 1))
    noise = np.concatenate([half, -half])
    found = np.empty_like(mean)
    for start in range(0, len(mean), TOGETHER):
        here = slice(start, start + TOGETHER)
        values, vectors = np.linalg.eigh(covariance[here])
        roots = vectors * np.sqrt(np.maximum(values, 0))[:, None, :]
        found[here] = special.softmax(mean[here] + np.matmul(roots, noise)[..., 0], axis=-1).var(axis=0)
    return found
