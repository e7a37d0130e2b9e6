"""The categorical likelihood: one class of K, from softmax logits."""

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from shinso.objectives._class_targets import CLASSES
from shinso.objectives._predictive import Moments, Predictive
from shinso.objectives._probit import pairwise_probit, softmax_variance
from shinso.objectives._target_kinds import TargetKind
from shinso.objectives._targets import indices, is_class

LEAST = np.finfo(np.float64).tiny
"""The smallest probability whose logarithm is taken."""


class Categorical(Predictive):
    """y ~ softmax(a): loss −ln softmax(a)_y = ln Σ_k e^(a_k) − a_y, whose gradient is softmax(a) − onehot(y).

    Targets are class indices `[N]`. The score is 1 where the largest output is the class. Averaged over logits
    a ~ N(ā, Σ), E[y_k] is the probit approximation for every pair of classes (Lu, Ie and Sha, 2020), and the variance
    p(1 − p) is split by 512 fixed draws of a.
    Source: notes on neural networks, §2.2.5; Nielsen, chapter 3 (the log-likelihood cost); Bishop, PRML (5.24)–(5.25).
    """

    name: ClassVar[str] = "categorical"
    target: ClassVar[TargetKind] = CLASSES
    score_name: ClassVar[str] = "accuracy"
    higher_is_better: ClassVar[bool] = True
    canonical: ClassVar[bool] = True
    convex: ClassVar[bool] = True
    mean_function: ClassVar[str] = "softmax"
    shift_invariant: ClassVar[bool] = True
    has_inverse_temperature: ClassVar[bool] = True

    def loss(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return −ln softmax(a)_y."""
        chosen = is_class(indices(targets, outputs), outputs)
        return -jnp.sum(jnp.where(chosen, jax.nn.log_softmax(outputs), 0), axis=-1)

    def log_likelihood(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return ln softmax(a)_y."""
        return -self.loss(outputs, targets)

    def mean(self, outputs: Float[Array, "N K"]) -> Float[Array, "N K"]:
        """Return the class probabilities softmax(a)."""
        # Logits that have overflowed are larger than all others: their limit, not the NaN of ∞ − ∞.
        largest = jnp.finfo(outputs.dtype).max  # type: ignore[no-untyped-call]
        return jax.nn.softmax(jnp.clip(outputs, -largest, largest))

    def output_hessian(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, "N K K"]:
        """Return diag(p) − ppᵀ with p = softmax(a)."""
        p = self.mean(outputs)
        return p[..., :, None] * (jnp.eye(p.shape[-1], dtype=p.dtype) - p[..., None, :])

    def hessian_root(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, "N K K"]:
        """Return the rows √p_c (e_c − p): diag(p) − ppᵀ is Σ_c p_c (e_c − p)(e_c − p)ᵀ."""
        return self.fisher_root(outputs)

    def fisher_root(self, outputs: Float[Array, "N K"]) -> Float[Array, "N K K"]:
        """Return the rows √p_c (e_c − p)."""
        p = self.mean(outputs)
        return jnp.sqrt(p)[..., :, None] * (jnp.eye(p.shape[-1], dtype=p.dtype) - p[..., None, :])

    def link(self, means: Float[Array, "N K"]) -> Float[Array, "N K"]:
        """Return ln p."""
        return jnp.log(means)

    def sample(self, outputs: Float[Array, "N K"], key: PRNGKeyArray) -> Int[Array, " N"]:
        """Draw class indices."""
        return jax.random.categorical(key, outputs).astype(jnp.int32)

    def score(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return 1 where the class is right, else 0."""
        return (self.predict(outputs) == indices(targets, outputs)).astype(outputs.dtype)

    def predict(self, outputs: Float[Array, "N K"]) -> Int[Array, " N"]:
        """Return the index of the largest output, the first of several."""
        return jnp.argmax(outputs, axis=-1).astype(jnp.int32)

    def variance(self, outputs: Array) -> Array:
        """Return p_k(1 − p_k), that of each class's indicator."""
        p = self.mean(outputs)
        return p * (1 - p)

    def scaled_outputs(self, inverse_temperature: float) -> float:
        """Return s: logits are multiplied by it."""
        return inverse_temperature

    def predictive_mean(self, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
        """Return the probabilities of `pairwise_probit`."""
        return pairwise_probit(mean, covariance)

    def predictive_variances(self, mean: np.ndarray, covariance: np.ndarray) -> Moments:
        """Return Var softmax(a), and what it leaves of p(1 − p)."""
        p = self.predictive_mean(mean, covariance)
        epistemic = np.minimum(softmax_variance(mean, covariance), p * (1 - p))
        return epistemic, p * (1 - p) - epistemic

    def predictive_log_density(self, targets: np.ndarray, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
        """Return ln p_y."""
        p = self.predictive_mean(mean, covariance)
        return np.asarray(np.log(np.maximum(p[np.arange(len(p)), targets], LEAST)))
