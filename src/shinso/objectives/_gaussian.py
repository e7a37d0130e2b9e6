"""The Gaussian likelihood: regression with the sum of squares."""

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, PRNGKeyArray

from shinso._numbers import number_leaf
from shinso.objectives._likelihood import Likelihood
from shinso.objectives._targets import columns


class Gaussian(Likelihood):
    """y ~ N(a, I/β): loss ½β‖y − a‖², whose gradient is β(a − y).

    Targets are real numbers `[N, K]` (or `[N]` when K = 1). The score is the squared error, averaged over outputs.
    Source: S0 §2.2.5 (sum of squares); PRML (5.12)–(5.14).

    Args:
        precision: Inverse noise variance β > 0.

    Raises:
        ValueError: `precision` is not a finite number above 0.
    """

    precision: Float[Array, ""]
    name: ClassVar[str] = "gaussian"
    score_name: ClassVar[str] = "squared_error"
    higher_is_better: ClassVar[bool] = False

    def __init__(self, precision: ArrayLike = 1.0):
        self.precision = number_leaf("precision", precision, above=0.0)

    def loss(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return ½β‖y − a‖²."""
        errors = outputs - columns(targets, outputs)
        return 0.5 * self.precision.astype(outputs.dtype) * jnp.sum(errors * errors, axis=-1)

    def log_likelihood(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return −½β‖y − a‖² + ½K ln(β/2π)."""
        log_precision = jnp.log(self.precision.astype(outputs.dtype))
        constant = 0.5 * outputs.shape[-1] * (log_precision - float(np.log(2 * np.pi)))
        return constant - self.loss(outputs, targets)

    def mean(self, outputs: Float[Array, "N K"]) -> Float[Array, "N K"]:
        """Return a."""
        return outputs

    def output_hessian(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, "N K K"]:
        """Return βI."""
        size = outputs.shape[-1]
        hessian = self.precision.astype(outputs.dtype) * jnp.eye(size, dtype=outputs.dtype)
        return jnp.broadcast_to(hessian, (*outputs.shape, size))

    def sample(self, outputs: Float[Array, "N K"], key: PRNGKeyArray) -> Float[Array, "N K"]:
        """Draw from N(a, I/β)."""
        noise = jax.random.normal(key, outputs.shape, outputs.dtype)
        return outputs + noise / jnp.sqrt(self.precision.astype(outputs.dtype))

    def score(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return (1/K)‖y − a‖²; its mean over examples is the mean squared error."""
        return jnp.mean(jnp.square(outputs - columns(targets, outputs)), axis=-1)

    def predict(self, outputs: Float[Array, "N K"]) -> Float[Array, "N K"]:
        """Return the mean."""
        return outputs
