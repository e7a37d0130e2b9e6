"""Diagonals and traces of operators: exact by products, or estimated."""

import functools
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from shinso._checks import whole_number
from shinso._fork import computing
from shinso.curvature._dense import over_units
from shinso.curvature._flat import flat_product, flattening


class Estimate(NamedTuple):
    """A mean over random probes.

    Attributes:
        value: The mean.
        standard_error: Its standard error; NaN for one probe.
    """

    value: Float[Array, ""]
    standard_error: Float[Array, ""]


def diagonal(operator: lx.AbstractLinearOperator) -> PyTree[Any]:
    """Return the exact diagonal A_ii as a parameter tree; no matrix is stored.

    Costs W products, but a `BlockOperator` gives it without one, and `gauss_newton`, `outer_product` and `fisher` with one
    backward pass for each example and output (outputs `[N, K]`, a convex loss, penalties `L1`, `L2` and `ARD`): quickest
    if all parameters are those of dense, convolutional and recurrent layers, each called once.
    """
    computing()
    _, unflatten = flattening(operator)
    return unflatten(flat_diagonal(operator))


def trace(operator: lx.AbstractLinearOperator) -> Float[Array, ""]:
    """Return the exact trace Σ_i A_ii, at the price of `diagonal`; that of one layer is the sum of its part of that."""
    return jnp.sum(flat_diagonal(operator))


def diagonal_estimate(operator: lx.AbstractLinearOperator, *, samples: int = 100, key: PRNGKeyArray) -> PyTree[Any]:
    """Return the mean of z ⊙ Az over probes z with entries ±1, a parameter tree whose expectation is the diagonal.

    One probe's variance is Σ_{j≠i} A_ij² for entry i; `samples` divide it. Costs one product a probe.
    Source: Bekas, Kokiopoulou and Saad (2007), after Hutchinson (1990).

    Args:
        operator: A symmetric operator.
        samples: Probes, at least 1.
        key: Random key.

    Raises:
        ValueError: `samples` is below 1.
    """
    computing()
    _, unflatten = flattening(operator)
    return unflatten(_probed(operator, whole_number("samples", samples, least=1), key)[0])


def trace_estimate(operator: lx.AbstractLinearOperator, *, samples: int = 100, key: PRNGKeyArray) -> Estimate:
    """Return the mean of zᵀAz over probes z with entries ±1, whose expectation is the trace, and its standard error.

    One probe's variance is 2 Σ_{i≠j} A_ij². Costs one product a probe. Source: Hutchinson (1990).

    Args:
        operator: A symmetric operator.
        samples: Probes, at least 1.
        key: Random key.

    Raises:
        ValueError: `samples` is below 1.
    """
    computing()
    forms = _probed(operator, whole_number("samples", samples, least=1), key)[1]
    return Estimate(
        jnp.mean(forms), jnp.std(forms, ddof=1) / jnp.sqrt(samples) if samples > 1 else jnp.asarray(jnp.nan)
    )


@functools.singledispatch
def flat_diagonal(operator: lx.AbstractLinearOperator) -> Float[Array, " W"]:
    """Return the diagonal as a flat vector; operators that know a shorter way register it."""
    return by_products(operator)


@eqx.filter_jit
def by_products(operator: lx.AbstractLinearOperator) -> Float[Array, " W"]:
    """Return the diagonal of any operator by W products."""
    return over_units(operator, jnp.vdot)


@eqx.filter_jit
def _probed(
    operator: lx.AbstractLinearOperator, samples: int, key: PRNGKeyArray
) -> tuple[Float[Array, " W"], Float[Array, " samples"]]:
    zeros, _ = flattening(operator)
    product = flat_product(operator)

    def add(total: Array, key: PRNGKeyArray) -> tuple[Array, Array]:
        probe = jax.random.rademacher(key, zeros.shape, zeros.dtype)
        entries = probe * product(probe)
        return total + entries, jnp.sum(entries)

    total, forms = jax.lax.scan(add, zeros, jax.random.split(key, samples))
    return total / samples, forms
