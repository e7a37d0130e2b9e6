"""Whether parameters are where a posterior should be around."""

import warnings

import numpy as np

from shinso.bayes._accumulate import Sums
from shinso.bayes._posterior import Posterior

FAR = 0.3
"""Posterior standard deviations to the minimum beyond which a run counts as not converged."""


class PosteriorWarning(UserWarning):
    """A posterior was made of something that is not quite the minimum it should be around."""


def warn_if_not_converged(posterior: Posterior, sums: Sums) -> None:
    """Compare the step to the quadratic model's minimum, A⁻¹∇, with the posterior's width."""
    gradient = sums.gradient(posterior.noise_precision)
    step = posterior.covariance.solve(sums.examples * gradient)
    distance = float(np.sqrt(max(sums.examples * (gradient @ step), 0) / len(gradient)))
    if distance > FAR:
        warnings.warn(
            f"The model is not at a minimum of its cost on these data: the gradient's norm is "
            f"{float(np.linalg.norm(gradient)):.3g}, and the minimum of the quadratic model lies {distance:.2g} posterior "
            "standard deviations away (root mean square over the parameters). Train longer, and give the data it was "
            "trained on.",
            PosteriorWarning,
            stacklevel=3,
        )
