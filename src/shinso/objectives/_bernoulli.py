"""The Bernoulli likelihood: binary and multilabel classification from logits."""

from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from shinso.objectives._likelihood import Likelihood
from shinso.objectives._targets import columns


class Bernoulli(Likelihood):
    """y_k ~ Bernoulli(σ(a_k)), independent: loss −Σ_k y_k ln σ(a_k) + (1 − y_k) ln(1 − σ(a_k)); gradient σ(a) − y.

    Targets are 0 and 1 (probabilities are accepted too), `[N, K]`, or `[N]` when K = 1. The score is 1 where all K
    labels are right: accuracy when K = 1, subset accuracy when K > 1. Source: S0 §2.2.5; PRML (5.20)–(5.22).
    """

    name: ClassVar[str] = "bernoulli"
    score_name: ClassVar[str] = "accuracy"
    higher_is_better: ClassVar[bool] = True

    def loss(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return the cross-entropy summed over outputs."""
        return jnp.sum(cross_entropy(outputs, columns(targets, outputs)), axis=-1)

    def log_likelihood(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return Σ_k ln p(y_k | a_k)."""
        return -self.loss(outputs, targets)

    def mean(self, outputs: Float[Array, "N K"]) -> Float[Array, "N K"]:
        """Return the probabilities σ(a)."""
        return jax.nn.sigmoid(outputs)

    def output_hessian(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, "N K K"]:
        """Return diag(σ(a)σ(−a))."""
        return diagonal(sigmoid_slope(outputs))

    def sample(self, outputs: Float[Array, "N K"], key: PRNGKeyArray) -> Float[Array, "N K"]:
        """Draw labels 0 and 1."""
        return jax.random.bernoulli(key, self.mean(outputs)).astype(outputs.dtype)

    def score(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return 1 where every label is right, else 0."""
        right = (outputs > 0) == (columns(targets, outputs) > 0.5)
        return jnp.all(right, axis=-1).astype(outputs.dtype)

    def predict(self, outputs: Float[Array, "N K"]) -> Int[Array, "..."]:
        """Return labels 0 and 1 (1 where σ(a) > ½): `[N, K]`, or `[N]` when K = 1."""
        labels = (outputs > 0).astype(jnp.int32)
        return labels[..., 0] if outputs.shape[-1] == 1 else labels


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


def diagonal(values: Float[Array, "N K"]) -> Float[Array, "N K K"]:
    """Return one diagonal matrix for each row."""
    return values[..., :, None] * jnp.eye(values.shape[-1], dtype=values.dtype)
