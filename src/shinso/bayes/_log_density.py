"""The logarithm of the predictive density at observed targets."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from scipy import special

from shinso.bayes._prediction import Prediction
from shinso.objectives import Bernoulli, Categorical, Gaussian

WIDEST, POINTS = 8.0, 257
"""Standard deviations and points of the rule for a Gaussian."""
LEAST = np.finfo(np.float64).tiny
"""The smallest probability whose logarithm is taken."""


def log_density(prediction: Prediction, targets: Any) -> Float[np.ndarray, " N"]:
    """Return ln p(y_n | x_n, data) for each example, in nats, with all constants.

    - Gaussian: ln N(y; ā, Σ + I/β), the outputs of an example jointly.
    - Bernoulli: Σ_k y_k ln p_k + (1 − y_k) ln(1 − p_k), the labels of an example as independent.
    - Categorical: ln p_y.
    - Poisson: Σ_k ln ∫ Poisson(y_k | eᵃ) N(a; ā_k, Σ_kk) da by the trapezoid rule, the counts as independent.
    - Of draws a_s: ln (1/S) Σ_s p(y | a_s), for every likelihood.

    Args:
        prediction: of N inputs.
        targets: class indices `[N]` of a categorical likelihood, else `[N, K]`; `[N]` will do for K = 1.

    Raises:
        ValueError: targets do not have that shape, or hold what is no class.

    Source: PRML (1.68), (5.172)–(5.173).
    """
    observed = as_targets(prediction, targets)
    if prediction.draws is not None:
        return _of_draws(prediction, observed)
    likelihood, means = prediction.likelihood, prediction.mean
    if isinstance(likelihood, Gaussian):
        return _gaussian(observed - means, prediction.output_covariance, float(likelihood.precision))
    if isinstance(likelihood, Bernoulli):
        right = special.xlogy(observed, np.maximum(means, LEAST))
        wrong = special.xlogy(1 - observed, np.maximum(1 - means, LEAST))
        return np.asarray((right + wrong).sum(axis=1))
    if isinstance(likelihood, Categorical):
        return np.asarray(np.log(np.maximum(means[np.arange(len(means)), observed], LEAST)))
    return _poisson(observed, prediction.output_mean, prediction.output_covariance)


def as_targets(prediction: Prediction, targets: Any) -> np.ndarray:
    """Return targets as class indices `[N]`, or as float64 `[N, K]`.

    Raises:
        ValueError: they do not have that shape, or hold what is no class.
    """
    observed, (examples, outputs) = np.asarray(targets), prediction.mean.shape
    if isinstance(prediction.likelihood, Categorical):
        if observed.shape != (examples,) or observed.dtype.kind not in "iu":
            raise ValueError(
                f"targets must be class indices [{examples}]; got {observed.dtype} {list(observed.shape)}."
            )
        if not ((observed >= 0) & (observed < outputs)).all():
            raise ValueError(
                f"targets must be classes from 0 to {outputs - 1}; got {observed.min()} to {observed.max()}."
            )
        return observed
    if observed.shape != (examples, outputs) and (observed.shape, outputs) != ((examples,), 1):
        raise ValueError(f"targets must have shape [{examples}, {outputs}]; got {list(observed.shape)}.")
    return observed.reshape(examples, outputs).astype(np.float64)


def _gaussian(errors: np.ndarray, covariance: np.ndarray, precision: float) -> np.ndarray:
    whole = covariance + np.eye(errors.shape[1]) / precision
    roots = np.linalg.cholesky(whole)
    white = np.linalg.solve(roots, errors[..., None])[..., 0]
    logs = np.log(np.diagonal(roots, axis1=-2, axis2=-1))
    found: np.ndarray = (
        -0.5 * np.square(white).sum(axis=1) - logs.sum(axis=1) - 0.5 * errors.shape[1] * np.log(2 * np.pi)
    )
    return found


def _poisson(counts: np.ndarray, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    places = np.linspace(-WIDEST, WIDEST, POINTS)
    weights = special.softmax(-np.square(places) / 2)
    spread = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
    found = np.zeros(len(mean))
    for k in range(mean.shape[1]):
        logs = mean[:, k] + places[:, None] * spread[:, k]
        terms = counts[:, k] * logs - np.exp(logs) - special.gammaln(counts[:, k] + 1)
        found += special.logsumexp(terms, axis=0, b=weights[:, None])
    return found


def _of_draws(prediction: Prediction, observed: np.ndarray) -> np.ndarray:
    draws = jnp.asarray(prediction.draws)
    logs = jax.vmap(prediction.likelihood.log_likelihood, in_axes=(0, None))(draws, jnp.asarray(observed))
    found: np.ndarray = special.logsumexp(np.asarray(logs, dtype=np.float64), axis=0) - np.log(len(logs))
    return found
