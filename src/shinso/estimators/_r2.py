"""The coefficient of determination as a mean over examples, so that the training loop can watch it."""

from typing import Self

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from shinso.objectives import Likelihood


class R2(eqx.Module):
    """R² averaged over K outputs, 1 − (1/K) Σ_k Σ_n w_n (y_nk − ŷ_nk)² / Σ_n w_n (y_nk − ȳ_k)², as a weighted mean.

    Each example gives 1 − (1/K) Σ_k (y_k − ŷ_k)²/s_k, with s_k the weighted variance of the targets. An output whose
    targets are all equal gives 1 where the prediction is exact and 0 where it is not, as scikit-learn's `r2_score` does.
    """

    likelihood: Likelihood
    variances: Float[Array, " K"]

    @classmethod
    def of(cls, likelihood: Likelihood, targets: np.ndarray, weights: np.ndarray) -> Self:
        """Return the score for validation `targets` `[N, K]`."""
        means = np.average(targets, axis=0, weights=weights)
        return cls(likelihood, jnp.asarray(np.average((targets - means) ** 2, axis=0, weights=weights)))

    def __call__(self, outputs: Float[Array, "N K"], targets: Float[Array, "N K"]) -> Float[Array, " N"]:
        """Return each example's share."""
        errors = jnp.square(self.likelihood.mean(outputs) - targets)
        varies = self.variances > 0
        shares = jnp.where(varies, 1 - errors / jnp.where(varies, self.variances, 1), errors == 0)
        return jnp.mean(shares, axis=-1)
