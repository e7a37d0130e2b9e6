"""The width of a posterior and how sharp its likelihood is, chosen by held-out examples."""

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from shinso.bayes._inputs import as_inputs
from shinso.bayes._log_density import as_targets, log_density
from shinso.bayes._moments import output_moments
from shinso.bayes._prediction import Prediction, closed_form, predictive_mean
from shinso.objectives import Gaussian, Poisson

if TYPE_CHECKING:
    from shinso.bayes._posterior import Posterior

FACTORS = 10.0 ** np.arange(-2.0, 6.25, 0.5)
"""What prior precisions are multiplied by: a posterior from ten times as wide to a thousand times as narrow."""
SHARPNESSES = 2.0 ** np.arange(-3.0, 3.25, 0.25)
"""What logits, or the noise precision, are multiplied by."""
DECADES, OCTAVES = 2.0, 1.0
"""Standard deviations of the hyperpriors: of log₁₀ of the factor, and of log₂ of the sharpness, both around 0."""


def calibrated(posterior: "Posterior", inputs: Any, targets: Any) -> "Posterior":
    """Return the posterior whose width and sharpness make the targets likeliest; see `Posterior.calibrate`."""
    plain = dataclasses.replace(posterior, temperature=1.0)
    mean, spreads = _moments(plain, inputs)
    ratio = _noise_ratio(plain, mean, targets)
    if plain.noise_precision is not None:
        plain = dataclasses.replace(plain, noise_precision=ratio * plain.noise_precision)
    sharpnesses = np.ones(1) if isinstance(plain.likelihood, Poisson) else SHARPNESSES
    examples = len(mean)
    losses = np.array(
        [[_loss(_sharpened(plain, mean, spread / ratio, by), targets) for by in sharpnesses] for spread in spreads]
    )
    hyperprior = (np.log10(FACTORS)[:, None] / DECADES) ** 2 / 2 + (np.log2(sharpnesses) / OCTAVES) ** 2 / 2
    penalized = losses + hyperprior / examples
    chosen = penalized.argmin(axis=1)
    rows = tuple(
        {
            **_settings(plain, ratio * float(FACTORS[row]), float(sharpnesses[column])),
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
        temperature=best.get("temperature", 1.0),
        history=rows,
    )


def _noise_ratio(posterior: "Posterior", mean: np.ndarray, targets: Any) -> float:
    """Return how much larger β is by the errors on held-out examples; α grows with it, and covariances shrink."""
    if posterior.noise_precision is None:
        return 1.0
    observed = as_targets(closed_form(posterior.likelihood, mean, np.zeros((*mean.shape, mean.shape[1]))), targets)
    error = float(np.mean(np.square(observed - mean)))
    return 1 / (error * posterior.noise_precision) if error > 0 else 1.0


def _settings(posterior: "Posterior", factor: float, sharpness: float) -> dict[str, float]:
    """Return what a factor on α/β and a sharpness mean: α with the same factor on β has a covariance divided by it."""
    if posterior.noise_precision is not None:
        return {"factor": factor * sharpness, "noise_precision": sharpness * posterior.noise_precision}
    return {"factor": factor, "temperature": 1 / sharpness}


def _moments(posterior: "Posterior", inputs: Any) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return the mean of the outputs `[N, K]`, and for each factor their covariance `[N, K, K]`."""
    noise, prior = posterior.noise_precision or 1.0, posterior.prior
    covariances = [
        posterior.curvature.covariance(prior.with_precisions(factor * prior.precisions).to_invert, noise)
        for factor in FACTORS
    ]
    return output_moments(posterior.network, covariances, as_inputs(inputs), posterior.centred)


def _sharpened(posterior: "Posterior", mean: np.ndarray, spread: np.ndarray, by: float) -> Prediction:
    """Return the prediction at a sharpness, as far as the density of targets asks."""
    likelihood = posterior.likelihood
    if isinstance(likelihood, Gaussian):
        likelihood, spread = Gaussian(by * float(likelihood.precision)), spread / by
    elif not isinstance(likelihood, Poisson):
        mean, spread = by * mean, by**2 * spread
    means = predictive_mean(likelihood, mean, spread)
    return Prediction(means, np.zeros_like(means), np.zeros_like(means), mean, spread, likelihood)


def _loss(prediction: Prediction, targets: Any) -> float:
    return -float(np.mean(log_density(prediction, targets)))
