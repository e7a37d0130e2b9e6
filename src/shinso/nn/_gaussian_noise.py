"""Gaussian noise on hidden units."""

from typing import Any, Self

import equinox as eqx
import jax
from jaxtyping import Array, Float, PRNGKeyArray

from shinso import _checks
from shinso.nn._layer import Layer, Operation, Shape

KINDS = ("multiplicative", "additive")


class GaussianNoise(Layer):
    """In training, x ⊙ m with m ~ N(1, s²), or x + e with e ~ N(0, s²), drawn for every number of every example.

    The mean of both is x, so prediction (`key=None`) does nothing and scales nothing. N(1, 1) has the variance of
    dropout with p = ½; in general s² = p/(1 − p).

    Args:
        standard_deviation: s ≥ 0. 0 costs nothing.
        kind: "multiplicative" or "additive".

    Raises:
        ValueError: `standard_deviation` is below 0, or `kind` is something else.

    Source: notes on neural networks, §2.3.2; Srivastava et al. (2014), §10.
    """

    standard_deviation: float = eqx.field(static=True)
    kind: str = eqx.field(static=True)

    def __init__(self, standard_deviation: float = 1.0, kind: str = "multiplicative"):
        self.standard_deviation = _checks.real("standard_deviation", standard_deviation, least=0.0)
        self.kind = _checks.one_of("kind", kind, KINDS)

    @property
    def uses_key(self) -> bool:
        """False for standard deviation 0."""
        return self.standard_deviation > 0.0

    def __call__(self, x: Float[Array, "N *shape"], *, key: PRNGKeyArray | None = None) -> Float[Array, "N *shape"]:
        """Return `x`, in training with noise."""
        if key is None or not self.uses_key:
            return x
        noise = self.standard_deviation * jax.random.normal(key, x.shape, x.dtype)
        return x + (x * noise if self.kind == "multiplicative" else noise)

    @property
    def description(self) -> str:
        """The class, s and the kind."""
        return f"{type(self).__name__} {self.standard_deviation:g}, {self.kind}"

    def operations(self, input_shape: Shape) -> list[Operation]:
        """None."""
        return []

    def backpropagate(self, x: Any, delta: Any, *, key: PRNGKeyArray | None = None) -> tuple[Array, Self]:
        """Return δ ⊙ m with the same m, which the same key draws; δ itself for added noise."""
        return (self(delta, key=key) if self.kind == "multiplicative" else delta), self
