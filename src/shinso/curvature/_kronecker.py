"""Kronecker-factored curvature, layer by layer: K-FAC and E-KFAC.

The approximation is exact for one example with one row, and for a linear model with one layer whose M is the same for all
examples. A recurrent layer has a block for its inputs with the bias and one for its recurrent weights. Memory is that of a
chunk's rows and gradients.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from shinso._checks import one_of
from shinso._fork import computing
from shinso.curvature._blocks import Block, BlockOperator
from shinso.curvature._dense import LIMIT
from shinso.curvature._layer_diagonal import scaled, second_moments
from shinso.curvature._layer_parts import Part, parts_of
from shinso.curvature._layer_taps import in_cache, probes, seen
from shinso.curvature._output_curvature import (
    OutputCurvature,
    fisher,
    gauss_newton,
    outer_product,
)
from shinso.curvature._problem import one_output_each
from shinso.curvature._restrict import Where, leaf_paths, narrowed
from shinso.objectives import Batch, Objective


class Factors(NamedTuple):
    """A and G of one site."""

    inputs: Float[Array, "a a"]
    gradients: Float[Array, "g g"]


def kronecker(
    model: Callable[..., Any],
    objective: Objective,
    data: Any,
    *,
    of: str = "gauss_newton",
    samples: int | None = None,
    key: PRNGKeyArray | None = None,
    corrected: bool = False,
    separate_bias: bool = False,
    where: Where | None = None,
    chunk: int | None = None,
    limit: int = LIMIT,
) -> BlockOperator:
    """Return the Kronecker-factored approximation of a curvature matrix, a block A ⊗ G for each layer, held by eigenvectors.

    With a_r the rows that a layer's weight is multiplied with, the 1 of the bias appended (one row for a dense layer, the
    patches of a convolution, the steps of a recurrence but not its padding), and g_rc = ∂(r_c·outputs)/∂(pre-activations)
    for vectors with Σ_c r_c r_cᵀ = M (as in `gauss_newton`), the block Σ_n s_n Σ_c (Σ_r a_r g_rcᵀ)(Σ_r a_r g_rcᵀ)ᵀ,
    s_n = w_n/Σw, becomes

        A = Σ_n s_n Σ_r a_r a_rᵀ / R,    G = Σ_n s_n Σ_c Σ_r g_rc g_rcᵀ,    R = Σ_n s_n R_n, the mean number of rows:

    K-FAC in its "expand" form, which takes inputs and gradients as independent and rows as separate examples.

    K is the likelihood's part of the cost; penalties enter as δ of `K.damped_solve(δ, v)` and its neighbours
    (`BlockOperator`). For N examples' worth of curvature take `K.scaled(N)`. Costs C backward passes for each example,
    C = 1 for "outer_product", `samples`, or else the number of outputs, and twice that if `corrected`.

    Args:
        model: Maps a batch to outputs `[N, K]` example by example, in prediction mode. Its parameters must be those of
            Dense, Conv2d, Conv1d, Elman, LSTM and GRU layers anywhere in it, each called once, outside of loops and
            `jax.vmap`.
        objective: The cost, of which the likelihood counts.
        data: `(X, y)`, `(X, y, weights)`, a `Batch` or a `Dataset`.
        of: "gauss_newton", "fisher" or "outer_product".
        samples: For "fisher", targets drawn for each example; None for the exact matrix.
        key: Random key, given exactly if `samples` is.
        corrected: Whether the eigenvalues λ_A λ_G are replaced by the exact second moments along the same eigenvectors
            (E-KFAC), which gives the nearest matrix with these eigenvectors.
        separate_bias: Whether the bias has a block of its own, so that its δ may be another; curvature between weights and
            bias is then left out.
        where: The parameters that get blocks, as for `restrict`, the others held fixed; None for all. Nothing is
            propagated back below the first of their layers, and other layers may be of any kind.
        chunk: Examples looked at together at most, as for `hessian`; fewer where their gradients would leave the cache.
        limit: Bytes the factors may take.

    Raises:
        TypeError: As `fisher`.
        ValueError: As `hessian`; `of` is unknown, a parameter belongs to another kind of layer, a layer is called more or
            less than once, M of "gauss_newton" may be negative, or the factors would take more than `limit` bytes.

    Source: Martens and Grosse (2015); Grosse and Martens (2016), convolutions; Martens, Ba and Johnson (2018), recurrence;
    George et al. (2018), the corrected form; Eschenhagen et al. (2023), "expand".
    """
    computing()
    operator = _operator(model, objective, data, of, samples, key, chunk)
    if where is not None:
        operator = replace(operator, problem=narrowed(operator.problem, where))
    return kronecker_of(operator, corrected=corrected, separate_bias=separate_bias, limit=limit)


def kronecker_of(
    operator: OutputCurvature, *, corrected: bool = False, separate_bias: bool = False, limit: int = LIMIT
) -> BlockOperator:
    """Return `kronecker` of an operator that `gauss_newton`, `outer_product` or `fisher` made; its data are checked already.

    Args:
        operator: The operator, of whose penalties nothing is in the blocks; its chunk is the largest.
        corrected: As for `kronecker`.
        separate_bias: As for `kronecker`.
        limit: As for `kronecker`.

    Raises:
        ValueError: As `kronecker`.
    """
    computing()
    _refuse_negative(operator)
    parts = parts_of(operator.problem, separate_bias)
    _refuse_large(operator, parts, limit)
    zeros = probes(operator.problem)
    operator = in_cache(operator, zeros)
    paths = leaf_paths(operator.point())
    try:
        factors = factors_of_sites(operator, zeros)
    except jax.errors.UnexpectedTracerError:
        raise ValueError(
            "model must call its layers for kronecker outside of loops, jit, jax.vmap and jax.checkpoint."
        ) from None
    blocks = [
        Block(*eigen, part.names, tuple(map(paths.index, part.names)))
        for part, eigen in zip(parts, _decomposed(factors, parts), strict=True)
    ]
    if corrected:
        moments = _moments(operator, zeros, [(block.left, block.right) for block in blocks], parts)
        blocks = [replace(block, values=found) for block, found in zip(blocks, moments, strict=True)]
    return BlockOperator(tuple(blocks), operator.point(), True)


def _operator(
    model: Callable[..., Any],
    objective: Objective,
    data: Any,
    of: str,
    samples: int | None,
    key: PRNGKeyArray | None,
    chunk: int | None,
) -> OutputCurvature:
    of = one_of("of", of, ("gauss_newton", "fisher", "outer_product"))
    if of == "fisher":
        return fisher(model, objective, data, samples=samples, key=key, chunk=chunk)
    if samples is not None or key is not None:
        raise ValueError(f"samples and key must be None unless of='fisher'; got of={of!r}.")
    if of == "outer_product":
        return outer_product(model, objective, data, chunk=chunk)
    return gauss_newton(model, objective, data, chunk=chunk)


def _refuse_negative(operator: OutputCurvature) -> None:
    """Refuse outputs for every step, and M that may be negative."""
    one_output_each("kronecker", operator.problem)
    if not operator.has_roots:
        raise ValueError(
            f"of must be 'fisher' or 'outer_product' for {operator.problem.objective.likelihood.name}, whose loss is not "
            "convex in the outputs; got 'gauss_newton'."
        )


def _refuse_large(operator: OutputCurvature, parts: Sequence[Part], limit: int) -> None:
    shapes = dict(zip(leaf_paths(operator.point()), jax.tree.leaves(operator.point()), strict=True))
    sizes = []
    for part in parts:
        width = shapes[part.names[0]].shape[-1]
        sizes += [sum(shapes[name].size for name in part.names) // width, width]
    taken = sum(size**2 for size in sizes) * jnp.result_type(*shapes.values()).itemsize
    if taken > limit:
        raise ValueError(
            f"limit must be at least {taken:,} bytes ({taken / 2**30:,.1f} GiB) for the factors, of which the largest are "
            f"{max(sizes):,} × {max(sizes):,}; got {limit:,}."
        )


@eqx.filter_jit
def factors_of_sites(operator: OutputCurvature, zeros: Sequence[Array]) -> list[Factors]:
    """Return A and G of every site."""

    def of_examples(batch: Batch, indices: Int[Array, " n"]) -> list[Factors]:
        with jax.default_matmul_precision("highest"):
            sites = seen(operator, zeros, batch, indices)
            roots = jnp.sqrt(operator.problem.shares(batch.weights, sites[0].rows))
            return [Factors(_gram(scaled(roots, site.rows)), _gram(scaled(roots, site.gradients))) for site in sites]

    # The last row is the bias's 1: its square counts the rows.
    sums = operator.problem.over_chunks(of_examples)
    return [Factors(site.inputs / site.inputs[-1, -1], site.gradients) for site in sums]


def _gram(vectors: Float[Array, "*n a"]) -> Float[Array, "a a"]:
    flat = vectors.reshape(-1, vectors.shape[-1])
    return flat.T @ flat


@eqx.filter_jit
def _decomposed(factors: Sequence[Factors], parts: Sequence[Part]) -> list[tuple[Array, Array, Array]]:
    """Return eigenvectors of A, of G, and the products of their eigenvalues, for every block."""
    found = []
    for part in parts:
        inputs, gradients = factors[part.site]
        (a, left), (g, right) = map(jnp.linalg.eigh, (inputs[part.rows, part.rows], gradients))
        # Rounding may leave an eigenvalue just below zero.
        found.append((left, right, jnp.maximum(a, 0)[:, None] * jnp.maximum(g, 0)))
    return found


@eqx.filter_jit
def _moments(
    operator: OutputCurvature, zeros: Sequence[Array], bases: Sequence[tuple[Array, Array]], parts: Sequence[Part]
) -> list[Float[Array, "a g"]]:
    """Return Σ_n s_n Σ_c (uᵀ (Σ_r a_r g_rcᵀ) v)² for every pair of eigenvectors u, v of every block."""

    def of_examples(batch: Batch, indices: Int[Array, " n"]) -> list[Array]:
        with jax.default_matmul_precision("highest"):
            sites = seen(operator, zeros, batch, indices)
            roots = jnp.sqrt(operator.problem.shares(batch.weights, sites[0].rows))
            return [
                second_moments(
                    sites[part.site].rows[..., part.rows] @ left, scaled(roots, sites[part.site].gradients @ right)
                )
                for part, (left, right) in zip(parts, bases, strict=True)
            ]

    moments: list[Array] = operator.problem.over_chunks(of_examples)
    return moments
