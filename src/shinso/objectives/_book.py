"""The two costs that Nielsen's networks put on independent sigmoid outputs, one output for each class."""

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from shinso.objectives._bernoulli import cross_entropy, sigmoid_slope
from shinso.objectives._class_targets import CLASSES_OR_ROWS
from shinso.objectives._elementwise import Elementwise
from shinso.objectives._target_kinds import TargetKind
from shinso.objectives._targets import indicators


class SigmoidOutputs(Elementwise):
    """Class k is σ(a_k): targets are class indices `[N]` or their one-hot rows `[N, K]`; of one output, 0 and 1."""

    target: ClassVar[TargetKind] = CLASSES_OR_ROWS
    score_name: ClassVar[str] = "accuracy"
    higher_is_better: ClassVar[bool] = True
    mean_function: ClassVar[str] = "sigmoid"

    def values(self, targets: Array, outputs: Float[Array, "N K"]) -> Float[Array, "N K"]:
        """Return one-hot rows."""
        return indicators(targets, outputs)

    def mean(self, outputs: Float[Array, "N K"]) -> Float[Array, "N K"]:
        """Return σ(a); rows need not sum to 1."""
        return jax.nn.sigmoid(outputs)

    def link(self, means: Float[Array, "N K"]) -> Float[Array, "N K"]:
        """Return the logits ln p − ln(1 − p)."""
        return jnp.log(means) - jnp.log1p(-means)

    def scores(self, a: Array, y: Array) -> Array:
        """Return 1 where an output is on the right side, else 0."""
        return ((a > 0) == (y > 0.5)).astype(a.dtype)

    def score(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return 1 where the class is right, else 0."""
        true = _class(indicators(targets, outputs), threshold=0.5)
        return (self.predict(outputs) == true).astype(outputs.dtype)

    def predict(self, outputs: Float[Array, "N K"]) -> Int[Array, " N"]:
        """Return the index of the largest output; with one output, 1 where σ(a) > ½."""
        return _class(outputs, threshold=0.0)


class SigmoidQuadratic(SigmoidOutputs):
    """The quadratic cost ½‖y − σ(a)‖², whose gradient is (σ(a) − y)σ′(a).

    Targets are class indices `[N]` or their one-hot rows `[N, K]`. As a likelihood: y ~ N(σ(a), I). The output Hessian may
    be negative, so Gauss–Newton methods take the Fisher matrix.
    Source: Nielsen, chapters 1 and 2, equations (6), (BP1); notes on neural networks, §2.2.5.
    """

    name: ClassVar[str] = "sigmoid_quadratic"

    def losses(self, a: Array, y: Array) -> Array:
        """Return ½(y − σ(a))²."""
        return 0.5 * jnp.square(jax.nn.sigmoid(a) - y)

    def constants(self, a: Array, y: Array) -> Array:
        """Return ½ ln 2π."""
        return jnp.full_like(a, 0.5 * np.log(2 * np.pi))

    def curvatures(self, a: Array, y: Array) -> Array:
        """Return σ′² + (σ − y)σ″, σ″ = σ′(1 − 2σ).

        It depends on the targets and may be negative; its mean over `sample` is the positive σ′².
        """
        p, slope = jax.nn.sigmoid(a), sigmoid_slope(a)
        return slope * (slope + (p - y) * (1 - 2 * p))

    def sample(self, outputs: Float[Array, "N K"], key: PRNGKeyArray) -> Float[Array, "N K"]:
        """Draw from N(σ(a), I)."""
        return self.mean(outputs) + jax.random.normal(key, outputs.shape, outputs.dtype)


class SigmoidCrossEntropy(SigmoidOutputs):
    """The cross-entropy cost −Σ_k y_k ln σ(a_k) + (1 − y_k) ln(1 − σ(a_k)), whose gradient is σ(a) − y.

    `Bernoulli` for classes: targets are class indices `[N]` or their one-hot rows `[N, K]`, and the largest output is
    the class. Source: Nielsen, chapter 3, equations (57), (63); notes on neural networks, §2.2.5.
    """

    name: ClassVar[str] = "sigmoid_cross_entropy"
    canonical: ClassVar[bool] = True
    convex: ClassVar[bool] = True

    def losses(self, a: Array, y: Array) -> Array:
        """Return the cross-entropy."""
        return cross_entropy(a, y)

    def constants(self, a: Array, y: Array) -> Array:
        """Return 0."""
        return jnp.zeros_like(a)

    def curvatures(self, a: Array, y: Array) -> Array:
        """Return σ(a)σ(−a)."""
        return sigmoid_slope(a)

    def sample(self, outputs: Float[Array, "N K"], key: PRNGKeyArray) -> Float[Array, "N K"]:
        """Draw labels 0 and 1, independently for each output."""
        return jax.random.bernoulli(key, self.mean(outputs)).astype(outputs.dtype)


def _class(values: Float[Array, "N K"], *, threshold: float) -> Int[Array, " N"]:
    if values.shape[-1] == 1:
        return (values[..., 0] > threshold).astype(jnp.int32)
    return jnp.argmax(values, axis=-1).astype(jnp.int32)
