"""Statistics of batch normalization over the whole training set."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Int, PyTree

from shinso import nn
from shinso._checks import whole_number

CHUNK = 500


def recalibrate_batch_norm(model: Callable[..., Any], inputs: PyTree, *, chunk: int = CHUNK) -> Any:
    """Return the model with every `BatchNorm` predicting by mean and variance over all of `inputs`.

    μ = 1/N Σ_n a_n and σ² = 1/N Σ_n (a_n − μ)² of what reaches the layer when the layers before it predict by theirs
    (notes on neural networks, §2.3.3: prediction normalizes by the variation of the whole training data). They are exact,
    whatever the chunk; the l-th of L such layers needs l passes, so this takes L passes in all. A model without the layer
    is returned as it is.

    Args:
        model: any model.
        inputs: the training inputs, `[N, …]`.
        chunk: examples looked at together, at least 1: bounds the memory, changes nothing else.

    Raises:
        ValueError: `chunk` is below 1.
    """
    size = min(whole_number("chunk", chunk, least=1), len(jax.tree.leaves(inputs)[0]))
    is_norm = [isinstance(node, nn.BatchNorm) for node in jax.tree.leaves(model, is_leaf=_is_norm)]
    for _ in range(sum(is_norm)):
        model = _observe(model, jax.tree.map(jnp.asarray, inputs), size)
    return model


def _is_norm(node: Any) -> bool:
    return isinstance(node, nn.BatchNorm)


@eqx.filter_jit
def _observe(model: Any, inputs: PyTree, size: int) -> Any:
    """Make one pass."""
    observer = nn.observed(model)
    whole, rest = divmod(len(jax.tree.leaves(inputs)[0]), size)

    def look(buffers: PyTree, start: Int[Array, ""], rows: int) -> PyTree:
        part = jax.tree.map(lambda leaf: lax.dynamic_slice_in_dim(leaf, start, rows), inputs)
        return nn.buffers(nn.call_and_update(eqx.combine(buffers, observer), part, key=None)[1])

    seen = lax.fori_loop(0, whole, lambda index, seen: look(seen, index * size, size), nn.buffers(observer))
    if rest:
        seen = look(seen, jnp.asarray(whole * size), rest)
    return nn.with_observed(eqx.combine(seen, observer))
