"""The categorical likelihood: one class of K, from softmax logits."""

from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from shinso.objectives._likelihood import Likelihood
from shinso.objectives._targets import indices, is_class


class Categorical(Likelihood):
    """y ~ softmax(a): loss −ln softmax(a)_y = ln Σ_k e^(a_k) − a_y, whose gradient is softmax(a) − onehot(y).

    Targets are class indices `[N]`. The score is 1 where the largest output is the class.
    Source: S0 §2.2.5; S4 L2206 (log-likelihood cost); PRML (5.24)–(5.25).
    """

    name: ClassVar[str] = "categorical"
    score_name: ClassVar[str] = "accuracy"
    higher_is_better: ClassVar[bool] = True

    def loss(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return −ln softmax(a)_y."""
        chosen = is_class(indices(targets, outputs), outputs)
        return -jnp.sum(jnp.where(chosen, jax.nn.log_softmax(outputs), 0), axis=-1)

    def log_likelihood(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return ln softmax(a)_y."""
        return -self.loss(outputs, targets)

    def mean(self, outputs: Float[Array, "N K"]) -> Float[Array, "N K"]:
        """Return the class probabilities softmax(a)."""
        return jax.nn.softmax(outputs)

    def output_hessian(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, "N K K"]:
        """Return diag(p) − ppᵀ with p = softmax(a)."""
        p = self.mean(outputs)
        return p[..., :, None] * (jnp.eye(p.shape[-1], dtype=p.dtype) - p[..., None, :])

    def sample(self, outputs: Float[Array, "N K"], key: PRNGKeyArray) -> Int[Array, " N"]:
        """Draw class indices."""
        return jax.random.categorical(key, outputs).astype(jnp.int32)

    def score(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return 1 where the class is right, else 0."""
        return (self.predict(outputs) == indices(targets, outputs)).astype(outputs.dtype)

    def predict(self, outputs: Float[Array, "N K"]) -> Int[Array, " N"]:
        """Return the index of the largest output, the first of several."""
        return jnp.argmax(outputs, axis=-1).astype(jnp.int32)
