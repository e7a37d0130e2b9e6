"""The cost of models that are their own judges: Boltzmann machines in contrastive divergence."""

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from shinso.objectives._likelihood import Likelihood
from shinso.objectives._target_kinds import NUMBERS, TargetKind
from shinso.objectives._targets import columns


class ContrastiveDivergenceLoss(Likelihood):
    """Cost of `shinso.nn.ContrastiveDivergence`, whose outputs `[N, 1 + K]` are the loss itself and a reconstruction.

    Targets are the inputs `[N, K]` themselves: train with data (X, X). In training the loss has the gradient of
    contrastive divergence, F(v) − F(v′); in prediction, so on validation data, it is minus the pseudo-log-likelihood (the
    score-matching cost for Gaussian units). The score is the mean squared error of the reconstruction. There is no
    distribution of targets given outputs, so nothing can be sampled; ask the machine (`gibbs`).

    Source: Hinton (2002); Nielsen, chapter 6 (Boltzmann machines and deep belief networks).
    """

    name: ClassVar[str] = "contrastive"
    target: ClassVar[TargetKind] = NUMBERS
    score_name: ClassVar[str] = "squared_error"
    higher_is_better: ClassVar[bool] = False

    def loss(self, outputs: Float[Array, "N 1+K"], targets: Array) -> Float[Array, " N"]:
        """Return the first output."""
        columns(targets, outputs[:, 1:])
        return outputs[:, 0]

    def log_likelihood(self, outputs: Float[Array, "N 1+K"], targets: Array) -> Float[Array, " N"]:
        """Return minus the loss: in prediction the pseudo-log-likelihood."""
        return -self.loss(outputs, targets)

    def mean(self, outputs: Float[Array, "N 1+K"]) -> Float[Array, "N K"]:
        """Return the reconstruction."""
        return outputs[:, 1:]

    def output_hessian(self, outputs: Float[Array, "N 1+K"], targets: Array) -> Float[Array, "N 1+K 1+K"]:
        """Return 0: the loss is linear in the outputs."""
        return jnp.zeros((*outputs.shape, outputs.shape[-1]), outputs.dtype)

    def sample(self, outputs: Float[Array, "N 1+K"], key: PRNGKeyArray) -> Array:
        """Raise `TypeError`: the outputs do not determine a distribution of targets."""
        raise TypeError("contrastive has no distribution of targets given outputs; sample from the machine by gibbs.")

    def score(self, outputs: Float[Array, "N 1+K"], targets: Array) -> Float[Array, " N"]:
        """Return the mean over units of the reconstruction's squared error."""
        reconstructions = self.mean(outputs)
        return jnp.mean(jnp.square(reconstructions - columns(targets, reconstructions)), axis=-1)

    def predict(self, outputs: Float[Array, "N 1+K"]) -> Float[Array, "N K"]:
        """Return the reconstruction."""
        return self.mean(outputs)
