"""The Bernoulli likelihood: binary and multilabel classification from logits."""

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray
from scipy import special

from shinso.objectives._averages import diagonals
from shinso.objectives._class_targets import LABELS
from shinso.objectives._elementwise_predictive import ElementwisePredictive
from shinso.objectives._predictive import Moments
from shinso.objectives._probit import probit_scale, sigmoid_variance
from shinso.objectives._target_kinds import TargetKind

LEAST = np.finfo(np.float64).tiny
"""The smallest probability whose logarithm is taken."""


class Bernoulli(ElementwisePredictive):
    """y_k ~ Bernoulli(σ(a_k)), independent: loss −Σ_k y_k ln σ(a_k) + (1 − y_k) ln(1 − σ(a_k)); gradient σ(a) − y.

    Targets are 0 and 1 (probabilities are accepted too), `[N, K]`, or `[N]` when K = 1. The score is 1 where all K
    labels are right: accuracy when K = 1, subset accuracy when K > 1. Averaged over logits a ~ N(ā, Σ),
    E[y] ≈ σ(κ(Σ_kk) ā) with κ(s²) = (1 + πs²/8)^−½, the probit approximation; the variance p(1 − p) is split by the integral
    of Var σ(a).
    Source: notes on neural networks, §2.2.5; Bishop, PRML (5.20)–(5.22), (5.190), (4.153).
    """

    name: ClassVar[str] = "bernoulli"
    target: ClassVar[TargetKind] = LABELS
    score_name: ClassVar[str] = "accuracy"
    higher_is_better: ClassVar[bool] = True
    canonical: ClassVar[bool] = True
    convex: ClassVar[bool] = True
    mean_function: ClassVar[str] = "sigmoid"
    has_inverse_temperature: ClassVar[bool] = True

    def losses(self, a: Array, y: Array) -> Array:
        """Return the cross-entropy."""
        return cross_entropy(a, y)

    def constants(self, a: Array, y: Array) -> Array:
        """Return 0."""
        return jnp.zeros_like(a)

    def curvatures(self, a: Array, y: Array) -> Array:
        """Return σ(a)σ(−a)."""
        return sigmoid_slope(a)

    def scores(self, a: Array, y: Array) -> Array:
        """Return 1 where a label is right, else 0."""
        return ((a > 0) == (y > 0.5)).astype(a.dtype)

    def score(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return 1 where every label is right, else 0."""
        return jnp.min(self.scores(outputs, self.values(targets, outputs)), axis=-1)

    def mean(self, outputs: Float[Array, "N K"]) -> Float[Array, "N K"]:
        """Return the probabilities σ(a)."""
        return jax.nn.sigmoid(outputs)

    def link(self, means: Float[Array, "N K"]) -> Float[Array, "N K"]:
        """Return the logits ln p − ln(1 − p)."""
        return jnp.log(means) - jnp.log1p(-means)

    def sample(self, outputs: Float[Array, "N K"], key: PRNGKeyArray) -> Float[Array, "N K"]:
        """Draw labels 0 and 1."""
        return jax.random.bernoulli(key, self.mean(outputs)).astype(outputs.dtype)

    def predict(self, outputs: Float[Array, "N K"]) -> Int[Array, "..."]:
        """Return labels 0 and 1 (1 where σ(a) > ½): `[N, K]`, or `[N]` when K = 1."""
        labels = (outputs > 0).astype(jnp.int32)
        return labels[..., 0] if outputs.shape[-1] == 1 else labels

    def variance(self, outputs: Array) -> Array:
        """Return σ(a)σ(−a)."""
        return sigmoid_slope(outputs)

    def cumulative(self, values: np.ndarray, outputs: np.ndarray) -> np.ndarray:
        """Return P(y ≤ value): 1 − σ(a) from 0 on, 1 from 1 on."""
        return np.where(values < 0, 0.0, np.where(values < 1, special.expit(-outputs), 1.0))

    def scaled_outputs(self, inverse_temperature: float) -> float:
        """Return s: logits are multiplied by it."""
        return inverse_temperature

    def predictive_mean(self, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
        """Return σ(κ(Σ_kk) ā)."""
        return np.asarray(special.expit(probit_scale(diagonals(covariance)) * mean))

    def predictive_variances(self, mean: np.ndarray, covariance: np.ndarray) -> Moments:
        """Return Var σ(a), and what it leaves of p(1 − p)."""
        p = self.predictive_mean(mean, covariance)
        epistemic = np.minimum(sigmoid_variance(mean, covariance), p * (1 - p))
        return epistemic, p * (1 - p) - epistemic

    def predictive_log_density(self, targets: np.ndarray, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
        """Return Σ_k y_k ln p_k + (1 − y_k) ln(1 − p_k), the labels of an example as independent."""
        p = self.predictive_mean(mean, covariance)
        right = special.xlogy(targets, np.maximum(p, LEAST))
        wrong = special.xlogy(1 - targets, np.maximum(1 - p, LEAST))
        return np.asarray((right + wrong).sum(axis=1))


@jax.custom_jvp
def cross_entropy(logits: Float[Array, "*s"], targets: Float[Array, "*s"]) -> Float[Array, "*s"]:
    """Return −y ln σ(a) − (1 − y) ln(1 − σ(a)) elementwise, as max(a, 0) − ya + ln(1 + e^−|a|).

    Nothing overflows, and the tails do not cancel: at y = 1, a = 50 it is e⁻⁵⁰, not 0.
    """
    return jnp.maximum(logits, 0) - targets * logits + jnp.log1p(jnp.exp(-jnp.abs(logits)))


@cross_entropy.defjvp
def _cross_entropy_jvp(
    primals: tuple[Array, Array], tangents: tuple[Array, Array]
) -> tuple[Float[Array, "*s"], Float[Array, "*s"]]:
    # The corners of max and |a| cancel at a = 0 in value but not in the second derivative that tracing would find
    # (0 for ¼); the closed form δ = σ(a) − y is smooth, and cheaper.
    logits, targets = primals
    logit_tangents, target_tangents = tangents
    slope = (jax.nn.sigmoid(logits) - targets) * logit_tangents - logits * target_tangents
    return cross_entropy(logits, targets), slope


def sigmoid_slope(logits: Float[Array, "*s"]) -> Float[Array, "*s"]:
    """Return σ′(a) = σ(a)σ(−a), which does not cancel for large a."""
    return jax.nn.sigmoid(logits) * jax.nn.sigmoid(-logits)
