"""Loss, score and further metrics of a whole data set, on the device."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

from shinso import nn
from shinso.objectives import Batch, Objective, per_example
from shinso.training._mini_batches import n_examples
from shinso.training._program import Program


def loss_score_weight(objective: Objective, outputs: Any, batch: Batch) -> tuple[Array, Array, Array]:
    """Return Σ w L, Σ w score and Σ w of one batch."""
    rows, targets, weights = per_example(outputs, batch)
    loss = objective.likelihood.loss(rows, targets)
    score = objective.likelihood.score(rows, targets)
    return jnp.vdot(weights, loss), jnp.vdot(weights, score.astype(loss.dtype)), jnp.sum(weights)


def mean_metrics(program: Program, model: Callable[..., Any], batch: Batch) -> list[Float[Array, ""]]:
    """Return the weighted means of loss, score and further metrics on a whole data set, without noise."""
    examples = n_examples(batch)
    chunk = min(examples, nn.examples_in_cache(partial(model, key=None), batch.inputs))
    chunks = -(-examples // chunk)
    likelihood = program.objective.likelihood
    functions: list[Callable[[Array, Array], Array]] = [likelihood.loss, likelihood.score]
    functions += [program.metrics[name] for name in sorted(program.metrics)]

    def add(index: Int[Array, ""], sums: Float[Array, "F"]) -> Float[Array, "F"]:
        # The last chunk reaches back so as to stay inside; what it has in common with the one before counts once.
        start = jnp.minimum(index * chunk, examples - chunk)
        part = jax.tree.map(lambda leaf: lax.dynamic_slice_in_dim(leaf, start, chunk), batch)
        fresh = start + jnp.arange(chunk) >= index * chunk
        part = part._replace(weights=jnp.where(fresh, part.weights, 0))
        outputs, targets, weights = per_example(model(part.inputs, key=None), part)
        values = [jnp.sum(jnp.where(weights > 0, weights * f(outputs, targets), 0)) for f in functions]
        return sums + jnp.stack([value.astype(sums.dtype) for value in [*values, jnp.sum(weights)]])

    *sums, weight = lax.fori_loop(0, chunks, add, jnp.zeros(len(functions) + 1, dtype=float))
    return [total / weight for total in sums]
