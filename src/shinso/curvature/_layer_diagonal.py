"""The diagonal of J_nᵀM_nJ_n summed over the data, without a Jacobian where layers allow it."""

from collections.abc import Sequence
from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from shinso.curvature._diagonal import by_products, flat_diagonal
from shinso.curvature._flat import flatten
from shinso.curvature._layer_parts import Part, parts_of
from shinso.curvature._layer_taps import in_cache, probes, seen
from shinso.curvature._output_curvature import OutputCurvature
from shinso.curvature._restrict import leaf_paths
from shinso.objectives import Batch

MOST_BYTES = 2**27
"""What the gradients of the examples looked at together may take, where they are made one by one."""


@flat_diagonal.register
def _(operator: OutputCurvature) -> Float[Array, " W"]:
    """Return Σ_n s_n Σ_c (J_nᵀr_nc)² + the penalties' second derivative, Σ_c r_nc r_ncᵀ = M_n.

    C backward passes for each example instead of W products with the operator. A dense layer's gradient is a gᵀ, whose
    square is a² (g²)ᵀ: sums over examples are a product of matrices. A convolution's is Σ_r a_r g_rᵀ over its places.
    """
    if not _has_roots(operator):
        return by_products(operator)
    sums = _by_layers(operator)
    return _by_gradients(operator) if sums is None else sums


def _has_roots(operator: OutputCurvature) -> bool:
    """Whether M has real roots for each example, and the penalties a diagonal second derivative."""
    penalties = operator.problem.objective.penalties
    return operator.has_roots and all(penalty.separable for penalty in penalties)


def _by_layers(operator: OutputCurvature) -> Float[Array, " W"] | None:
    """Return the diagonal from every layer's rows and gradients; None if a parameter's layer does not show them."""
    problem = operator.problem
    try:
        parts, zeros = parts_of(problem, separate_bias=True), probes(problem)
        moments = _moments(in_cache(operator, zeros), zeros, parts)
    except (ValueError, jax.errors.UnexpectedTracerError):
        return None
    found = {part.names[0]: matrix.ravel() for part, matrix in zip(parts, moments, strict=True)}
    return jnp.concatenate([found[path] for path in leaf_paths(problem.parameters)]) + _of_penalties(operator)


@eqx.filter_jit
def _moments(operator: OutputCurvature, zeros: Sequence[Array], parts: Sequence[Part]) -> list[Float[Array, "a g"]]:
    def of_examples(batch: Batch, indices: Int[Array, " n"]) -> list[Array]:
        with jax.default_matmul_precision("highest"):
            sites = seen(operator, zeros, batch, indices)
            roots = jnp.sqrt(operator.problem.shares(batch.weights, sites[0].rows))
            return [second_moments(site.rows, scaled(roots, site.gradients)) for site in sites]

    moments: list[Array] = operator.problem.over_chunks(of_examples)
    return [moments[part.site][part.rows] for part in parts]


def second_moments(rows: Float[Array, "n R a"], gradients: Float[Array, "n C R g"]) -> Float[Array, "a g"]:
    """Return Σ_n Σ_c (Σ_r a_r g_rcᵀ)², entry by entry."""
    if rows.shape[1] == 1:
        return jnp.square(rows[:, 0]).T @ jnp.sum(jnp.square(gradients), axis=(1, 2))

    def add(total: Array, vectors: Float[Array, "n R g"]) -> tuple[Array, None]:
        return total + jnp.sum(jnp.square(jnp.einsum("nra,nrg->nag", rows, vectors)), axis=0), None

    # One output vector after another: an example's matrix [a, g] is as large as the weight.
    zeros = jnp.zeros((rows.shape[-1], gradients.shape[-1]), rows.dtype)
    return jax.lax.scan(add, zeros, jnp.swapaxes(gradients, 0, 1))[0]


def scaled(factors: Float[Array, " n"], arrays: Float[Array, "n *shape"]) -> Float[Array, "n *shape"]:
    """Return each example's array times its factor."""
    return factors.reshape(-1, *[1] * (arrays.ndim - 1)) * arrays


def _by_gradients(operator: OutputCurvature) -> Float[Array, " W"]:
    """Return the diagonal from the gradients of each example."""
    problem = operator.problem
    most = max(1, MOST_BYTES // (operator.vectors * flatten(problem.parameters).nbytes))
    return _squares(replace(operator, problem=replace(problem, chunk=min(problem.chunk, most))))


@eqx.filter_jit
def _squares(operator: OutputCurvature) -> Float[Array, " W"]:
    problem = operator.problem

    def of_examples(batch: Batch, indices: Int[Array, " n"]) -> Float[Array, " W"]:
        return jnp.sum(jnp.square(operator.square_root(batch, indices)), axis=(0, 1))

    sums: Array = problem.over_chunks(of_examples)
    return sums + _of_penalties(operator)


def _of_penalties(operator: OutputCurvature) -> Float[Array, " W"]:
    ones = jax.tree.map(jnp.ones_like, operator.problem.parameters)
    return flatten(operator.problem.penalty_product(ones))
