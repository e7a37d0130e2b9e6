"""The ordinal likelihood: one class of K in an order, from cumulative logits."""

from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from shinso.objectives._class_targets import CLASSES
from shinso.objectives._likelihood import Likelihood
from shinso.objectives._target_kinds import TargetKind
from shinso.objectives._targets import indices, is_class


class Ordinal(Likelihood):
    """P(y ≤ k) = σ(θ_k − f): classes 0 < 1 < … < K − 1 are pieces of a line, cut at θ_0 < … < θ_(K−2), where y is near f.

    Of the K outputs f = a_0, θ_0 = a_1 and θ_k = θ_(k−1) + ln(1 + e^(a_(k+1))), so that cuts never cross and any outputs
    are probabilities: p_k = σ(θ_k − f) − σ(θ_(k−1) − f), with θ_(−1) = −∞ and θ_(K−1) = ∞. The loss is −ln p_y.

    Where outputs 1 to K − 1 do not depend on x
    (`nn.SharedThresholds`) these are proportional odds: a change of x multiplies the odds of y ≤ k by one factor for all k;
    where they do, how far classes are apart depends on x too. Fewer outputs are learned from fewer examples than by
    `Categorical`, which knows no order.

    Targets are class indices `[N]`. The best guess is the most probable class; the score is 1 where it is right.

    Source: McCullagh, Regression models for ordinal data (1980), (2.1); McCullagh and Nelder, Generalized linear models
    (1989), §5.2.2.
    """

    name: ClassVar[str] = "ordinal"
    target: ClassVar[TargetKind] = CLASSES
    score_name: ClassVar[str] = "accuracy"
    higher_is_better: ClassVar[bool] = True
    ordered: ClassVar[bool] = True

    def _log_probabilities(self, outputs: Float[Array, "N K"]) -> Float[Array, "N K"]:
        """Return ln p_k."""
        gaps = jax.nn.softplus(outputs[..., 2:])
        # z_k = θ_k − f, of which each is that before and a gap.
        z = jnp.cumsum(jnp.concatenate([outputs[..., 1:2] - outputs[..., :1], gaps], axis=-1), axis=-1)
        below = jax.nn.log_sigmoid(z)  # ln P(y ≤ k)
        above = jax.nn.log_sigmoid(-z)  # ln P(y > k)
        # σ(u) − σ(l) = σ(u) σ(−l) (1 − e^(−g)) for a gap g = ln(1 + e^a), of which 1 − e^(−g) = σ(a).
        between = below[..., 1:] + above[..., :-1] + jax.nn.log_sigmoid(outputs[..., 2:])
        return jnp.concatenate([below[..., :1], between, above[..., -1:]], axis=-1)

    def loss(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return −ln p_y."""
        chosen = is_class(indices(targets, outputs), outputs)
        return -jnp.sum(jnp.where(chosen, self._log_probabilities(outputs), 0), axis=-1)

    def log_likelihood(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return ln p_y."""
        return -self.loss(outputs, targets)

    def mean(self, outputs: Float[Array, "N K"]) -> Float[Array, "N K"]:
        """Return the class probabilities p."""
        return jnp.exp(self._log_probabilities(outputs))

    def output_hessian(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, "N K K"]:
        """Return the second derivatives of −ln p_y, found by differentiating twice; they depend on the target."""
        found: Array = jax.vmap(jax.hessian(lambda a, y: self.loss(a[None], y[None])[0]))(outputs, targets)
        return found

    def output_fisher(self, outputs: Float[Array, "N K"]) -> Float[Array, "N K K"]:
        """Return Σ_k p_k g_k g_kᵀ with g_k = ∂ ln p_k/∂a."""
        roots = self.fisher_root(outputs)
        return jnp.einsum("nck,ncl->nkl", roots, roots)

    def fisher_root(self, outputs: Float[Array, "N K"]) -> Float[Array, "N K K"]:
        """Return the rows √p_c ∂ ln p_c/∂a."""
        slopes = jax.vmap(jax.jacfwd(self._log_probabilities))(outputs)
        rows: Array = jnp.sqrt(self.mean(outputs))[..., None] * slopes
        return rows

    def link(self, means: Float[Array, "N K"]) -> Float[Array, "N K"]:
        """Return outputs with f = 0 whose probabilities are `means`."""
        upper = jnp.cumsum(means, axis=-1)[..., :-1]
        z = jnp.log(upper) - jnp.log1p(-upper)
        gaps = jnp.log(jnp.expm1(jnp.diff(z, axis=-1)))
        return jnp.concatenate([jnp.zeros_like(z[..., :1]), z[..., :1], gaps], axis=-1)

    def sample(self, outputs: Float[Array, "N K"], key: PRNGKeyArray) -> Int[Array, " N"]:
        """Draw class indices."""
        return jax.random.categorical(key, self._log_probabilities(outputs)).astype(jnp.int32)

    def score(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return 1 where the class is right, else 0."""
        return (self.predict(outputs) == indices(targets, outputs)).astype(outputs.dtype)

    def predict(self, outputs: Float[Array, "N K"]) -> Int[Array, " N"]:
        """Return the index of the most probable class, the first of several."""
        return jnp.argmax(self._log_probabilities(outputs), axis=-1).astype(jnp.int32)
