"""The Lanczos process, and the extreme eigenvalues it finds."""

from collections.abc import Callable
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from shinso._checks import whole_number
from shinso._fork import computing
from shinso.curvature._flat import flat_product, flattening


class Ritz(NamedTuple):
    """What m steps of Lanczos know about a symmetric operator.

    Attributes:
        values: Ritz values, the eigenvalues of the tridiagonal matrix QᵀAQ, ascending.
        weights: Squared first components of its eigenvectors: they sum to 1, and Σ weights·valuesᵏ = q₁ᵀAᵏq₁ for k < 2m.
        errors: Each value lies within this distance of an eigenvalue of the operator (‖A Qs − value·Qs‖).
    """

    values: Float[Array, " m"]
    weights: Float[Array, " m"]
    errors: Float[Array, " m"]


class Extremes(NamedTuple):
    """The two ends of a spectrum.

    Attributes:
        smallest: Ritz value at the lower end: never below the smallest eigenvalue, but for rounding.
        largest: Ritz value at the upper end: never above the largest eigenvalue, but for rounding.
        smallest_error: `smallest` lies within this of an eigenvalue.
        largest_error: `largest` lies within this of an eigenvalue.
    """

    smallest: Float[Array, ""]
    largest: Float[Array, ""]
    smallest_error: Float[Array, ""]
    largest_error: Float[Array, ""]


def extreme_eigenvalues(operator: lx.AbstractLinearOperator, *, steps: int = 64, key: PRNGKeyArray) -> Extremes:
    """Return the smallest and the largest eigenvalue of a symmetric operator, by Lanczos with a random start.

    Ends that stand apart from the rest of the spectrum converge first; a smallest eigenvalue inside a cluster at zero,
    as networks have it, is known to the spread of the cluster only. The errors say how far it came. Memory is that of
    `steps` parameter vectors.

    Args:
        operator: A symmetric operator of W columns.
        steps: Products, at least 1; more than W are not made. With W steps all eigenvalues are exact.
        key: Random key of the start.

    Raises:
        ValueError: `steps` is below 1.

    Source: Goodfellow et al., §8.2.1–8.2.3; Golub and Van Loan, §10.1–10.3.
    """
    computing()
    found = ritz(operator, steps, key)
    return Extremes(found.values[0], found.values[-1], found.errors[0], found.errors[-1])


def ritz(operator: lx.AbstractLinearOperator, steps: int, key: PRNGKeyArray) -> Ritz:
    """Return the Ritz values of `steps` Lanczos steps from a random unit vector.

    Raises:
        ValueError: `steps` is below 1.
    """
    return _ritz(operator, min(whole_number("steps", steps, least=1), operator.in_size()), key)


@eqx.filter_jit
def _ritz(operator: lx.AbstractLinearOperator, steps: int, key: PRNGKeyArray) -> Ritz:
    zeros, _ = flattening(operator)
    alphas, betas = _lanczos(flat_product(operator), zeros, steps, key)
    tridiagonal = jnp.diag(alphas) + jnp.diag(betas[:-1], 1) + jnp.diag(betas[:-1], -1)
    values, vectors = jnp.linalg.eigh(tridiagonal)
    return Ritz(values, jnp.square(vectors[0]), jnp.abs(betas[-1] * vectors[-1]))


def _lanczos(
    product: Callable[[Float[Array, " W"]], Float[Array, " W"]],
    zeros: Float[Array, " W"],
    steps: int,
    key: PRNGKeyArray,
) -> tuple[Float[Array, " m"], Float[Array, " m"]]:
    """Return the diagonal α and the subdiagonal β (its last entry is the residual) of QᵀAQ.

    Every new vector is made orthogonal to all before it, twice: without that, rounding lets converged eigenvectors in
    again and their Ritz values repeat. When the Krylov space is used up (β = 0), the process goes on with a random
    vector orthogonal to it, so that eigenvalues are found with their multiplicity.
    """
    keys = jax.random.split(key, steps + 1)
    eps = float(np.finfo(zeros.dtype).eps)
    start = jax.random.normal(keys[0], zeros.shape, zeros.dtype)
    basis = jnp.zeros((steps, zeros.size), zeros.dtype).at[0].set(start / jnp.linalg.norm(start))

    def orthogonal(basis: Array, vector: Array) -> Array:
        for _ in range(2):
            vector = vector - jnp.matmul(jnp.matmul(basis, vector), basis)
        return vector

    def step(state: tuple[Array, Array], inputs: tuple[Array, PRNGKeyArray]) -> tuple[tuple[Array, Array], Array]:
        basis, scale = state
        place, key = inputs
        image = product(basis[place])
        alpha = jnp.vdot(basis[place], image)
        rest = orthogonal(basis, image)
        beta = jnp.linalg.norm(rest)
        scale = jnp.maximum(scale, jnp.maximum(jnp.abs(alpha), beta))
        ended = beta <= 10 * zeros.size**0.5 * eps * scale
        fresh = orthogonal(basis, jax.random.normal(key, zeros.shape, zeros.dtype))
        follower = jnp.where(ended, fresh, rest)
        length = jnp.linalg.norm(follower)
        follower = follower / jnp.where(length > 0, length, 1)
        basis = basis.at[place + 1].set(follower, mode="drop")
        return (basis, scale), jnp.stack([alpha, jnp.where(ended, 0, beta)])

    _, found = jax.lax.scan(step, (basis, jnp.zeros((), zeros.dtype)), (jnp.arange(steps), keys[1:]))
    return found[:, 0], found[:, 1]
