"""The Poisson likelihood: counts, from log-rates."""

from typing import ClassVar

import jax
import jax.numpy as jnp
from jax.scipy.special import gammaln, xlogy
from jaxtyping import Array, Float, PRNGKeyArray

from shinso.objectives._bernoulli import diagonal
from shinso.objectives._likelihood import Likelihood
from shinso.objectives._targets import columns


class Poisson(Likelihood):
    """y_k ~ Poisson(e^(a_k)), independent: loss Σ_k e^(a_k) − y_k a_k, whose gradient is e^a − y.

    Targets are counts `[N, K]` (or `[N]` when K = 1). scikit-learn's loss y ln(y/μ) − y + μ differs by a constant in a;
    twice it is the deviance, which is the score, averaged over outputs. A log-rate above 88 (709 in float64) has an
    infinite rate, and so an infinite loss. Source: S0 §2.2.1.4 (generalized linear models).
    """

    name: ClassVar[str] = "poisson"
    score_name: ClassVar[str] = "deviance"
    higher_is_better: ClassVar[bool] = False

    def loss(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return Σ_k e^(a_k) − y_k a_k."""
        return jnp.sum(jnp.exp(outputs) - columns(targets, outputs) * outputs, axis=-1)

    def log_likelihood(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return Σ_k y_k a_k − e^(a_k) − ln y_k!."""
        log_factorials = jnp.sum(gammaln(columns(targets, outputs) + 1), axis=-1)
        return -self.loss(outputs, targets) - log_factorials

    def mean(self, outputs: Float[Array, "N K"]) -> Float[Array, "N K"]:
        """Return the rates e^a."""
        return jnp.exp(outputs)

    def output_hessian(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, "N K K"]:
        """Return diag(e^a)."""
        return diagonal(jnp.exp(outputs))

    def sample(self, outputs: Float[Array, "N K"], key: PRNGKeyArray) -> Float[Array, "N K"]:
        """Draw counts."""
        return jax.random.poisson(key, self.mean(outputs)).astype(outputs.dtype)

    def score(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return the deviance (2/K) Σ_k y_k ln(y_k/μ_k) − y_k + μ_k, with 0 ln 0 = 0."""
        y = columns(targets, outputs)
        return 2 * jnp.mean(xlogy(y, y) - y * outputs - y + jnp.exp(outputs), axis=-1)

    def predict(self, outputs: Float[Array, "N K"]) -> Float[Array, "N K"]:
        """Return the mean."""
        return self.mean(outputs)
