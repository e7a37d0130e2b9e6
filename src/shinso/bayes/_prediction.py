"""The predictive distribution, from the mean and covariance of the network's outputs or from draws of them."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from scipy import special, stats

from shinso._checks import real
from shinso.bayes._quantiles import count_quantiles, log_normal_count_quantiles, mixture_quantiles
from shinso.objectives import Bernoulli, Categorical, Gaussian, Likelihood

NODES = 32
"""Points of the Gauss–Hermite rule for one output."""
FIXED_DRAWS = 512
"""Draws that split the variance of class probabilities; always the same ones."""
TOGETHER = 1024
"""Examples whose draws are looked at together."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """p(y | x, data) for N inputs.

    The law of total variance splits Var[y] = E_w[Var(y|w)] + Var_w[E(y|w)]: noise, which more data do not lessen, and
    ignorance of the weights, which they do. For classes y is the indicator of each class.

    Attributes:
        mean: E[y | x], `[N, K]`: means, rates, or probabilities.
        epistemic: variance of E[y | x, w] under the posterior, `[N, K]`.
        aleatoric: expected variance of y given w, `[N, K]`.
        output_mean: mean of the network's outputs a (logits, log-rates), `[N, K]`.
        output_covariance: their covariance under the posterior, `[N, K, K]`.
        likelihood: p(y | a).
        draws: outputs drawn, `[S, N, K]`, if the prediction was made of samples.
    """

    mean: np.ndarray
    epistemic: np.ndarray
    aleatoric: np.ndarray
    output_mean: np.ndarray
    output_covariance: np.ndarray
    likelihood: Likelihood
    draws: np.ndarray | None = None

    @property
    def variance(self) -> np.ndarray:
        """Var[y | x], `[N, K]`."""
        found: np.ndarray = self.epistemic + self.aleatoric
        return found

    @property
    def std(self) -> np.ndarray:
        """√Var[y | x], `[N, K]`."""
        root: np.ndarray = np.sqrt(self.variance)
        return root

    @property
    def probabilities(self) -> np.ndarray | None:
        """The mean where it is probabilities, `[N, K]`: of class k, or of label k being 1; None for numbers."""
        return self.mean if isinstance(self.likelihood, Bernoulli | Categorical) else None

    def quantiles(self, *levels: float) -> np.ndarray:
        """Return the q-quantiles of y for each level 0 < q < 1, `[levels, N, K]`; `quantiles(0.05, 0.95)` holds 90 %.

        Those of a Poisson likelihood are counts: the least m with P(y ≤ m | x) ≥ q.

        Raises:
            ValueError: a level out of range, or y is a class.
        """
        if self.probabilities is not None:
            raise ValueError("quantiles are of numbers and counts; classes have probabilities.")
        checked = [real("levels", level, above=0.0, below=1.0) for level in levels]
        return np.stack([self._quantile(level) for level in checked])

    def _quantile(self, level: float) -> np.ndarray:
        if isinstance(self.likelihood, Gaussian):
            if self.draws is None:
                return self.mean + float(stats.norm.ppf(level)) * self.std
            noise = float(self.likelihood.precision) ** -0.5
            return mixture_quantiles(self.draws, noise, level)
        if self.draws is not None:
            return count_quantiles(np.exp(self.draws), np.full(len(self.draws), 1 / len(self.draws)), level)
        return log_normal_count_quantiles(self.output_mean, _diagonals(self.output_covariance), level)


def closed_form(likelihood: Likelihood, mean: np.ndarray, covariance: np.ndarray) -> Prediction:
    """Return the predictive distribution for outputs a ~ N(mean, covariance).

    - Gaussian: E[y] = ā, Var[y] = 1/β + Σ_kk; exact. PRML (5.172)–(5.173).
    - Bernoulli: E[y] ≈ σ(κ(Σ_kk) ā) with κ(s²) = (1 + πs²/8)^−½, the probit approximation. PRML (5.190), (4.153).
    - Categorical: E[y_k] ≈ 1/Σ_j exp(κ(s²_kj)(ā_j − ā_k)), normalized, s²_kj = Σ_kk + Σ_jj − 2Σ_kj: the probit approximation
      for every pair of classes. For two classes it is that of the Bernoulli likelihood, and unlike softmax(κ(Σ_kk) ā_k) it
      does not change with a common shift of the logits, and lies closer to the integral. Lu, Ie and Sha (2020).
    - Poisson: E[y] = exp(ā + ½Σ_kk), Var E[y|w] = (exp Σ_kk − 1) E[y]², the moments of a log-normal; exact.

    The variance p(1 − p) of classes is split by Gauss–Hermite quadrature of Var σ(a), or, for more than one logit, by 512
    fixed draws of a.
    """
    spread, means = _diagonals(covariance), predictive_mean(likelihood, mean, covariance)
    if isinstance(likelihood, Gaussian):
        epistemic, aleatoric = spread, np.full_like(mean, 1 / float(likelihood.precision))
    elif isinstance(likelihood, Bernoulli):
        epistemic = np.minimum(_sigmoid_variance(mean, spread), means * (1 - means))
        aleatoric = means * (1 - means) - epistemic
    elif isinstance(likelihood, Categorical):
        epistemic = np.minimum(_softmax_variance(mean, covariance), means * (1 - means))
        aleatoric = means * (1 - means) - epistemic
    else:
        epistemic, aleatoric = np.expm1(spread) * np.square(means), means
    return Prediction(means, epistemic, aleatoric, mean, covariance, likelihood)


def predictive_mean(likelihood: Likelihood, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Return E[y | x], `[N, K]`, alone, by the formulas of `closed_form`."""
    spread = _diagonals(covariance)
    if isinstance(likelihood, Gaussian):
        return mean
    if isinstance(likelihood, Bernoulli):
        return np.asarray(special.expit(_probit_scale(spread) * mean))
    if isinstance(likelihood, Categorical):
        return _pairwise_probit(mean, covariance)
    return np.asarray(np.exp(mean + spread / 2))


def of_draws(likelihood: Likelihood, draws: np.ndarray) -> Prediction:
    """Return the predictive distribution as the mixture over outputs drawn, `[S, N, K]`."""
    means = np.asarray(jax.vmap(likelihood.mean)(jnp.asarray(draws)), dtype=np.float64)
    if isinstance(likelihood, Gaussian):
        aleatoric = np.full_like(means[0], 1 / float(likelihood.precision))
    elif isinstance(likelihood, Bernoulli | Categorical):
        aleatoric = (means * (1 - means)).mean(axis=0)
    else:
        aleatoric = means.mean(axis=0)
    centred = draws - draws.mean(axis=0)
    covariance = np.einsum("snk,snl->nkl", centred, centred) / len(draws)
    return Prediction(
        means.mean(axis=0), means.var(axis=0), aleatoric, draws.mean(axis=0), covariance, likelihood, draws
    )


def _probit_scale(variance: np.ndarray) -> np.ndarray:
    """κ(s²) = (1 + πs²/8)^−½."""
    scale: np.ndarray = 1 / np.sqrt(1 + np.pi * variance / 8)
    return scale


def _pairwise_probit(mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    spread = _diagonals(covariance)
    pairs = np.maximum(spread[:, :, None] + spread[:, None, :] - 2 * covariance, 0)
    exponents = _probit_scale(pairs) * (mean[:, None, :] - mean[:, :, None])
    logs = -special.logsumexp(exponents, axis=-1)
    found: np.ndarray = special.softmax(logs, axis=-1)
    return found


def _diagonals(covariance: np.ndarray) -> np.ndarray:
    return np.diagonal(covariance, axis1=-2, axis2=-1)


def _nodes(mean: np.ndarray, variance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return points `[NODES, N, K]` and weights `[NODES]` of a rule that is exact for polynomials of a ~ N(ā, s²)."""
    places, weights = np.polynomial.hermite_e.hermegauss(NODES)
    return mean + places[:, None, None] * np.sqrt(variance), weights / weights.sum()


def _sigmoid_variance(mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    values, weights = _nodes(mean, variance)
    p = special.expit(values)
    centre = np.tensordot(weights, p, axes=1)
    return np.tensordot(weights, np.square(p - centre), axes=1)


def _softmax_variance(mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    half = np.random.default_rng(0).standard_normal((FIXED_DRAWS // 2, 1, mean.shape[-1], 1))
    noise = np.concatenate([half, -half])
    found = np.empty_like(mean)
    for start in range(0, len(mean), TOGETHER):
        here = slice(start, start + TOGETHER)
        values, vectors = np.linalg.eigh(covariance[here])
        roots = vectors * np.sqrt(np.maximum(values, 0))[:, None, :]
        found[here] = special.softmax(mean[here] + np.matmul(roots, noise)[..., 0], axis=-1).var(axis=0)
    return found
