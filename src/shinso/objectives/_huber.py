"""Robust regression: a Gaussian in the middle, exponential tails."""

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, PRNGKeyArray
from scipy import special

from shinso._numbers import number_leaf
from shinso.objectives._elementwise_predictive import ElementwisePredictive
from shinso.objectives._target_kinds import NUMBERS, TargetKind


class Huber(ElementwisePredictive):
    """y = a + s u with p(u) ∝ e^(−ρ(u)), ρ(u) = ½u² for |u| ≤ δ, else δ|u| − ½δ²: loss Σ_k ρ((y_k − a_k)/s).

    The slope of the loss, −ρ′(u)/s, is never more than δ/s: an outlier pulls no harder than that. δ → ∞ is the Gaussian
    likelihood of precision 1/s², δ → 0 the absolute error. Targets are real numbers `[N, K]` (or `[N]` when K = 1). The
    score is the absolute error, averaged over outputs. The output Hessian is 1/s² where |u| ≤ δ, else 0.

    The density is e^(−ρ(u))/Z with Z = √(2π)(2Φ(δ) − 1) + 2e^(−δ²/2)/δ.

    Args:
        threshold: δ > 0, in units of the scale; 1.345 loses 5 % of the efficiency where the noise is Gaussian after all.
        scale: s > 0, that of the noise without outliers.

    Raises:
        ValueError: a number out of range.

    Source: Huber (1964); Huber and Ronchetti, Robust statistics (2009), §4.5.
    """

    threshold: Float[Array, ""]
    scale: Float[Array, ""]
    name: ClassVar[str] = "huber"
    target: ClassVar[TargetKind] = NUMBERS
    score_name: ClassVar[str] = "absolute_error"
    higher_is_better: ClassVar[bool] = False
    convex: ClassVar[bool] = True
    identity_link: ClassVar[bool] = True
    mean_function: ClassVar[str] = "identity"

    def __init__(self, threshold: ArrayLike = 1.345, scale: ArrayLike = 1.0):
        self.threshold = number_leaf("threshold", threshold, above=0.0)
        self.scale = number_leaf("scale", scale, above=0.0)

    def losses(self, a: Array, y: Array) -> Array:
        """Return ρ((y − a)/s)."""
        delta, scale = self._numbers(a)
        u = (y - a) / scale
        cut = jnp.clip(u, -delta, delta)
        return cut * (u - 0.5 * cut)

    def constants(self, a: Array, y: Array) -> Array:
        """Return ln sZ."""
        delta, scale = self._numbers(a)
        middle, tails = _masses(delta)
        return jnp.broadcast_to(jnp.log(scale) + jnp.log(middle + tails), a.shape)

    def curvatures(self, a: Array, y: Array) -> Array:
        """Return 1/s² where |u| ≤ δ, else 0."""
        delta, scale = self._numbers(a)
        return jnp.where(jnp.abs(y - a) <= delta * scale, 1 / jnp.square(scale), 0)

    def informations(self, a: Array) -> Array:
        """Return P(|u| ≤ δ)/s²."""
        delta, scale = self._numbers(a)
        middle, tails = _masses(delta)
        return jnp.broadcast_to(middle / (middle + tails) / jnp.square(scale), a.shape)

    def scores(self, a: Array, y: Array) -> Array:
        """Return |y − a|."""
        return jnp.abs(y - a)

    def mean(self, outputs: Float[Array, "N K"]) -> Float[Array, "N K"]:
        """Return a."""
        return outputs

    def link(self, means: Float[Array, "N K"]) -> Float[Array, "N K"]:
        """Return the means."""
        return means

    def sample(self, outputs: Float[Array, "N K"], key: PRNGKeyArray) -> Float[Array, "N K"]:
        """Draw u from the middle, a Gaussian cut off at ±δ, or from a tail beyond δ, and return a + su."""
        delta, scale = self._numbers(outputs)
        middle, tails = _masses(delta)
        in_tail, cut, beyond, sign = jax.random.split(key, 4)
        shape, dtype = outputs.shape, outputs.dtype
        tail = delta + jax.random.exponential(beyond, shape, dtype) / delta
        tail = jnp.where(jax.random.bernoulli(sign, shape=shape), tail, -tail)
        centre = jax.random.truncated_normal(cut, -delta, delta, shape, dtype)
        return outputs + scale * jnp.where(jax.random.bernoulli(in_tail, tails / (middle + tails), shape), tail, centre)

    def variance(self, outputs: Array) -> Array:
        """Return s²(√(2π)(2Φ(δ) − 1) + 4e^(−δ²/2)(1/δ + 1/δ³))/Z."""
        delta, scale = self._numbers(outputs)
        middle, tails = _masses(delta)
        second = middle + 2 * tails * (1 + 1 / jnp.square(delta))
        return jnp.broadcast_to(jnp.square(scale) * second / (middle + tails), outputs.shape)

    def cumulative(self, values: np.ndarray, outputs: np.ndarray) -> np.ndarray:
        """Return P(y ≤ value)."""
        delta, scale = float(self.threshold), float(self.scale)
        u = (values - outputs) / scale
        inner = np.sqrt(2 * np.pi) * (special.ndtr(np.clip(u, -delta, delta)) - special.ndtr(-delta))
        tail = np.exp(-(delta**2) / 2) / delta
        whole = np.sqrt(2 * np.pi) * (2 * special.ndtr(delta) - 1) + 2 * tail
        lower = tail * np.exp(np.minimum(delta * (u + delta), 0))
        upper = -tail * np.expm1(-np.maximum(delta * (u - delta), 0))
        return np.asarray((lower + inner + upper) / whole)

    def predictive_mean(self, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
        """Return ā."""
        return mean

    def _numbers(self, like: Array) -> tuple[Array, Array]:
        return self.threshold.astype(like.dtype), self.scale.astype(like.dtype)


def _masses(delta: Array) -> tuple[Array, Array]:
    """Return the integrals of e^(−ρ) over |u| ≤ δ and beyond."""
    middle = float(np.sqrt(2 * np.pi)) * jax.lax.erf(delta / float(np.sqrt(2)))
    return middle, 2 * jnp.exp(-jnp.square(delta) / 2) / delta
