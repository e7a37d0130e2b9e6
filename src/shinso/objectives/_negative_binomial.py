"""The negative binomial likelihood: counts that vary more than a Poisson's."""

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import gammaln, xlogy
from jaxtyping import Array, ArrayLike, Float, PRNGKeyArray
from scipy import special

from shinso._numbers import number_leaf
from shinso.objectives._averages import diagonals
from shinso.objectives._log_link import LogLinkCounts
from shinso.objectives._predictive import Moments


class NegativeBinomial(LogLinkCounts):
    """y_k with mean μ = e^(a_k) and variance μ + αμ²: loss Σ_k (y + 1/α) ln(1 + αμ) − y a, with gradient (μ − y)/(1 + αμ).

    A Poisson count whose rate is μ times a Gamma variable of mean 1 and variance α; the Poisson likelihood is the limit
    α → 0. Targets are counts `[N, K]` (or `[N]` when K = 1). The score is the deviance, averaged over outputs. The link
    is not canonical: the output Hessian μ(1 + αy)/(1 + αμ)² depends on the targets, is never negative, and at y = μ is the
    Fisher information μ/(1 + αμ). In float32, `log_likelihood` loses digits below α ≈ 10⁻³; the loss does not.

    Args:
        dispersion: α > 0.

    Raises:
        ValueError: `dispersion` is not a finite number above 0.

    Source: McCullagh and Nelder, Generalized linear models (1989), §6.2.3; Hilbe, Negative binomial regression (2011), NB2.
    """

    dispersion: Float[Array, ""]
    name: ClassVar[str] = "negative_binomial"

    def __init__(self, dispersion: ArrayLike = 1.0):
        self.dispersion = number_leaf("dispersion", dispersion, above=0.0)

    def losses(self, a: Array, y: Array) -> Array:
        """Return (y + 1/α) ln(1 + αe^a) − ya."""
        alpha = self.dispersion.astype(a.dtype)
        return (y + 1 / alpha) * jax.nn.softplus(a + jnp.log(alpha)) - y * a

    def constants(self, a: Array, y: Array) -> Array:
        """Return ln Γ(1/α) + ln y! − ln Γ(y + 1/α) − y ln α."""
        alpha = self.dispersion.astype(a.dtype)
        return gammaln(1 / alpha) + gammaln(y + 1) - gammaln(y + 1 / alpha) - y * jnp.log(alpha)

    def curvatures(self, a: Array, y: Array) -> Array:
        """Return μ(1 + αy)/(1 + αμ)² = (1/α + y) σ(a + ln α) σ(−a − ln α)."""
        alpha = self.dispersion.astype(a.dtype)
        logits = a + jnp.log(alpha)
        return (1 / alpha + y) * jax.nn.sigmoid(logits) * jax.nn.sigmoid(-logits)

    def informations(self, a: Array) -> Array:
        """Return μ/(1 + αμ) = σ(a + ln α)/α."""
        alpha = self.dispersion.astype(a.dtype)
        return jax.nn.sigmoid(a + jnp.log(alpha)) / alpha

    def scores(self, a: Array, y: Array) -> Array:
        """Return the deviance 2(y ln(y/μ) − (y + 1/α) ln((1 + αy)/(1 + αμ)))."""
        alpha = self.dispersion.astype(a.dtype)
        return 2 * (xlogy(y, y) - (y + 1 / alpha) * jnp.log1p(alpha * y) + self.losses(a, y))

    def sample(self, outputs: Float[Array, "N K"], key: PRNGKeyArray) -> Float[Array, "N K"]:
        """Draw counts: Poisson ones of rates μ times a Gamma(1/α) variable over its mean."""
        rate_key, count_key = jax.random.split(key)
        alpha = self.dispersion.astype(outputs.dtype)
        factors = alpha * jax.random.gamma(rate_key, 1 / alpha, outputs.shape, outputs.dtype)
        return jax.random.poisson(count_key, factors * self.mean(outputs)).astype(outputs.dtype)

    def variance(self, outputs: Array) -> Array:
        """Return μ + αμ²."""
        rates = jnp.exp(outputs)
        return rates + self.dispersion.astype(outputs.dtype) * jnp.square(rates)

    def cumulative(self, values: np.ndarray, outputs: np.ndarray) -> np.ndarray:
        """Return P(y ≤ value), an incomplete beta function."""
        alpha = float(self.dispersion)
        below = special.betainc(1 / alpha, np.maximum(values, 0) + 1, 1 / (1 + alpha * np.exp(outputs)))
        return np.where(values < 0, 0.0, below)

    def predictive_variances(self, mean: np.ndarray, covariance: np.ndarray) -> Moments:
        """Return (exp Σ_kk − 1) E[μ]² and E[μ] + α E[μ²], E[μ²] = exp(Σ_kk) E[μ]²."""
        rates, variances = self.predictive_mean(mean, covariance), diagonals(covariance)
        aleatoric = rates + float(self.dispersion) * np.exp(variances) * np.square(rates)
        return np.expm1(variances) * np.square(rates), aleatoric
