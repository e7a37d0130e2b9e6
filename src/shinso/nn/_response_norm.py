"""Local response normalization."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from shinso import _checks
from shinso.nn._layer import Layer


class LocalResponseNorm(Layer):
    """b_i = a_i / (k + α Σ_j a_j²)^β, j over the n maps around map i at the same place, as far as there are such maps.

    Args:
        size: n, odd: (n − 1)/2 maps on either side and map i itself.
        offset: k > 0.
        alpha: α ≥ 0, which multiplies the sum as published; some libraries divide it by n.
        beta: β ≥ 0.

    Raises:
        ValueError: an argument out of range.

    Source: Krizhevsky, Sutskever and Hinton (2012), §3.3, with its n = 5, k = 2, α = 1e-4, β = 0.75.
    """

    size: int = eqx.field(static=True)
    offset: float = eqx.field(static=True)
    alpha: float = eqx.field(static=True)
    beta: float = eqx.field(static=True)

    def __init__(self, size: int = 5, *, offset: float = 2.0, alpha: float = 1e-4, beta: float = 0.75):
        self.size = _checks.whole_number("size", size, least=1)
        if self.size % 2 == 0:
            raise ValueError(f"size must be odd, as many maps on either side of each; got {size!r}.")
        self.offset = _checks.real("offset", offset, above=0.0)
        self.alpha = _checks.real("alpha", alpha, least=0.0)
        self.beta = _checks.real("beta", beta, least=0.0)

    def __call__(self, x: Float[Array, "N *shape maps"], *, key: PRNGKeyArray | None = None) -> Array:
        """Return b."""
        maps, side = x.shape[-1], self.size // 2
        squares = jnp.pad(jnp.square(x), [(0, 0)] * (x.ndim - 1) + [(side, side)])
        around = sum(squares[..., place : place + maps] for place in range(self.size))
        return x * (self.offset + self.alpha * around) ** -self.beta
