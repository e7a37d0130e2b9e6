"""Jacobians of outputs layer by layer, as the rows and gradients whose products they are."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from shinso import nn
from shinso.curvature._layer_parts import parts_of
from shinso.curvature._layer_taps import Seen, probes, seen_of_example
from shinso.curvature._problem import Problem
from shinso.curvature._restrict import Where, narrowed
from shinso.objectives import Batch, Gaussian, Objective


class LayerJacobian(NamedTuple):
    """∂a_k/∂Θ = Σ_r rows_r ⊗ gradients_kr for each of n examples, Θ `[a, g]` some arrays of a layer, one below the other.

    Attributes:
        names: Dotted paths of the arrays: for a dense layer its weight and, below it, its bias.
        rows: What Θ is multiplied with, the 1 of the bias included: one row for a dense layer, the patches of a convolution,
            the steps of a recurrence.
        gradients: ∂a_k/∂(rows_r Θ).
    """

    names: tuple[str, ...]
    rows: Float[Array, "n R a"]
    gradients: Float[Array, "n K R g"]


def layer_jacobians(
    model: Callable[..., Any], inputs: PyTree[Any], where: Where | None = None
) -> tuple[Float[Array, "n K"], tuple[LayerJacobian, ...]]:
    """Return outputs `[n, K]` and their Jacobians, layer by layer, without a number for each example and parameter.

    For a dense layer of a inputs and g outputs that is a + Kg numbers an example, not Kag. Costs K backward passes.

    Args:
        model: Maps a batch to outputs `[n, K]` example by example, in prediction mode; as for `kronecker`.
        inputs: `[n, …]`.
        where: The parameters, as for `restrict`; None for all.

    Raises:
        ValueError: `where` matches no parameter; a parameter belongs to another kind of layer than `kronecker` takes, or a
            layer is called more or less than once, or inside of a loop, `jit` or `jax.vmap`.
    """
    parameters, rest = nn.parameters(model)
    examples = len(jax.tree.leaves(inputs)[0])
    batch = Batch(inputs, jnp.zeros(examples), jnp.ones(examples))
    problem = Problem(parameters, rest, Objective(Gaussian()), batch, examples)
    if where is not None:
        problem = narrowed(problem, where)
    parts = parts_of(problem)

    def one(example: PyTree[Any]) -> tuple[Array, list[Seen]]:
        return seen_of_example(problem, zeros, example, lambda outputs: jnp.eye(len(outputs), dtype=outputs.dtype))

    try:
        zeros = probes(problem)
        outputs, sites = jax.vmap(one)(inputs)
    except jax.errors.UnexpectedTracerError:
        raise ValueError("model must call its layers outside of loops, jit, jax.vmap and jax.checkpoint.") from None
    layers = [
        LayerJacobian(part.names, sites[part.site].rows[..., part.rows], sites[part.site].gradients) for part in parts
    ]
    return outputs, tuple(layers)
