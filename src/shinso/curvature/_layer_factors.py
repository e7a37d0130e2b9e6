"""Kronecker factors of some examples, as an optimizer averages them from step to step."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from shinso.curvature._blocks import Block
from shinso.curvature._kronecker import factors_of_sites
from shinso.curvature._layer_parts import Part, parts_of
from shinso.curvature._layer_taps import probes
from shinso.curvature._output_curvature import SampledFisher
from shinso.curvature._problem import Parameters, Problem, one_output_each
from shinso.curvature._restrict import leaf_paths


class LayerFactors(eqx.Module):
    """A `[a, a]` of a layer's inputs and G `[g, g]` of the gradients by its sums: A ⊗ G is its block of the Fisher matrix.

    Attributes:
        inputs: A = Σ_n s_n Σ_r a_r a_rᵀ / R, the 1 of the bias appended to a_r (see `kronecker`).
        gradients: G = Σ_n s_n Σ_r g_r g_rᵀ.
        names: Dotted paths of the layer's parameters.
        places: Their places among the leaves of the parameter tree.
    """

    inputs: Float[Array, "a a"]
    gradients: Float[Array, "g g"]
    names: tuple[str, ...] = eqx.field(static=True)
    places: tuple[int, ...] = eqx.field(static=True)

    def block(self) -> tuple[Block, Float[Array, " a"], Float[Array, " g"]]:
        """Return A ⊗ G by its eigenvectors, and the eigenvalues of A and of G."""
        (a, left), (g, right) = map(jnp.linalg.eigh, (self.inputs, self.gradients))
        # Rounding may leave an eigenvalue just below zero.
        a, g = jnp.maximum(a, 0), jnp.maximum(g, 0)
        return Block(left, right, a[:, None] * g, self.names, self.places), a, g


def layer_factors(problem: Problem, key: PRNGKeyArray) -> tuple[LayerFactors, ...]:
    """Return the factors of every layer, with one target for each example drawn from the model; may be jitted.

    Args:
        problem: Model and examples; the penalties do not count.
        key: For the targets.

    Raises:
        ValueError: A parameter belongs to a layer that has none, a layer is called more or less than once, or there are
            outputs for every step.

    Source: Martens and Grosse (2015), §2–3 and §5.
    """
    one_output_each("kronecker", problem)
    sites = factors_of_sites(SampledFisher(problem, True, key, 1), probes(problem))
    return tuple(
        _named(problem.parameters, part, sites[part.site].inputs[part.rows, part.rows], sites[part.site].gradients)
        for part in parts_of(problem)
    )


def blank_factors(parameters: Parameters) -> tuple[LayerFactors, ...]:
    """Return zeros in the shapes of `layer_factors`.

    Raises:
        ValueError: A parameter belongs to a layer that has no factors.
    """
    nothing: Any = None
    blank = []
    leaves = dict(zip(leaf_paths(parameters), jax.tree.leaves(parameters), strict=True))
    for part in parts_of(Problem(parameters, parameters, nothing, nothing, 1)):
        held = [leaves[name] for name in part.names]
        width = held[0].shape[-1]
        rows = sum(leaf.size for leaf in held) // width
        inputs, gradients = (jnp.zeros((size, size), held[0].dtype) for size in (rows, width))
        blank.append(_named(parameters, part, inputs, gradients))
    return tuple(blank)


def _named(parameters: Parameters, part: Part, inputs: Array, gradients: Array) -> LayerFactors:
    paths = leaf_paths(parameters)
    return LayerFactors(inputs, gradients, part.names, tuple(map(paths.index, part.names)))
