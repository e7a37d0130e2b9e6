"""Buffers made anew from data."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
from jax import lax
from jaxtyping import Array, Int, PyTree

from shinso import nn


def fresh_buffers(model: Callable[..., Any], inputs: PyTree, size: int) -> Callable[..., Any]:
    """Return the model with buffers that have seen the inputs once, `size` at a time, and nothing before."""
    if not jax.tree.leaves(nn.buffers(model)):
        return model
    model = nn.restarted_buffers(model)
    steps = n_rows(inputs) // size

    def look(index: Int[Array, ""], buffers: PyTree) -> PyTree:
        part = jax.tree.map(lambda leaf: lax.dynamic_slice_in_dim(leaf, index * size, size), inputs)
        whole = eqx.combine(buffers, model)
        return nn.buffers(nn.call_and_update(whole, part, key=jax.random.fold_in(jax.random.key(0), index))[1])

    fresh: Callable[..., Any] = eqx.combine(lax.fori_loop(0, steps, look, nn.buffers(model)), model)
    return fresh


def n_rows(inputs: PyTree) -> int:
    """Return N, the length of the leading axis of inputs."""
    return int(jax.tree.leaves(inputs)[0].shape[0])
