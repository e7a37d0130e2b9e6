"""Sparse coding: block coordinate descent between codes and dictionary."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, ArrayLike, Float, PRNGKeyArray

from shinso import _checks, _threefry
from shinso.optim._coordinate_descent import sweep


class SparseCode(NamedTuple):
    """X ≈ H W: codes H `[N, M]`, the dictionary W `[M, D]`, and the cost after each round, `[R]`."""

    codes: Float[Array, "N M"]
    dictionary: Float[Array, "M D"]
    costs: Float[Array, " R"]


def sparse_coding(
    inputs: Float[ArrayLike, "N D"],
    atoms: int,
    strength: float,
    *,
    dictionary: Float[ArrayLike, "M D"] | None = None,
    sweeps: int = 10,
    tolerance: float = 1e-6,
    max_rounds: int = 500,
    key: PRNGKeyArray | None = None,
) -> SparseCode:
    """Return H, W that minimize J = ½ Σ_n ‖x_n − Wᵀh_n‖² + λ Σ_n ‖h_n‖₁ with ‖w_j‖ ≤ 1, in turn.

    J is convex in H for a given W, and in W for a given H, though not in both together. A round makes `sweeps` sweeps of
    coordinate descent over every code, h_j ← S(w_jᵀx − Σ_{i≠j} w_jᵀw_i h_i, λ)/‖w_j‖², and one of block coordinate
    descent over the dictionary, w_j ← Π(w_j + (B_j − A_jᵀW)/A_jj) with A = HᵀH, B = HᵀX and Π(w) = w/max(1, ‖w‖)
    (Mairal et al., 2009). No step raises J. Without the bound on w_j, W could grow and H shrink for nothing.

    Args:
        inputs: X, centred if the mean is not to be coded.
        atoms: M ≥ 1, how many w_j there are.
        strength: λ > 0.
        dictionary: where W begins; None takes M inputs drawn at random, at length 1.
        sweeps: of the codes in each round, ≥ 1.
        tolerance: ends when a round lowers J by less than this share, > 0.
        max_rounds: ends at the latest after so many, ≥ 1.
        key: draws the first dictionary; None is key 0.

    Raises:
        ValueError: inputs are not a finite matrix, or a number is out of range.

    Source: Goodfellow et al., §8.7.2.
    """
    real = jnp.result_type(float)
    X = np.asarray(inputs, dtype=real)
    if X.ndim != 2 or 0 in X.shape or not np.isfinite(X).all():
        raise ValueError(f"inputs must be a finite matrix [N, D]; got shape {list(X.shape)}.")
    atoms = _checks.whole_number("atoms", atoms, least=1)
    strength = _checks.real("strength", strength, above=0.0)
    tolerance = _checks.real("tolerance", tolerance, above=0.0)
    _checks.whole_number("sweeps", sweeps, least=1)
    _checks.whole_number("max_rounds", max_rounds, least=1)
    if dictionary is None:
        key = _threefry.key_of(0) if key is None else key
        chosen = jax.random.choice(key, len(X), (atoms,), replace=atoms > len(X))
        first = jnp.asarray(X)[chosen] + 1e-3 * jax.random.normal(key, (atoms, X.shape[1]), real)
    else:
        first = jnp.asarray(dictionary, real)
    if first.shape != (atoms, X.shape[1]):
        raise ValueError(f"dictionary must have shape [{atoms}, {X.shape[1]}]; got {list(first.shape)}.")
    first = first / jnp.maximum(jnp.linalg.norm(first, axis=1, keepdims=True), np.finfo(real).tiny)
    codes, found, costs, rounds = _solve(jnp.asarray(X), first, strength, tolerance, sweeps=sweeps, most=max_rounds)
    return SparseCode(codes, found, costs[: int(rounds)])


@functools.partial(jax.jit, static_argnames=("sweeps", "most"))
def _solve(
    X: Array, dictionary: Array, strength: ArrayLike, tolerance: ArrayLike, *, sweeps: int, most: int
) -> tuple[Array, Array, Array, Array]:
    def cost(codes: Array, dictionary: Array) -> Array:
        return 0.5 * jnp.sum((X - codes @ dictionary) ** 2) + strength * jnp.sum(jnp.abs(codes))

    def code(dictionary: Array, codes: Array) -> Array:
        gram = dictionary @ dictionary.T

        def of_example(vector: Array, h: Array) -> Array:
            moved: Array = lax.fori_loop(0, sweeps, lambda _, h: sweep(gram, vector, h, strength), h)
            return moved

        coded: Array = jax.vmap(of_example)(X @ dictionary.T, codes)
        return coded

    def learn(dictionary: Array, codes: Array) -> Array:
        A, B = codes.T @ codes, codes.T @ X

        def atom(j: Array, W: Array) -> Array:
            w = W[j] + (B[j] - A[j] @ W) / jnp.where(A[j, j] > 0, A[j, j], 1)
            return W.at[j].set(w / jnp.maximum(1, jnp.linalg.norm(w)))

        learned: Array = lax.fori_loop(0, len(dictionary), atom, dictionary)
        return learned

    def unfinished(state: tuple[Array, Array, Array, Array]) -> Array:
        _, _, costs, n = state
        before, last = costs[jnp.maximum(n - 2, 0)], costs[jnp.maximum(n - 1, 0)]
        return (n < most) & ((n < 2) | (before - last > tolerance * before))

    def again(state: tuple[Array, Array, Array, Array]) -> tuple[Array, Array, Array, Array]:
        codes, dictionary, costs, n = state
        codes = code(dictionary, codes)
        dictionary = learn(dictionary, codes)
        return codes, dictionary, costs.at[n].set(cost(codes, dictionary)), n + 1

    start = (
        jnp.zeros((len(X), len(dictionary)), X.dtype),
        dictionary,
        jnp.zeros(most, X.dtype),
        jnp.zeros((), jnp.int32),
    )
    finished: tuple[Array, Array, Array, Array] = lax.while_loop(unfinished, again, start)
    return finished
