"""Quantile regression, as a likelihood: the asymmetric Laplace distribution."""

from functools import partial
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, PRNGKeyArray

from shinso._checks import real
from shinso._numbers import number_leaf
from shinso.objectives._elementwise import Elementwise
from shinso.objectives._evaluation_scores import EvaluationScore, d2_pinball
from shinso.objectives._target_kinds import NUMBERS, TargetKind


class Quantile(Elementwise):
    """a_k is the τ-quantile of y_k: loss Σ_k ρ_τ(y_k − a_k)/s with the pinball loss ρ_τ(u) = max(τu, (τ − 1)u).

    As a likelihood: p(y | a) = τ(1 − τ)/s e^(−ρ_τ(y − a)/s), the asymmetric Laplace distribution, whose mean is
    a + s(1 − 2τ)/(τ(1 − τ)); `predict` returns the quantile a. Targets are real numbers `[N, K]` (or `[N]` when K = 1). The
    score is the pinball loss, averaged over outputs. The slope of the loss is −τ/s below y and (1 − τ)/s above.

    The output Hessian is 0 almost everywhere, so Hessian and Gauss–Newton matrix say nothing; the Fisher information
    τ(1 − τ)/s², which curvature and Gauss–Newton methods take instead, does. There is no posterior: the distribution is a
    way to write the loss, and its width no measure of the noise.

    Args:
        level: τ, 0 < τ < 1.
        scale: s > 0.

    Raises:
        ValueError: a number out of range.

    Source: Koenker and Bassett (1978); Yu and Moyeed (2001) for the distribution.
    """

    level: Float[Array, ""]
    scale: Float[Array, ""]
    name: ClassVar[str] = "quantile"
    target: ClassVar[TargetKind] = NUMBERS
    score_name: ClassVar[str] = "pinball_loss"
    higher_is_better: ClassVar[bool] = False
    mean_function: ClassVar[str] = "identity"

    def __init__(self, level: ArrayLike = 0.5, scale: ArrayLike = 1.0):
        self.level = number_leaf("level", level, above=0.0)
        self.scale = number_leaf("scale", scale, above=0.0)
        if not isinstance(level, jax.core.Tracer):
            real("level", level, above=0.0, below=1.0)

    def losses(self, a: Array, y: Array) -> Array:
        """Return ρ_τ(y − a)/s."""
        return self.scores(a, y) / self.scale.astype(a.dtype)

    def constants(self, a: Array, y: Array) -> Array:
        """Return −ln(τ(1 − τ)/s)."""
        level, scale = self.level.astype(a.dtype), self.scale.astype(a.dtype)
        return jnp.broadcast_to(jnp.log(scale) - jnp.log(level) - jnp.log1p(-level), a.shape)

    def scores(self, a: Array, y: Array) -> Array:
        """Return ρ_τ(y − a)."""
        level, u = self.level.astype(a.dtype), y - a
        return jnp.where(u >= 0, level * u, (level - 1) * u)

    def curvatures(self, a: Array, y: Array) -> Array:
        """Return 0."""
        return jnp.zeros_like(a)

    def informations(self, a: Array) -> Array:
        """Return τ(1 − τ)/s²."""
        level = self.level.astype(a.dtype)
        return jnp.broadcast_to(level * (1 - level) / jnp.square(self.scale.astype(a.dtype)), a.shape)

    def mean(self, outputs: Float[Array, "N K"]) -> Float[Array, "N K"]:
        """Return a + s(1 − 2τ)/(τ(1 − τ))."""
        level, scale = self.level.astype(outputs.dtype), self.scale.astype(outputs.dtype)
        return outputs + scale * (1 - 2 * level) / (level * (1 - level))

    def predict(self, outputs: Float[Array, "N K"]) -> Float[Array, "N K"]:
        """Return the quantile a."""
        return outputs

    def decide(self, means: np.ndarray) -> np.ndarray:
        """Return the quantile of each mean."""
        return means - float(self.mean(jnp.zeros(())))

    def sample(self, outputs: Float[Array, "N K"], key: PRNGKeyArray) -> Float[Array, "N K"]:
        """Draw from the asymmetric Laplace distribution: a + s(E/τ − E′/(1 − τ)) with E, E′ ~ Exp(1)."""
        level, scale = self.level.astype(outputs.dtype), self.scale.astype(outputs.dtype)
        above, below = jax.random.exponential(key, (2, *outputs.shape), outputs.dtype)
        drawn: Array = outputs + scale * (above / level - below / (1 - level))
        return drawn

    def best_constant(self, targets: np.ndarray, shares: np.ndarray, outputs: int) -> Float[np.ndarray, " K"]:
        """Return the τ-quantile of each column under the examples' shares, the least that τ of them do not exceed."""
        self.target.marginal(targets, shares, outputs)
        columns = targets.reshape(len(shares), outputs).astype(float)
        order = columns.argsort(axis=0)
        reached = (np.cumsum(shares[order], axis=0) >= float(self.level)).argmax(axis=0)
        return np.asarray(np.take_along_axis(columns, np.take_along_axis(order, reached[None], axis=0), axis=0)[0])

    @property
    def evaluation_score(self) -> EvaluationScore:
        """D², the share of the pinball loss of the best constant that predictions save."""
        return EvaluationScore("d2_pinball", partial(d2_pinball, level=float(self.level)))
