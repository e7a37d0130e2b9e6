"""Block-coordinate descent: one group of parameters after the other, the rest held fixed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Float, PyTree

from shinso import curvature
from shinso._checks import real, whole_number
from shinso._paths import leaves_by_path
from shinso.optim._method import Method
from shinso.optim._minimise import minimise

Block = str | Sequence[str] | Callable[[str, Array], bool]
"""The leaves of a block: one glob pattern over dotted paths, several, or a predicate of (path, leaf)."""


@dataclass(frozen=True, eq=False)
class BlockDescent:
    """Where block-coordinate descent came to.

    Attributes:
        point: in the structure of the start.
        value: the cost there.
        values: the cost at the start and after each block, `[1 + blocks · sweeps]`; it never rises.
        sweeps: how often every block was visited.
        converged: whether the last sweep lowered the cost by no more than `tolerance` of itself.
    """

    point: PyTree[Any]
    value: float
    values: np.ndarray
    sweeps: int
    converged: bool


class _Rest(eqx.Module):
    """A function of some leaves of its argument, the others held fixed."""

    function: Callable[[PyTree[Any]], PyTree[Any]]
    fixed: PyTree[Any]

    def __call__(self, free: PyTree[Any]) -> PyTree[Any]:
        return self.function(eqx.combine(free, self.fixed))


def block_coordinate_descent(
    fn: Callable[[PyTree[Any]], Float[Array, ""]] | curvature.Problem,
    blocks: Sequence[Block],
    *,
    start: PyTree[Any] = None,
    method: str | Method = "lbfgs",
    sweeps: int = 100,
    max_steps: int = 1000,
    tolerance: float = 1e-8,
    **settings: Any,
) -> BlockDescent:
    """Return where E(y) comes to when one block of y after the other is set to its minimum, the rest held fixed.

    y_b ← argmin_{y_b} E(y_1, …, y_B) for b = 1, …, B in turn, again and again. It is worth while where blocks play different
    parts, or each alone is easy, such as a convex cost of either factor of a product; it is slow where they depend on each
    other.

    Args:
        fn: y → the cost, or the `Problem` that `curvature.problem(model, objective, data)` makes.
        blocks: which leaves belong to each block: glob patterns over dotted paths (`layers.0.*`), one or several, or a
            predicate of (path, leaf). Every leaf belongs to one.
        start: y at first, a tree of real arrays; None for a `Problem`, which starts at its parameters.
        method: for each block; a name in `MINIMISERS`, or one of its methods.
        sweeps: at most so many times through all blocks, ≥ 1.
        max_steps: iterations for each block in a sweep, ≥ 1.
        tolerance: a sweep that lowers the cost by no more than this share of it is the last, ≥ 0.
        settings: of the method, as in `minimise`.

    Raises:
        TypeError, ValueError: as `minimise`; or a leaf is in no block, or in two.

    Source: Goodfellow et al., §8.7.2.
    """
    whole_number("sweeps", sweeps, least=1)
    tolerance = real("tolerance", tolerance, least=0)
    point = fn.parameters if start is None and isinstance(fn, curvature.Problem) else start
    masks = _masks(point, blocks)
    values: list[float] = []
    for sweep in range(1, sweeps + 1):
        for mask in masks:
            free, fixed = eqx.partition(point, mask)
            found = minimise(_of(fn, free, fixed), free, method, max_steps=max_steps, **settings)
            values += [float(found.value)] if values else [float(found.history[0]), float(found.value)]
            point = eqx.combine(found.point, fixed)
            if found.reason == "interrupted":
                return BlockDescent(point, values[-1], np.array(values), sweep, False)
        before, after = values[-1 - len(masks)], values[-1]
        if before - after <= tolerance * abs(before):
            return BlockDescent(point, after, np.array(values), sweep, True)
    return BlockDescent(point, values[-1], np.array(values), sweeps, False)


def _of(fn: Any, free: PyTree[Any], fixed: PyTree[Any]) -> Any:
    if isinstance(fn, curvature.Problem):
        return replace(fn, parameters=free, rest=eqx.combine(fixed, fn.rest))
    return _Rest(fn, fixed)


def _masks(point: PyTree[Any], blocks: Sequence[Block]) -> list[PyTree[Any]]:
    """Return for each block a tree that says of each leaf whether it belongs to it."""
    if isinstance(blocks, str) or not isinstance(blocks, Sequence) or not blocks:
        raise TypeError(f"blocks must be a sequence of patterns, one or several for each block; got {blocks!r}.")
    kept = [curvature.matching(point, where) for where in blocks]
    for path, *members in zip(leaves_by_path(point), *kept, strict=True):
        if sum(members) != 1:
            found = "none" if not any(members) else f"{sum(members)} of them"
            raise ValueError(f"blocks must have every leaf once; {path} is in {found}.")
    structure = jax.tree.structure(point)
    return [jax.tree.unflatten(structure, mask) for mask in kept]
