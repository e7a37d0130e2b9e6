"""Activation functions φ(x), applied to every element: one table from names to functions."""

import functools
import math
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from shinso import _checks
from shinso._kinds import ACTIVATIONS
from shinso.nn import _spec
from shinso.nn._layer import Layer

ActivationFunction = Callable[..., Array]


def identity(x: Array) -> Array:
    """Return x."""
    return x


def gaussian_cdf(x: Array) -> Array:
    """Return Φ(x)."""
    # erfc keeps the left tail, which ½(1 + erf) rounds to zero below −5.5 in float32.
    return 0.5 * jax.lax.erfc(x * -math.sqrt(0.5))


def elu(x: Array, *, alpha: float = 1.0) -> Array:
    """Return x where it is positive, else α(eˣ − 1)."""
    return jax.nn.elu(x, _checks.real("alpha", alpha, above=0.0))


def step(x: Array) -> Array:
    """Return 1 where x > 0, else 0."""
    return jnp.where(x > 0, jnp.ones_like(x), jnp.zeros_like(x))


def gelu(x: Array) -> Array:
    """Return x Φ(x)."""
    return jax.nn.gelu(x, approximate=False)


sigmoid, tanh, erf = jax.nn.sigmoid, jnp.tanh, jax.lax.erf
relu, softplus, silu = jax.nn.relu, jax.nn.softplus, jax.nn.silu

MONOTONE = frozenset(ACTIVATIONS) - {"gelu", "silu"}
"""Activations that never decrease: they commute with taking a maximum."""

RECTIFIERS = frozenset({"relu", "elu", "softplus", "gelu", "silu"})
"""Activations that pass positive inputs and squash negative ones: He initialization is made for them."""


def activation(spec: _spec.Spec) -> ActivationFunction:
    """Return the activation function that `spec` names.

    ============== ==================================== ============================
    name           φ(x)                                 φ′(x)
    ============== ==================================== ============================
    identity       x                                    1
    sigmoid        σ(x) = 1/(1 + e⁻ˣ)                   σ(x)(1 − σ(x))
    tanh           2σ(2x) − 1                           1 − tanh²x
    gaussian_cdf   Φ(x) = ½(1 + erf(x/√2))              e^(−x²/2)/√(2π)
    erf            (2/√π)∫₀ˣ e^(−t²) dt                 (2/√π) e^(−x²)
    relu           max(0, x)                            1 if x > 0 else 0
    elu            x if x > 0 else α(eˣ − 1), α = 1     1 if x > 0 else αeˣ
    step           1 if x > 0 else 0 (0 at 0)           0
    softplus       ln(1 + eˣ)                           σ(x)
    gelu           x Φ(x)                               Φ(x) + x φ_N(x)
    silu           x σ(x)                               σ(x)(1 + x(1 − σ(x)))
    ============== ==================================== ============================

    Args:
        spec: a name, or a dictionary with the name and its arguments: `{"name": "elu", "alpha": 0.5}`.

    Returns:
        A function of an array of any shape that keeps shape and dtype.

    Raises:
        ValueError: the name is unknown (the nearest one is suggested), or α is not positive.

    Source: S0 §2.2.1.2; Goodfellow et al., §8.7.5; Nielsen, chapters 1, 3 and 6.
    """
    name, arguments = _spec.parse("activation", spec, ACTIVATIONS)
    function = ACTIVATIONS[name]
    if "alpha" in arguments:
        _checks.real("alpha", arguments["alpha"], above=0.0)
    return functools.partial(function, **arguments) if arguments else function


class Activation(Layer):
    """φ applied to every element of any array `[N, …]`; see `shinso.nn.activation` for the table.

    Raises:
        ValueError: `spec` names no activation.
    """

    name: str = eqx.field(static=True)
    arguments: tuple[tuple[str, float], ...] = eqx.field(static=True)

    def __init__(self, spec: _spec.Spec):
        activation(spec)
        self.name, arguments = _spec.parse("activation", spec, ACTIVATIONS)
        self.arguments = tuple(sorted(arguments.items()))

    def __call__(self, x: Float[Array, "N *shape"], *, key: PRNGKeyArray | None = None) -> Float[Array, "N *shape"]:
        """Return φ(x)."""
        function: ActivationFunction = ACTIVATIONS[self.name]
        return function(x, **dict(self.arguments))
