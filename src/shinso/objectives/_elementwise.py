"""Likelihoods whose outputs are independent: one number of the target for each, and a sum over them."""

import abc

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from shinso.objectives._likelihood import Likelihood
from shinso.objectives._targets import columns


class Elementwise(Likelihood):
    """p(y | a) = Π_k p(y_k | a_k): given by functions of one output and one number of the target.

    Targets are numbers `[N, K]`, or `[N]` when K = 1.
    """

    @abc.abstractmethod
    def losses(self, a: Float[Array, "*s"], y: Float[Array, "*s"]) -> Float[Array, "*s"]:
        """Return the loss of each number."""

    @abc.abstractmethod
    def constants(self, a: Float[Array, "*s"], y: Float[Array, "*s"]) -> Float[Array, "*s"]:
        """Return what the loss leaves out of −ln p(y | a), in the type of a, whose value does not matter."""

    @abc.abstractmethod
    def scores(self, a: Float[Array, "*s"], y: Float[Array, "*s"]) -> Float[Array, "*s"]:
        """Return the score of each number, of which an example's is the mean."""

    def curvatures(self, a: Float[Array, "*s"], y: Float[Array, "*s"]) -> Float[Array, "*s"]:
        """Return ∂²loss/∂a²; without a closed form, the derivative of the derivative."""
        slopes = jax.grad(lambda a: jnp.sum(self.losses(a, y)))
        found: Array = jax.jvp(slopes, (a,), (jnp.ones_like(a),))[1]
        return found

    def informations(self, a: Float[Array, "*s"]) -> Float[Array, "*s"]:
        """Return E_y[(∂loss/∂a)²], the Fisher information."""
        return self.curvatures(a, self.mean(a))

    def loss(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return the sum over outputs."""
        return jnp.sum(self.losses(outputs, self.values(targets, outputs)), axis=-1)

    def log_likelihood(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return Σ_k ln p(y_k | a_k)."""
        y = self.values(targets, outputs)
        return -self.loss(outputs, targets) - jnp.sum(self.constants(outputs, y), axis=-1)

    def output_hessian(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, "N K K"]:
        """Return a diagonal matrix of second derivatives."""
        return diagonal(self.curvatures(outputs, self.values(targets, outputs)))

    def output_fisher(self, outputs: Float[Array, "N K"]) -> Float[Array, "N K K"]:
        """Return a diagonal matrix of Fisher informations."""
        return diagonal(self.informations(outputs))

    def hessian_root(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, "N K K"]:
        """Return the roots of the second derivatives."""
        return jnp.sqrt(self.output_hessian(outputs, targets))

    def fisher_root(self, outputs: Float[Array, "N K"]) -> Float[Array, "N K K"]:
        """Return the roots of the Fisher informations."""
        return jnp.sqrt(self.output_fisher(outputs))

    def score(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return the mean over outputs."""
        return jnp.mean(self.scores(outputs, self.values(targets, outputs)), axis=-1)

    def predict(self, outputs: Float[Array, "N K"]) -> Array:
        """Return the mean."""
        return self.mean(outputs)

    def values(self, targets: Array, outputs: Float[Array, "N K"]) -> Float[Array, "N K"]:
        """Return targets as `[N, K]` in the outputs' type.

        Raises:
            ValueError: The shapes do not fit.
        """
        return columns(targets, outputs)


def diagonal(values: Float[Array, "N K"]) -> Float[Array, "N K K"]:
    """Return one diagonal matrix for each row."""
    return values[..., :, None] * jnp.eye(values.shape[-1], dtype=values.dtype)
