"""Gaussian noise on hidden units."""

import equinox as eqx
import jax
from jaxtyping import Array, Float, PRNGKeyArray

from shinso import _checks
from shinso.nn._layer import Layer

KINDS = ("multiplicative", "additive")


class GaussianNoise(Layer):
    """In training, x ⊙ m with m ~ N(1, s²), or x + e with e ~ N(0, s²), drawn for every number of every example.

    The mean of both is x, so prediction (`key=None`) does nothing and scales nothing. N(1, 1) of S0 has the variance of
    dropout with p = ½; in general s² = p/(1 − p).

    Args:
        deviation: s ≥ 0. 0 costs nothing.
        kind: "multiplicative" or "additive".

    Raises:
        ValueError: `deviation` is below 0, or `kind` is something else.

    Source: S0 §2.3.2; Srivastava et al. (2014), §10.
    """

    deviation: float = eqx.field(static=True)
    kind: str = eqx.field(static=True)

    def __init__(self, deviation: float = 1.0, kind: str = "multiplicative"):
        self.deviation = _checks.real("deviation", deviation, least=0.0)
        self.kind = _checks.one_of("kind", kind, KINDS)

    @property
    def uses_key(self) -> bool:
        """False for deviation 0."""
        return self.deviation > 0.0

    def __call__(self, x: Float[Array, "N *shape"], *, key: PRNGKeyArray | None = None) -> Float[Array, "N *shape"]:
        """Return `x`, in training with noise."""
        if key is None or not self.uses_key:
            return x
        noise = self.deviation * jax.random.normal(key, x.shape, x.dtype)
        return x + (x * noise if self.kind == "multiplicative" else noise)
