"""Activation functions φ(x) of every element: each is a function here and a row in `shinso._kinds.ACTIVATIONS`."""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array

from shinso import _checks
from shinso.nn._elementwise import elementwise


def sigmoid_slope(x: Array) -> Array:
    """σ(x)σ(−x), which does not round to 0 where σ rounds to 1."""
    return jax.nn.sigmoid(x) * jax.nn.sigmoid(-x)


def _density(x: Array) -> Array:
    return jnp.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)


def _step_up(x: Array) -> Array:
    return jnp.where(x > 0, jnp.ones_like(x), jnp.zeros_like(x))


@elementwise(monotone=True, slope=jnp.ones_like)
def identity(x: Array) -> Array:
    """Return x."""
    return x


@elementwise(monotone=True, slope=sigmoid_slope)
def sigmoid(x: Array) -> Array:
    """Return σ(x) = 1/(1 + e⁻ˣ)."""
    return jax.nn.sigmoid(x)


@elementwise(monotone=True, slope=lambda x: 4 * sigmoid_slope(2 * x))  # 1/cosh²x: 1 − tanh²x cancels
def tanh(x: Array) -> Array:
    """Return tanh x."""
    return jnp.tanh(x)


@elementwise(monotone=True, slope=_density)
def gaussian_cdf(x: Array) -> Array:
    """Return Φ(x)."""
    # erfc keeps the left tail, which ½(1 + erf) rounds to zero below −5.5 in float32.
    return 0.5 * jax.lax.erfc(x * -math.sqrt(0.5))


@elementwise(monotone=True, slope=lambda x: jnp.exp(-x * x) * (2 / math.sqrt(math.pi)))
def erf(x: Array) -> Array:
    """Return (2/√π)∫₀ˣ e^(−t²) dt."""
    return jax.lax.erf(x)


@elementwise(monotone=True, rectifier=True, slope=_step_up)
def relu(x: Array) -> Array:
    """Return max(0, x)."""
    return jax.nn.relu(x)


def _elu_slope(x: Array, *, alpha: float = 1.0) -> Array:
    return jnp.where(x > 0, jnp.ones_like(x), alpha * jnp.exp(jnp.minimum(x, 0)))


@elementwise(monotone=True, rectifier=True, slope=_elu_slope)
def elu(x: Array, *, alpha: float = 1.0) -> Array:
    """Return x where it is positive, else α(eˣ − 1)."""
    return jax.nn.elu(x, _checks.real("alpha", alpha, above=0.0))


@elementwise(monotone=True, slope=jnp.zeros_like)
def step(x: Array) -> Array:
    """Return 1 where x > 0, else 0."""
    return _step_up(x)


@elementwise(monotone=True, rectifier=True, slope=jax.nn.sigmoid)
def softplus(x: Array) -> Array:
    """Return ln(1 + eˣ)."""
    return jax.nn.softplus(x)


@elementwise(monotone=False, rectifier=True, slope=lambda x: gaussian_cdf(x) + x * _density(x))
def gelu(x: Array) -> Array:
    """Return x Φ(x)."""
    return jax.nn.gelu(x, approximate=False)


@elementwise(monotone=False, rectifier=True, slope=lambda x: jax.nn.sigmoid(x) + x * sigmoid_slope(x))
def silu(x: Array) -> Array:
    """Return x σ(x)."""
    return jax.nn.silu(x)
