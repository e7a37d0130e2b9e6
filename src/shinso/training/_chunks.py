"""A function of a batch over any number of examples, in pieces of a few fixed sizes."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import PyTree

from shinso import nn
from shinso._fork import computing

FEW = 32
"""Examples that are always computed at once."""


def in_chunks(function: Callable[[PyTree], Any], inputs: PyTree) -> np.ndarray:
    """Return `function(inputs)` for all N examples, computed on as many at a time as take least time.

    Pieces have a power of two of examples, as many as `nn.examples_in_cache` says or N asks for, the last one filled up: so
    any N compiles at most a few programs, and the memory is that of one piece.

    Args:
        function: ``[n, …] → [n, …]``, each example for itself, compiled; `Sequences` it returns become their values. A tree,
            such as `equinox.Partial(compiled, model)`, so that it is traced once for each structure.
        inputs: arrays ``[N, …]``.

    Raises:
        ValueError: there is no example.
    """
    n = len(jax.tree.leaves(inputs)[0])
    computing()
    if n == 0:
        raise ValueError("inputs must have at least one example; got none.")
    inputs = jax.tree.map(np.asarray, inputs)
    size = min(_together(function, inputs), 1 << (n - 1).bit_length())
    parts = []
    for start in range(0, n, size):
        piece = jax.tree.map(lambda leaf, start=start: leaf[start : start + size], inputs)
        here = min(size, n - start)
        if here < size:
            piece = jax.tree.map(lambda leaf: np.resize(leaf, (size, *leaf.shape[1:])), piece)
        results = function(piece)
        parts.append(np.asarray(results.values if isinstance(results, nn.Sequences) else results)[:here])
    return np.concatenate(parts)


def outputs_of(model: Callable[..., Any], inputs: PyTree) -> np.ndarray:
    """Return the outputs of a model in prediction for any number of examples; see `in_chunks`."""
    return in_chunks(eqx.Partial(_outputs, model), inputs)


def codes_of(model: nn.AutoencoderModel, inputs: PyTree) -> np.ndarray:
    """Return the codes ``[N, C]`` of any number of examples, without noise; see `in_chunks`."""
    return in_chunks(eqx.Partial(_codes, model), inputs)


def _together(function: Callable[[PyTree], Any], inputs: PyTree) -> int:
    """Return how many examples are computed at once, a power of two."""
    if len(jax.tree.leaves(inputs)[0]) <= FEW:
        return FEW
    examples: int = eqx.filter_eval_shape(_in_cache, function, nn.example_of(inputs))
    return 1 << (examples.bit_length() - 1)


_in_cache = eqx.filter_jit(nn.examples_in_cache)
"""Traced once for each structure."""


@eqx.filter_jit
def _codes(model: nn.AutoencoderModel, inputs: PyTree) -> Any:
    return model.encode(inputs)


@eqx.filter_jit
def _outputs(model: Callable[..., Any], inputs: PyTree) -> Any:
    return model(inputs, key=None)
