"""Labels that are not quite believed."""

from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from shinso._checks import real
from shinso._numbers import number_leaf
from shinso.objectives._categorical import Categorical


class SmoothedCategorical(Categorical):
    """(1 − ε) L(a, y) + ε/K Σ_k L(a, k), L = −ln softmax(a)_k: the mean cost of labels that ε of the time are drawn anew.

    A label is replaced with probability ε by one of the K classes at random; this is the expectation over that noise, so
    nothing is drawn. The gradient is softmax(a) − (1 − ε) onehot(y) − ε/K. It keeps weights from growing for ever after
    probabilities of 1. `log_likelihood`, `mean`, `predict` and `score` are those of `Categorical`.

    Args:
        smoothing: ε, 0 ≤ ε < 1. Szegedy et al. take 0.1.

    Raises:
        ValueError: `smoothing` lies outside its range.

    Source: Goodfellow et al., §7.5.1; Szegedy et al. (2016), §7.
    """

    smoothing: Float[Array, ""]
    name: ClassVar[str] = "smoothed_categorical"
    canonical: ClassVar[bool] = False

    def __init__(self, smoothing: ArrayLike = 0.1):
        self.smoothing = number_leaf("smoothing", smoothing, least=0.0)
        if not isinstance(smoothing, jax.core.Tracer):
            real("smoothing", smoothing, least=0.0, below=1.0)

    def loss(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return the expected cost."""
        smoothing = self.smoothing.astype(outputs.dtype)
        anyone = -jnp.mean(jax.nn.log_softmax(outputs), axis=-1)
        return (1 - smoothing) * super().loss(outputs, targets) + smoothing * anyone

    def log_likelihood(self, outputs: Float[Array, "N K"], targets: Array) -> Float[Array, " N"]:
        """Return ln softmax(a)_y, that of the label as it stands."""
        return -super().loss(outputs, targets)
