"""Least squares and ridge regression of a linear readout, in closed form."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from shinso import _checks
from shinso.optim._readout import Readout, centred, in_double


def least_squares(
    features: Float[ArrayLike, "N M"],
    targets: Float[ArrayLike, "N K"],
    *,
    weights: Float[ArrayLike, " N"] | None = None,
    bias: bool = True,
) -> Readout:
    """Return W and b that minimize ½ Σ_n w_n ‖y_n − Wᵀφ_n − b‖²: W = (ΦᵀΦ)⁻¹ΦᵀY on centred data.

    Where ΦᵀΦ is singular (more functions than examples, or functions that depend on each other), W is the solution of
    the least norm. Solved by the singular value decomposition of Φ, which does not square the condition number as
    forming ΦᵀΦ does; singular values below max(N, M) ε σ₁ count as 0. Computed in float64, whatever JAX's default is,
    and rounded to the default at the end; inside `jit`, `vmap` or `grad`, in the arrays' own type.

    Args:
        features: Φ, `[N, M]`: what the readout sees, such as `basis(x)` or the last hidden layer.
        targets: Y, `[N, K]` or `[N]` (K = 1).
        weights: w ≥ 0, `[N]`; None is 1 for each.
        bias: whether b is fitted; otherwise it is 0.

    Returns:
        `weight` `[M, K]` and `bias` `[K]`, which `with_readout` puts into a model.

    Raises:
        ValueError: shapes that do not fit, values that are not finite, or weights that are negative or all 0.

    Source: Notes on neural networks, §2.1.1.
    """
    fit: Readout = in_double(functools.partial(_solve, bias=bias), features, targets, weights, 0.0)
    return fit


def ridge(
    features: Float[ArrayLike, "N M"],
    targets: Float[ArrayLike, "N K"],
    strength: ArrayLike,
    *,
    weights: Float[ArrayLike, " N"] | None = None,
    bias: bool = True,
) -> Readout:
    """Return W and b that minimize ½ Σ_n w_n ‖y_n − Wᵀφ_n − b‖² + ½λ‖W‖²: W = (ΦᵀΦ + λI_M)⁻¹ΦᵀY on centred data.

    The bias is not penalized. λ is scikit-learn's `Ridge(alpha=λ)`; in the mean cost of `shinso.Objective` it is
    `L2(λ / Σw)`. With noise of precision β and a prior of precision α on the weights, λ = α/β.

    Args:
        features: Φ, `[N, M]`.
        targets: Y, `[N, K]` or `[N]` (K = 1).
        strength: λ ≥ 0; 0 is `least_squares`, whose numerics are the same.
        weights: w ≥ 0, `[N]`; None is 1 for each.
        bias: whether b is fitted; otherwise it is 0.

    Returns:
        `weight` `[M, K]` and `bias` `[K]`, which `with_readout` puts into a model.

    Raises:
        TypeError: `strength` is not a number.
        ValueError: λ < 0, or what `least_squares` refuses.

    Source: Notes on neural networks, §2.1.3.1, where the identity is M×M, one row for each basis function.
    """
    if not isinstance(strength, jax.core.Tracer):
        strength = _checks.real("strength", strength, least=0.0)
    fit: Readout = in_double(functools.partial(_solve, bias=bias), features, targets, weights, strength)
    return fit


@functools.partial(jax.jit, static_argnames="bias")
def _solve(features: Array, targets: Array, weights: Array, strength: ArrayLike, *, bias: bool) -> Readout:
    problem = centred(features, targets, weights, bias=bias)
    left, singular, right = jnp.linalg.svd(problem.features, full_matrices=False)
    smallest = max(features.shape) * np.finfo(singular.dtype).eps * singular[0]
    kept = singular > smallest
    factors = jnp.where(kept, singular, 0) / jnp.where(kept, singular**2 + strength, 1)
    weight = right.T @ (factors[:, None] * (left.T @ problem.targets))
    return Readout(weight, problem.bias(weight))
