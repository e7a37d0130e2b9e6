"""How many examples are computed together at best."""

from collections.abc import Callable, Iterator
from typing import Any

import jax
from jax.extend import core
from jaxtyping import PyTree

CACHE = 2**25
"""Bytes of numbers on the way from inputs to outputs, each counted though few are held at a time.

Convolutions on 28×28 images, 5×5, 20 and 40 maps, and their gradients are quickest with 32 to 64 MiB of them, those on 14×14
images, 3×3, with 16 to 64 MiB, an LSTM with 10 to 20 MiB; with 1,000 examples together the first take 2.4 times as long.
"""
FEWEST, MOST = 32, 1024


def examples_in_cache(function: Callable[[PyTree[Any]], Any], inputs: PyTree[Any]) -> int:
    """Return how many examples `function` takes least time for, each for itself, if it is given them together: 32 to 1,024.

    On a CPU, as many as its cache holds the numbers of; elsewhere 1,024. The function is traced for one example.

    Args:
        function: `[n, …] → [n, …]`.
        inputs: examples `[N, …]`, or their shapes and types.
    """
    if jax.default_backend() != "cpu":
        return MOST
    taken = _bytes(jax.make_jaxpr(function)(example_of(inputs)).jaxpr)
    return max(FEWEST, min(MOST, CACHE // max(taken, 1)))


def example_of(batch: PyTree[Any]) -> PyTree[Any]:
    """Return shapes and types of a batch `[N, …]` of which one example is left."""

    def one(leaf: Any) -> jax.ShapeDtypeStruct:
        shape: jax.ShapeDtypeStruct = jax.ShapeDtypeStruct((1, *leaf.shape[1:]), leaf.dtype)  # type: ignore[no-untyped-call]
        return shape

    return jax.tree.map(one, batch)


def _bytes(jaxpr: core.Jaxpr) -> int:
    """Return what all results in a program take, of alternatives the largest."""
    return sum(max(sum(_size(out.aval) for out in eqn.outvars), *map(_bytes, _inner(eqn)), 0) for eqn in jaxpr.eqns)


def _size(value: Any) -> int:
    return value.size * value.dtype.itemsize if isinstance(value, jax.core.ShapedArray) else 0


def _inner(eqn: core.JaxprEqn) -> Iterator[core.Jaxpr]:
    """Yield the programs inside an instruction: of a loop, of alternatives, of a function."""
    for value in eqn.params.values():
        for one in value if isinstance(value, tuple | list) else (value,):
            if isinstance(one, core.ClosedJaxpr):
                yield one.jaxpr
            elif isinstance(one, core.Jaxpr):
                yield one
