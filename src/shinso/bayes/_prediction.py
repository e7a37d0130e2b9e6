"""The predictive distribution, from the mean and covariance of the network's outputs or from draws of them."""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np

from shinso._checks import real
from shinso.objectives import Predictive


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
    likelihood: Predictive
    draws: np.ndarray | None = None

    @property
    def variance(self) -> np.ndarray:
        """Var[y | x], `[N, K]`."""
        found: np.ndarray = self.epistemic + self.aleatoric
        return found

    @property
    def standard_deviation(self) -> np.ndarray:
        """√Var[y | x], `[N, K]`."""
        root: np.ndarray = np.sqrt(self.variance)
        return root

    @property
    def probabilities(self) -> np.ndarray | None:
        """The mean where it is probabilities, `[N, K]`: of class k, or of label k being 1; None for numbers."""
        return self.mean if self.likelihood.target.probabilities else None

    def quantiles(self, *levels: float) -> np.ndarray:
        """Return the q-quantiles of y for each level 0 < q < 1, `[levels, N, K]`; `quantiles(0.05, 0.95)` holds 90 %.

        Those of counts are counts: the least m with P(y ≤ m | x) ≥ q.

        Raises:
            ValueError: a level out of range, or y is a class.
        """
        checked = [real("levels", level, above=0.0, below=1.0) for level in levels]
        if self.draws is not None:
            return np.stack([self.likelihood.mixture_quantile(level, self.draws) for level in checked])
        moments = self.output_mean, self.output_covariance
        return np.stack([self.likelihood.predictive_quantile(level, *moments) for level in checked])


def closed_form(likelihood: Predictive, mean: np.ndarray, covariance: np.ndarray) -> Prediction:
    """Return the predictive distribution for outputs a ~ N(mean, covariance), by the likelihood's own formulas."""
    epistemic, aleatoric = likelihood.predictive_variances(mean, covariance)
    return Prediction(likelihood.predictive_mean(mean, covariance), epistemic, aleatoric, mean, covariance, likelihood)


def of_draws(likelihood: Predictive, draws: np.ndarray) -> Prediction:
    """Return the predictive distribution as the mixture over outputs drawn, `[S, N, K]`."""
    outputs = jnp.asarray(draws)
    means = np.asarray(likelihood.mean(outputs), dtype=np.float64)
    aleatoric = np.asarray(likelihood.variance(outputs), dtype=np.float64).mean(axis=0)
    centred = draws - draws.mean(axis=0)
    covariance = np.einsum("snk,snl->nkl", centred, centred) / len(draws)
    return Prediction(
        means.mean(axis=0), means.var(axis=0), aleatoric, draws.mean(axis=0), covariance, likelihood, draws
    )
