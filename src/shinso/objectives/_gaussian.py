"""The Gaussian likelihood: regression with the sum of squares."""

from collections.abc import Sequence
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, PRNGKeyArray
from scipy import special

from shinso._checks import real
from shinso._numbers import number_leaf, plain_number
from shinso.objectives._averages import diagonals
from shinso.objectives._elementwise_predictive import ElementwisePredictive
from shinso.objectives._predictive import Moments
from shinso.objectives._target_kinds import NUMBERS, TargetKind


class Gaussian(ElementwisePredictive):
    """y ~ N(a, I/β): loss ½β‖y − a‖², whose gradient is β(a − y); with shares s, N(a, diag(1/(β s_k))).

    Targets are real numbers `[N, K]` (or `[N]` when K = 1). The score is the squared error, averaged over outputs. Averaged
    over outputs a ~ N(ā, Σ), y ~ N(ā, Σ + I/β), the numbers of an example jointly.
    Source: notes on neural networks, §2.2.5 (sum of squares); Bishop, PRML (5.12)–(5.14), (5.172)–(5.173).

    Args:
        precision: Inverse noise variance β > 0.
        shares: s > 0 of each output, where their noise differs; None is 1 for all.

    Raises:
        ValueError: `precision` or a share is not a finite number above 0.
    """

    precision: Float[Array, ""]
    shares: tuple[float, ...] | None = eqx.field(static=True)
    name: ClassVar[str] = "gaussian"
    target: ClassVar[TargetKind] = NUMBERS
    score_name: ClassVar[str] = "squared_error"
    higher_is_better: ClassVar[bool] = False
    canonical: ClassVar[bool] = True
    convex: ClassVar[bool] = True
    identity_link: ClassVar[bool] = True
    mean_function: ClassVar[str] = "identity"
    has_inverse_temperature: ClassVar[bool] = True

    def __init__(self, precision: ArrayLike = 1.0, shares: Sequence[float] | None = None):
        self.precision = number_leaf("precision", precision, above=0.0)
        self.shares = None if shares is None else tuple(real("shares", share, above=0.0) for share in shares)

    def losses(self, a: Array, y: Array) -> Array:
        """Return ½β(y − a)²."""
        return 0.5 * self._precisions(a) * jnp.square(a - y)

    def constants(self, a: Array, y: Array) -> Array:
        """Return ½ ln(2π/β)."""
        constant = 0.5 * (float(np.log(2 * np.pi)) - jnp.log(self._precisions(a)))
        return jnp.broadcast_to(constant, a.shape)

    def curvatures(self, a: Array, y: Array) -> Array:
        """Return β."""
        return jnp.broadcast_to(self._precisions(a), a.shape)

    def scores(self, a: Array, y: Array) -> Array:
        """Return (y − a)²; its mean is the mean squared error."""
        return jnp.square(a - y)

    def mean(self, outputs: Float[Array, "N K"]) -> Float[Array, "N K"]:
        """Return a."""
        return outputs

    def link(self, means: Float[Array, "N K"]) -> Float[Array, "N K"]:
        """Return the means."""
        return means

    def sample(self, outputs: Float[Array, "N K"], key: PRNGKeyArray) -> Float[Array, "N K"]:
        """Draw from N(a, I/β)."""
        noise = jax.random.normal(key, outputs.shape, outputs.dtype)
        return outputs + noise / jnp.sqrt(self._precisions(outputs))

    def variance(self, outputs: Array) -> Array:
        """Return 1/β."""
        return jnp.broadcast_to(1 / self._precisions(outputs), outputs.shape)

    def cumulative(self, values: np.ndarray, outputs: np.ndarray) -> np.ndarray:
        """Return Φ(β^½ (value − a))."""
        return np.asarray(special.ndtr((values - outputs) / np.sqrt(self._noise)))

    @property
    def noise_precision(self) -> float:
        """β."""
        return float(self.precision)

    def with_noise_precision(self, precision: float) -> "Gaussian":
        """Return N(a, I/β) with another β."""
        return Gaussian(precision, self.shares)

    def with_own_noise(self, errors: np.ndarray) -> "Gaussian":
        """Return the likelihood whose K outputs have noise in the proportions of their mean squared `errors` `[N, K]`.

        1/β stays the mean noise variance: s_k = v̄/v_k.
        """
        squares = np.maximum(np.mean(np.square(errors), axis=0), np.finfo(float).tiny)
        return self if len(squares) < 2 else Gaussian(self.precision, (squares.mean() / squares).tolist())

    @property
    def recipe(self) -> dict[str, Any]:
        """The name and the numbers."""
        shares = {} if self.shares is None else {"shares": list(self.shares)}
        return {"name": self.name, "precision": plain_number(self.precision), **shares}

    @property
    def _noise(self) -> np.ndarray:
        """Noise variances, `[K]` or a single number."""
        return np.asarray(1 / (self.noise_precision * np.asarray(1.0 if self.shares is None else self.shares)))

    def _precisions(self, like: Array) -> Array:
        beta = self.precision.astype(like.dtype)
        return beta if self.shares is None else beta * jnp.asarray(self.shares, like.dtype)

    def predictive_mean(self, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
        """Return ā."""
        return mean

    def predictive_variances(self, mean: np.ndarray, covariance: np.ndarray) -> Moments:
        """Return Σ_kk and 1/β."""
        return diagonals(covariance), np.broadcast_to(self._noise, mean.shape).astype(mean.dtype)

    def predictive_log_density(self, targets: np.ndarray, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
        """Return ln N(y; ā, Σ + I/β)."""
        roots = np.linalg.cholesky(covariance + np.eye(mean.shape[1]) * self._noise)
        white = np.linalg.solve(roots, (targets - mean)[..., None])[..., 0]
        volume = np.log(diagonals(roots)).sum(axis=1)
        found: np.ndarray = -0.5 * np.square(white).sum(axis=1) - volume - 0.5 * mean.shape[1] * np.log(2 * np.pi)
        return found

    def predictive_quantile(self, level: float, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
        """Return ā + Φ⁻¹(level) √(Σ_kk + 1/β)."""
        variance = diagonals(covariance) + self._noise
        return np.asarray(mean + special.ndtri(level) * np.sqrt(variance))
