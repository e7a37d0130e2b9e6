"""Corruption of inputs in training: what makes an autoencoder a denoising one."""

from typing import Any, Self

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from shinso import _checks
from shinso._kinds import CORRUPTIONS
from shinso.nn import _spec
from shinso.nn._gaussian_noise import GaussianNoise
from shinso.nn._layer import Layer


class MaskingNoise(Layer):
    """In training, sets each number to 0 with probability `rate`; the others stay as they are (`Dropout` enlarges them).

    Fresh for every example. In prediction (`key=None`) nothing happens.

    Args:
        rate: probability of becoming 0; 0 ≤ rate < 1. Rate 0 costs nothing.

    Raises:
        ValueError: `rate` lies outside [0, 1).

    Source: Vincent et al. (2008), §2.3.
    """

    rate: float = eqx.field(static=True)

    def __init__(self, *, rate: float):
        self.rate = _checks.real("rate", rate, least=0.0, below=1.0)

    @property
    def uses_key(self) -> bool:
        """False for rate 0."""
        return self.rate > 0.0

    def __call__(self, x: Float[Array, "N *shape"], *, key: PRNGKeyArray | None = None) -> Float[Array, "N *shape"]:
        """Return `x`, in training with a part of its elements 0."""
        if key is None or not self.uses_key:
            return x
        return jnp.where(jax.random.bernoulli(key, self.rate, x.shape), jnp.zeros_like(x), x)

    @property
    def description(self) -> str:
        """The class and the rate."""
        return f"{type(self).__name__} {self.rate:g}"

    def backpropagate(self, x: Any, delta: Any, *, key: PRNGKeyArray | None = None) -> tuple[Array, Self]:
        """Return δ with the same elements 0: the same key draws the same mask."""
        return self(delta, key=key), self


def additive_noise(*, standard_deviation: float) -> GaussianNoise:
    """Return the layer that adds noise N(0, s²)."""
    return GaussianNoise(standard_deviation, "additive")


def corruption(spec: _spec.Spec) -> Layer:
    """Return the corruption that `spec` describes.

    Args:
        spec: `{"name": "masking", "rate": 0.3}`, or `{"name": "gaussian", "standard_deviation": 0.5}` for added noise.

    Raises:
        ValueError: an unknown name or argument, an argument that is missing, or one out of range.
    """
    name, arguments = _spec.parse("corruption", spec, CORRUPTIONS)
    for needed in _spec.keyword_only(CORRUPTIONS[name]):
        if needed not in arguments:
            raise ValueError(f"corruption {name!r} needs {needed}, such as {needed}=0.3.")
    made: Layer = CORRUPTIONS[name](**arguments)
    return made
