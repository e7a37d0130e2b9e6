"""Predictive distributions of likelihoods with independent outputs, by numbers where there is no closed form."""

import abc
from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array
from scipy import special

from shinso.objectives._averages import WEIGHTS, averages, count_quantiles, points, real_quantiles
from shinso.objectives._elementwise import Elementwise
from shinso.objectives._predictive import Moments, Predictive
from shinso.objectives._target_kinds import COUNTS


class ElementwisePredictive(Elementwise, Predictive):
    """Averages over each output by itself, by the trapezoid rule; numbers of an example count as independent.

    With `variance` and `cumulative` a likelihood has everything; one with closed forms puts these in their place.
    """

    @abc.abstractmethod
    def cumulative(self, values: np.ndarray, outputs: np.ndarray) -> np.ndarray:
        """Return P(y ≤ value | a), in float64."""

    def predictive_mean(self, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
        """Return ∫ E[y | a] N(a) da."""
        found = np.empty_like(mean)
        for here, outputs in points(mean, covariance):
            found[here] = averages(in_float64(self.mean, outputs), WEIGHTS)
        return found

    def predictive_variances(self, mean: np.ndarray, covariance: np.ndarray) -> Moments:
        """Return the variance of E[y | a] and the mean of Var[y | a]."""
        epistemic, aleatoric = np.empty_like(mean), np.empty_like(mean)
        for here, outputs in points(mean, covariance):
            means = in_float64(self.mean, outputs)
            epistemic[here] = averages(np.square(means - averages(means, WEIGHTS)), WEIGHTS)
            aleatoric[here] = averages(in_float64(self.variance, outputs), WEIGHTS)
        return epistemic, aleatoric

    def predictive_log_density(self, targets: np.ndarray, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
        """Return Σ_k ln ∫ p(y_k | a_k) N(a_k) da_k."""
        found = np.empty(len(mean))
        for here, outputs in points(mean, covariance):
            logs = in_float64(partial(self._log_densities, y=targets[here]), outputs)
            found[here] = special.logsumexp(logs, axis=0, b=WEIGHTS[:, None, None]).sum(axis=-1)
        return found

    def predictive_quantile(self, level: float, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
        """Return the quantile of the mixture over the rule's points."""
        found = np.empty_like(mean)
        for here, outputs in points(mean, covariance):
            found[here] = self._quantile(level, outputs, WEIGHTS)
        return found

    def mixture_quantile(self, level: float, draws: np.ndarray) -> np.ndarray:
        """Return the quantile of the mixture over draws."""
        return self._quantile(level, draws, np.full(len(draws), 1 / len(draws)))

    def _quantile(self, level: float, outputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
        if self.target.probabilities:
            return super().mixture_quantile(level, outputs)

        def below(values: np.ndarray) -> np.ndarray:
            return averages(self.cumulative(values, outputs), weights)

        if self.target is COUNTS:
            return count_quantiles(below, level, outputs.shape[1:])
        low, high = outputs.min(axis=0), outputs.max(axis=0)
        return real_quantiles(below, level, low - 1, high + 1)

    def _log_densities(self, a: Array, y: np.ndarray) -> Array:
        wide = jnp.broadcast_to(jnp.asarray(y, a.dtype), a.shape)
        return -self.losses(a, wide) - self.constants(a, wide)


def in_float64(function: Callable[[Array], Array], outputs: np.ndarray) -> np.ndarray:
    """Return what a function of arrays of JAX gives in float64."""
    with jax.enable_x64(True):
        return np.asarray(function(jnp.asarray(outputs, jnp.float64)))
