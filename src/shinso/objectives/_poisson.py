"""The Poisson likelihood: counts, from log-rates."""

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import gammaln, xlogy
from jaxtyping import Array, Float, PRNGKeyArray
from scipy import special

from shinso.objectives._averages import diagonals
from shinso.objectives._log_link import LogLinkCounts
from shinso.objectives._predictive import Moments


class Poisson(LogLinkCounts):
    """y_k ~ Poisson(e^(a_k)), independent: loss Σ_k e^(a_k) − y_k a_k, whose gradient is e^a − y.

    Targets are counts `[N, K]` (or `[N]` when K = 1). scikit-learn's loss y ln(y/μ) − y + μ differs by a constant in a;
    twice it is the deviance, which is the score, averaged over outputs. A log-rate above 88 (709 in float64) has an
    infinite rate, and so an infinite loss.
    Source: notes on neural networks, §2.2.1.4 (generalized linear models).
    """

    name: ClassVar[str] = "poisson"
    canonical: ClassVar[bool] = True

    def losses(self, a: Array, y: Array) -> Array:
        """Return e^a − ya."""
        return jnp.exp(a) - y * a

    def constants(self, a: Array, y: Array) -> Array:
        """Return ln y!."""
        return gammaln(y + 1)

    def curvatures(self, a: Array, y: Array) -> Array:
        """Return e^a."""
        return jnp.exp(a)

    def scores(self, a: Array, y: Array) -> Array:
        """Return the deviance 2(y ln(y/μ) − y + μ), with 0 ln 0 = 0."""
        return 2 * (xlogy(y, y) - y * a - y + jnp.exp(a))

    def sample(self, outputs: Float[Array, "N K"], key: PRNGKeyArray) -> Float[Array, "N K"]:
        """Draw counts."""
        return jax.random.poisson(key, self.mean(outputs)).astype(outputs.dtype)

    def variance(self, outputs: Array) -> Array:
        """Return e^a."""
        return jnp.exp(outputs)

    def cumulative(self, values: np.ndarray, outputs: np.ndarray) -> np.ndarray:
        """Return P(y ≤ value)."""
        return np.asarray(special.pdtr(values, np.exp(outputs)))

    def predictive_variances(self, mean: np.ndarray, covariance: np.ndarray) -> Moments:
        """Return (exp Σ_kk − 1) E[μ]² and E[μ], the moments of a log-normal."""
        rates = self.predictive_mean(mean, covariance)
        return np.expm1(diagonals(covariance)) * np.square(rates), rates
