"""A factor on all prior precisions, chosen by the likelihood of held-out examples."""

import dataclasses
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from shinso.bayes._inputs import as_inputs
from shinso.bayes._log_density import log_density
from shinso.bayes._network import examples_together, linearized, pieces
from shinso.bayes._prediction import closed_form

if TYPE_CHECKING:
    from shinso.bayes._posterior import Posterior

FACTORS = 10.0 ** np.arange(-2.0, 6.25, 0.5)
"""What is tried: a posterior from ten times as wide to a thousand times as narrow."""


def with_scaled_prior(posterior: "Posterior", inputs: Any, targets: Any) -> "Posterior":
    """Return the posterior whose precisions, times one of `FACTORS`, make the targets likeliest; see `Posterior`."""
    precisions = posterior.prior.precisions
    priors = [posterior.prior.with_precisions(factor * precisions) for factor in FACTORS]
    covariances = [
        posterior.curvature.covariance(prior.to_invert, posterior.noise_precision or 1.0) for prior in priors
    ]
    arrays, means = as_inputs(inputs), []
    spreads: list[list[np.ndarray]] = [[] for _ in FACTORS]
    outputs = posterior.output_moments(jax.tree.map(lambda leaf: leaf[:1], arrays))[0].shape[1]
    for piece, new in pieces(arrays, examples_together(outputs, posterior.network.size)):
        found, jacobians = linearized(posterior.network, piece)
        means.append(posterior.centred(found, axis=1)[:new])
        slopes = posterior.centred(jacobians, axis=1)[:new]
        for spread, covariance in zip(spreads, covariances, strict=True):
            spread.append(covariance.of_outputs(slopes))
    mean = np.concatenate(means)
    losses = [
        -float(np.mean(log_density(closed_form(posterior.likelihood, mean, np.concatenate(spread)), targets)))
        for spread in spreads
    ]
    rows = [{"factor": float(f), "negative_log_likelihood": loss} for f, loss in zip(FACTORS, losses, strict=True)]
    best = int(np.argmin(losses))
    return dataclasses.replace(posterior, prior=priors[best], history=tuple(rows))
