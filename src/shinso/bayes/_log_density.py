"""The logarithm of the predictive density at observed targets."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from scipy import special

from shinso.bayes._prediction import Prediction


def log_density(prediction: Prediction, targets: Any) -> Float[np.ndarray, " N"]:
    """Return ln p(y_n | x_n, data) for each example, in nats, with all constants.

    - Gaussian: ln N(y; ā, Σ + I/β), the outputs of an example jointly.
    - Bernoulli: Σ_k y_k ln p_k + (1 − y_k) ln(1 − p_k), the labels of an example as independent.
    - Categorical: ln p_y.
    - Counts, and others with independent outputs: Σ_k ln ∫ p(y_k | a) N(a; ā_k, Σ_kk) da by the trapezoid rule, the numbers
      of an example as independent.
    - Of draws a_s: ln (1/S) Σ_s p(y | a_s), for every likelihood.

    Args:
        prediction: of N inputs.
        targets: class indices `[N]` of a categorical likelihood, else `[N, K]`; `[N]` will do for K = 1.

    Raises:
        ValueError: targets do not have that shape, or hold what is no class.

    Source: Bishop, PRML (1.68), (5.172)–(5.173).
    """
    observed = as_targets(prediction, targets)
    likelihood = prediction.likelihood
    if prediction.draws is None:
        return likelihood.predictive_log_density(observed, prediction.output_mean, prediction.output_covariance)
    draws = jnp.asarray(prediction.draws)
    logs = jax.vmap(likelihood.log_likelihood, in_axes=(0, None))(draws, jnp.asarray(observed))
    found: np.ndarray = special.logsumexp(np.asarray(logs, dtype=np.float64), axis=0) - np.log(len(logs))
    return found


def as_targets(prediction: Prediction, targets: Any) -> np.ndarray:
    """Return targets as class indices `[N]`, or as float64 `[N, K]`.

    Raises:
        ValueError: they do not have that shape, or hold what is no class.
    """
    return prediction.likelihood.target.observed(targets, prediction.mean.shape)
