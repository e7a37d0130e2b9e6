"""The width of a posterior and the inverse temperature of its likelihood, chosen by held-out examples."""

import dataclasses
from typing import Any, TypeVar

import numpy as np

from shinso.bayes._inputs import as_inputs
from shinso.bayes._moments import output_moments

Made = TypeVar("Made", bound=Any)
"""A `Posterior`."""
FACTORS = 10.0 ** np.arange(-2.0, 6.25, 0.5)
"""What prior precisions are multiplied by: a posterior from ten times as wide to a thousand times as narrow."""
INVERSE_TEMPERATURES = 2.0 ** np.arange(-3.0, 3.25, 0.25)
"""What logits, or the noise precision, are multiplied by."""
DECADES, OCTAVES = 2.0, 1.0
"""Standard deviations of the hyperpriors: of log₁₀ of the factor, and of log₂ of the inverse temperature, both around 0."""


def calibrated(posterior: Made, inputs: Any, targets: Any) -> Made:
    """Return the posterior whose width and inverse temperature make the targets likeliest; see `Posterior.calibrate`."""
    plain = dataclasses.replace(posterior, inverse_temperature=1.0)
    mean, covariances = _moments(plain, inputs)
    observed = plain.likelihood.target.observed(targets, mean.shape)
    ratio = _noise_ratio(plain, mean, observed)
    if plain.noise_precision is not None:
        plain = dataclasses.replace(plain, noise_precision=ratio * plain.noise_precision)
    tried = INVERSE_TEMPERATURES if plain.likelihood.has_inverse_temperature else np.ones(1)
    losses = np.array(
        [[_loss(plain, mean, covariance / ratio, by, observed) for by in tried] for covariance in covariances]
    )
    hyperprior = (np.log10(FACTORS)[:, None] / DECADES) ** 2 / 2 + (np.log2(tried) / OCTAVES) ** 2 / 2
    penalized = losses + hyperprior / len(mean)
    chosen = penalized.argmin(axis=1)
    rows = tuple(
        {
            **_settings(plain, ratio * float(FACTORS[row]), float(tried[column])),
            "negative_log_likelihood": float(losses[row, column]),
            "penalized": float(penalized[row, column]),
        }
        for row, column in enumerate(chosen)
    )
    best = min(rows, key=lambda row: row["penalized"])
    return dataclasses.replace(
        plain,
        prior=plain.prior.with_precisions(best["factor"] * plain.prior.precisions),
        noise_precision=best.get("noise_precision"),
        inverse_temperature=best.get("inverse_temperature", 1.0),
        history=rows,
    )


def _noise_ratio(posterior: Any, mean: np.ndarray, observed: np.ndarray) -> float:
    """Return how much larger β is by the errors on held-out examples; α grows with it, and covariances shrink."""
    if posterior.noise_precision is None:
        return 1.0
    error = float(np.mean(np.square(observed - mean)))
    return 1 / (error * posterior.noise_precision) if error > 0 else 1.0


def _settings(posterior: Any, factor: float, by: float) -> dict[str, float]:
    """Return what a factor on α/β and an inverse temperature mean: of noise the latter is a factor on β, and so on α."""
    if posterior.noise_precision is not None:
        return {"factor": factor * by, "noise_precision": by * posterior.noise_precision}
    return {"factor": factor, "inverse_temperature": by}


def _moments(posterior: Any, inputs: Any) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return the mean of the outputs `[N, K]`, and for each factor their covariance `[N, K, K]`."""
    noise, prior = posterior.noise_precision or 1.0, posterior.prior
    covariances = [
        posterior.curvature.covariance(prior.with_precisions(factor * prior.precisions).to_invert, noise)
        for factor in FACTORS
    ]
    return output_moments(posterior.network, covariances, as_inputs(inputs), posterior.centred)


def _loss(posterior: Any, mean: np.ndarray, covariance: np.ndarray, by: float, observed: np.ndarray) -> float:
    """Return the mean of −ln p at an inverse temperature."""
    likelihood = posterior.likelihood
    if posterior.noise_precision is not None:
        # α with the same factor on β has a covariance divided by it.
        likelihood, covariance = likelihood.with_noise_precision(by * posterior.noise_precision), covariance / by
    scale = likelihood.scaled_outputs(by)
    return -float(np.mean(likelihood.predictive_log_density(observed, scale * mean, scale**2 * covariance)))
