"""Counts whose logarithm of the rate is the output."""

from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from shinso.objectives._averages import diagonals
from shinso.objectives._elementwise_predictive import ElementwisePredictive, in_float64
from shinso.objectives._evaluation_scores import EvaluationScore
from shinso.objectives._target_kinds import COUNTS, TargetKind


class LogLinkCounts(ElementwisePredictive):
    """Counts with mean μ = e^a. Averaged over a ~ N(ā, s²), E[μ] = exp(ā + ½s²), the mean of a log-normal: exact.

    A log-rate above 88 (709 in float64) has an infinite rate.
    """

    target: ClassVar[TargetKind] = COUNTS
    score_name: ClassVar[str] = "deviance"
    higher_is_better: ClassVar[bool] = False
    convex: ClassVar[bool] = True
    mean_function: ClassVar[str] = "exp"

    def mean(self, outputs: Float[Array, "N K"]) -> Float[Array, "N K"]:
        """Return the rates e^a."""
        return jnp.exp(outputs)

    def link(self, means: Float[Array, "N K"]) -> Float[Array, "N K"]:
        """Return ln μ."""
        return jnp.log(means)

    @property
    def evaluation_score(self) -> EvaluationScore:
        """The mean deviance."""
        return EvaluationScore("deviance", self._mean_deviance, higher_is_better=False)

    def _mean_deviance(self, targets: np.ndarray, rates: np.ndarray, weights: np.ndarray) -> np.ndarray:
        # A rate that has underflowed to 0 would make the deviance infinite for a reason of arithmetic alone.
        outputs = np.log(rates.clip(np.finfo(float).tiny))
        deviances = in_float64(lambda a: self.score(a, jnp.asarray(targets)), outputs)
        means: np.ndarray = weights @ deviances / weights.sum(axis=1)
        return means

    def predictive_mean(self, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
        """Return exp(ā + ½Σ_kk)."""
        return np.asarray(np.exp(mean + diagonals(covariance) / 2))
