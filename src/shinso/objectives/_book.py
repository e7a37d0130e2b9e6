"""The two costs that S4's networks put on independent sigmoid outputs, one output for each class."""

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from shinso.objectives._bernoulli import cross_entropy, diagonal, sigmoid_slope
from shinso.objectives._likelihood import Likelihood
from shinso.objectives._targets import indicators


class SigmoidQuadratic(Likelihood):
    """The quadratic cost ½‖y − σ(a)‖², whose gradient is (σ(a) − y)σ′(a).

    Targets are class indices `[N]` or their one-hot rows `[N, K]`. As a likelihood: y ~ N(σ(a), I).
    Source: S4 ch. 1–2 (equations 6, BP1); S0 §2.2.5.
    """

    name: ClassVar[str] = "sigmoid_quadratic"
    score_name: ClassVar[str] = "accuracy"
    higher_is_better: ClassVar[bool] = True

    def loss(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return ½‖y − σ(a)‖²."""
        errors = jax.nn.sigmoid(outputs) - indicators(targets, outputs)
        return 0.5 * jnp.sum(errors * errors, axis=-1)

    def log_likelihood(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return −½‖y − σ(a)‖² − ½K ln 2π."""
        return -self.loss(outputs, targets) - float(0.5 * outputs.shape[-1] * np.log(2 * np.pi))

    def mean(self, outputs: Float[Array, "N K"]) -> Float[Array, "N K"]:
        """Return σ(a); rows need not sum to 1."""
        return jax.nn.sigmoid(outputs)

    def output_hessian(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, "N K K"]:
        """Return diag(σ′² + (σ − y)σ″), σ″ = σ′(1 − 2σ).

        It depends on the targets and may be negative; its mean over `sample` is the positive diag(σ′²).
        """
        p, slope = jax.nn.sigmoid(outputs), sigmoid_slope(outputs)
        return diagonal(slope * (slope + (p - indicators(targets, outputs)) * (1 - 2 * p)))

    def sample(self, outputs: Float[Array, "N K"], key: PRNGKeyArray) -> Float[Array, "N K"]:
        """Draw from N(σ(a), I)."""
        return self.mean(outputs) + jax.random.normal(key, outputs.shape, outputs.dtype)

    def score(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return 1 where the class is right, else 0."""
        return _right(outputs, targets)

    def predict(self, outputs: Float[Array, "N K"]) -> Int[Array, " N"]:
        """Return the index of the largest output; with one output, 1 where σ(a) > ½."""
        return _class(outputs, threshold=0.0)


class SigmoidCrossEntropy(Likelihood):
    """The cross-entropy cost −Σ_k y_k ln σ(a_k) + (1 − y_k) ln(1 − σ(a_k)), whose gradient is σ(a) − y.

    `Bernoulli` for classes: targets are class indices `[N]` or their one-hot rows `[N, K]`, and the largest output is
    the class. Source: S4 L1773 (equations 57, 63); S0 §2.2.5.
    """

    name: ClassVar[str] = "sigmoid_cross_entropy"
    score_name: ClassVar[str] = "accuracy"
    higher_is_better: ClassVar[bool] = True

    def loss(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return the cross-entropy summed over outputs."""
        return jnp.sum(cross_entropy(outputs, indicators(targets, outputs)), axis=-1)

    def log_likelihood(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return Σ_k ln p(y_k | a_k)."""
        return -self.loss(outputs, targets)

    def mean(self, outputs: Float[Array, "N K"]) -> Float[Array, "N K"]:
        """Return σ(a); rows need not sum to 1."""
        return jax.nn.sigmoid(outputs)

    def output_hessian(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, "N K K"]:
        """Return diag(σ(a)σ(−a))."""
        return diagonal(sigmoid_slope(outputs))

    def sample(self, outputs: Float[Array, "N K"], key: PRNGKeyArray) -> Float[Array, "N K"]:
        """Draw labels 0 and 1, independently for each output."""
        return jax.random.bernoulli(key, self.mean(outputs)).astype(outputs.dtype)

    def score(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return 1 where the class is right, else 0."""
        return _right(outputs, targets)

    def predict(self, outputs: Float[Array, "N K"]) -> Int[Array, " N"]:
        """Return the index of the largest output; with one output, 1 where σ(a) > ½."""
        return _class(outputs, threshold=0.0)


def _class(values: Float[Array, "N K"], *, threshold: float) -> Int[Array, " N"]:
    if values.shape[-1] == 1:
        return (values[..., 0] > threshold).astype(jnp.int32)
    return jnp.argmax(values, axis=-1).astype(jnp.int32)


def _right(outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
    true = _class(indicators(targets, outputs), threshold=0.5)
    return (_class(outputs, threshold=0.0) == true).astype(outputs.dtype)
