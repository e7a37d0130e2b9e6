"""Dropout."""

import math
from typing import Any, Self

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, UInt32

from shinso import _checks
from shinso.nn._layer import Layer, Operation, Shape

MASKS = ("per_example", "per_batch")
"""How often a mask is drawn anew."""

_LEVELS = 1 << 16


class Dropout(Layer):
    """In training, sets each number to 0 with probability p = `rate` and multiplies the others by 1/(1 − p).

    In prediction (`key=None`) the layer does nothing, which equals the sources' rule of multiplying the next layer's
    weights by 1 − p, because training already carries that factor. Sixteen random bits decide on each number, so p is
    rounded to a multiple of 1/65,536; the factor uses the rounded p, which keeps the expectation exact.

    Args:
        rate: p, the probability of being dropped; 0 ≤ p < 1. Rate 0 costs nothing.
        mask: a fresh mask "per_example" (notes on neural networks), or one "per_batch" which all examples of a mini-batch
            share, so that they train the same part of the network (lecture on deep learning; Nielsen).

    Raises:
        ValueError: `rate` lies outside [0, 1), or `mask` is something else.

    Source: notes on neural networks, §2.3.2; lecture on deep learning; Nielsen, chapter 3.
    """

    rate: float = eqx.field(static=True)
    mask: str = eqx.field(static=True)

    def __init__(self, rate: float, mask: str = "per_example"):
        self.rate = _checks.real("rate", rate, least=0.0, below=1.0)
        self.mask = _checks.one_of("mask", mask, MASKS)

    @property
    def uses_key(self) -> bool:
        """False for rate 0."""
        return self.rate > 0.0

    def __call__(self, x: Float[Array, "N *shape"], *, key: PRNGKeyArray | None = None) -> Float[Array, "N *shape"]:
        """Return `x`, in training with a part of its elements dropped."""
        if key is None or not self.uses_key:
            return x
        return dropped(x, (x.shape[0] if self.mask == "per_example" else 1, *x.shape[1:]), self.rate, key)

    @property
    def description(self) -> str:
        """The class and the rate, and how the mask is drawn."""
        return f"{type(self).__name__} {self.rate:g}{'' if self.mask == 'per_example' else ', one mask a batch'}"

    def operations(self, input_shape: Shape) -> list[Operation]:
        """None."""
        return []

    def backpropagate(self, x: Any, delta: Any, *, key: PRNGKeyArray | None = None) -> tuple[Array, Self]:
        """Return δ with the same elements dropped: the same key draws the same mask."""
        return self(delta, key=key), self

    def backpropagate_diagonal(self, x: Array, first: Array, second: Array) -> tuple[Array, Array, Self]:
        """Return both derivatives as they are: nothing is dropped in prediction."""
        return first, second, self


def dropped(x: Array, mask_shape: tuple[int, ...], rate: float, key: PRNGKeyArray) -> Array:
    """`x` times a mask of the given shape, whose numbers are 0 with probability p = `rate`, else 1/(1 − p).

    Rounding never lets p be 1.
    """
    kept_levels = max(_LEVELS - round(rate * _LEVELS), 1)
    kept = _sixteen_bits(key, mask_shape) < kept_levels
    scaled = x * (_LEVELS / kept_levels)
    return jnp.where(kept, scaled, jnp.zeros_like(scaled))


def _sixteen_bits(key: PRNGKeyArray, shape: tuple[int, ...]) -> UInt32[Array, "*shape"]:
    """Whole numbers below 2¹⁶, uniformly.

    Two from each 32-bit word cost 0.45 of `jax.random.bernoulli`; 16-bit numbers of `jax.random.bits` cost 1.0.
    """
    n = math.prod(shape)
    words = jax.random.bits(key, ((n + 1) // 2,), jnp.uint32)
    return jnp.concatenate([words & (_LEVELS - 1), words >> 16])[:n].reshape(shape)
