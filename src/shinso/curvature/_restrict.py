"""An operator on some of the parameters, the others held fixed: one layer, one block."""

import fnmatch
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx
from jaxtyping import Array, PyTree

from shinso._paths import leaves_by_path
from shinso.curvature._operator import ParameterOperator
from shinso.curvature._problem import Parameters, Problem

Where: TypeAlias = str | Sequence[str] | Callable[[str, Array], bool]


class Restricted(ParameterOperator):
    """PᵀAP, P the inclusion of some leaves of the parameter tree; on a tree that has None for all others."""

    operator: lx.AbstractLinearOperator
    kept: tuple[bool, ...] = eqx.field(static=True)
    semidefinite: bool = eqx.field(static=True)

    def product(self, vector: Parameters) -> Parameters:
        """Return PᵀAP v."""
        zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), self.operator.in_structure())
        return self._only(self.operator.mv(eqx.combine(vector, zeros)))

    def point(self) -> Parameters:
        """Return a tree of zeros of the operator's structure."""
        zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), self.operator.in_structure())
        return self._only(zeros)

    def _only(self, tree: Parameters) -> Parameters:
        leaves, treedef = jax.tree.flatten(tree)
        kept = [leaf if keep else None for leaf, keep in zip(leaves, self.kept, strict=True)]
        return jax.tree.unflatten(treedef, kept)


def restrict(operator: lx.AbstractLinearOperator, where: Where) -> Restricted:
    """Return the part of a symmetric operator that acts on some parameters, the others held fixed: a diagonal block.

    It is an operator like any other: `extreme_eigenvalues`, `spectral_density`, `trace`, `dense`, … of it are those of a
    layer. A product costs one product of the whole operator.

    Args:
        operator: A symmetric operator on a parameter tree.
        where: The parameters kept: one or several glob patterns over dotted paths (`layers.0.*`; `*` also matches dots),
            or a predicate of (path, shape and type), as penalties have.

    Raises:
        ValueError: `where` matches no parameter.
    """
    return Restricted(operator, matching(operator.in_structure(), where), lx.is_positive_semidefinite(operator))


def matching(parameters: PyTree[Any], where: Where) -> tuple[bool, ...]:
    """Return whether each leaf of a parameter tree is one of those that `where` means.

    Raises:
        ValueError: `where` matches no parameter.
    """
    paths = leaf_paths(parameters)
    matches = where if callable(where) else _matcher((where,) if isinstance(where, str) else tuple(where))
    kept = tuple(bool(matches(path, leaf)) for path, leaf in zip(paths, jax.tree.leaves(parameters), strict=True))
    if not any(kept):
        wanted = where if isinstance(where, str) else getattr(where, "__name__", where)
        raise ValueError(f"where must match a parameter; got {wanted}, and there are: {', '.join(paths)}.")
    return kept


def narrowed(problem: Problem, where: Where) -> Problem:
    """Return the problem as one in those parameters alone that `where` means, the others held fixed.

    Raises:
        ValueError: `where` matches no parameter.
    """
    leaves, treedef = jax.tree.flatten(problem.parameters)
    kept = matching(problem.parameters, where)
    chosen, others = (
        jax.tree.unflatten(treedef, [leaf if keep is inside else None for leaf, keep in zip(leaves, kept, strict=True)])
        for inside in (True, False)
    )
    return replace(problem, parameters=chosen, rest=eqx.combine(others, problem.rest))


def leaf_paths(tree: PyTree[Any]) -> list[str]:
    """Return the dotted path of every leaf, such as `layers.0.weight`."""
    return list(leaves_by_path(tree))


def _matcher(patterns: tuple[str, ...]) -> Callable[[str, Any], bool]:
    return lambda path, _: any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)
