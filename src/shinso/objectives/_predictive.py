"""Likelihoods that have a predictive distribution: what is known of y when the outputs are uncertain."""

import abc
from typing import ClassVar

import numpy as np
from jaxtyping import Array, Float

from shinso._kinds import LIKELIHOODS
from shinso.objectives._likelihood import Likelihood

Moments = tuple[np.ndarray, np.ndarray]


class Predictive(Likelihood):
    """p(y | a) that can be averaged over outputs a ~ N(ā, Σ), as a posterior over weights makes them.

    Outputs come as mean `[N, K]` and covariance `[N, K, K]`, or as draws `[S, N, K]`; everything but `variance` is computed
    in float64 on the host.

    Attributes:
        noise_precision: β, where the likelihood has a noise level that can be estimated: its loss is then β times that at
            β = 1, and its constants ½ ln β for each number; else None.
        shift_invariant: whether a common shift of all outputs changes nothing.
        has_inverse_temperature: whether p(y | a)ˢ, made to sum to 1, is of the same kind.
    """

    shift_invariant: ClassVar[bool] = False
    has_inverse_temperature: ClassVar[bool] = False

    @property
    def noise_precision(self) -> float | None:
        """β, or None."""
        return None

    def with_noise_precision(self, precision: float) -> "Predictive":
        """Return the likelihood with another β; as it is without one."""
        return self

    def with_own_noise(self, errors: np.ndarray) -> "Predictive":
        """Return the likelihood with a noise level for each output, by its errors `[N, K]`; as it is without one."""
        return self

    def scaled_outputs(self, inverse_temperature: float) -> float:
        """Return what multiplies outputs to make p(y | a)ˢ, made to sum to 1, of p(y | a); 1 where s scales the noise."""
        return 1.0

    @abc.abstractmethod
    def variance(self, outputs: Float[Array, "*N K"]) -> Float[Array, "*N K"]:
        """Return Var[y | a]; of classes that of their indicators."""

    @abc.abstractmethod
    def predictive_mean(self, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
        """Return E[y], `[N, K]`."""

    @abc.abstractmethod
    def predictive_variances(self, mean: np.ndarray, covariance: np.ndarray) -> Moments:
        """Return Var_a E[y | a] and E_a Var[y | a], `[N, K]` each: what ignorance of the weights adds, and noise."""

    @abc.abstractmethod
    def predictive_log_density(self, targets: np.ndarray, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
        """Return ln ∫ p(y | a) N(a; ā, Σ) da of each example, `[N]`; targets as `target.observed` returns them."""

    def predictive_quantile(self, level: float, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
        """Return the `level`-quantile of each number y, `[N, K]`; of counts the least m with P(y ≤ m) ≥ level.

        Raises:
            ValueError: y is a class or label.
        """
        raise ValueError("quantiles are of numbers and counts; classes have probabilities.")

    def mixture_quantile(self, level: float, draws: np.ndarray) -> np.ndarray:
        """Return the same for outputs that are one of S draws, each as likely.

        Raises:
            ValueError: y is a class or label.
        """
        raise ValueError("quantiles are of numbers and counts; classes have probabilities.")


def predictive(likelihood: Likelihood) -> Predictive:
    """Return the likelihood.

    Raises:
        ValueError: it has no predictive distribution.
    """
    if not isinstance(likelihood, Predictive):
        names = [name for name, kind in LIKELIHOODS.items() if issubclass(kind, Predictive)]
        raise ValueError(f"likelihood must be one of {', '.join(names)} for a posterior; got {likelihood.name}.")
    return likelihood
