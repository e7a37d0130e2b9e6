"""Which examples a step sees: the order of an epoch, and its mini-batches."""

from typing import Literal

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int, PRNGKeyArray

from shinso.objectives import Batch

Shuffle = Literal["every_epoch", "once", "none"]


def n_examples(batch: Batch) -> int:
    """Return N, the length of the leading axis."""
    return int(batch.weights.shape[0])


def order_of(
    shuffle: Shuffle, batch_size: int, examples: int, key: PRNGKeyArray, epoch: Int[Array, ""]
) -> Int[Array, "M"]:
    """Return one epoch's order, filled up to whole mini-batches from its own beginning."""
    steps = -(-examples // batch_size)
    if shuffle == "none" or steps == 1:
        order = jnp.arange(examples, dtype=jnp.int32)
    else:
        key = jax.random.fold_in(key, 0 if shuffle == "once" else epoch)
        # Sorting random bits takes half the time of jax.random.permutation, which sorts twice against ties.
        order = jnp.argsort(jax.random.bits(key, (examples,), jnp.uint32), stable=False).astype(jnp.int32)
    return jnp.resize(order, (steps * batch_size,))


def mini_batch(
    size: int, data: Batch, order: Int[Array, "M"] | None, position: Int[Array, ""]
) -> tuple[Batch, Float[Array, ""]]:
    """Return one mini-batch and how many of its examples count.

    The last mini-batch of an epoch is filled up with examples of weight 0: real ones, so that whatever looks at a whole
    batch still sees data.
    """
    start = position * size
    if order is None:
        batch = jax.tree.map(lambda leaf: lax.dynamic_slice_in_dim(leaf, start, size), data)
        return batch, jnp.asarray(size, dtype=float)
    chosen = lax.dynamic_slice_in_dim(order, start, size)
    batch = jax.tree.map(lambda leaf: leaf.at[chosen].get(mode="promise_in_bounds"), data)
    if order.shape[0] == n_examples(data):
        return batch, jnp.asarray(size, dtype=float)
    counts = start + jnp.arange(size) < n_examples(data)
    return batch._replace(weights=jnp.where(counts, batch.weights, 0)), jnp.sum(counts, dtype=float)
