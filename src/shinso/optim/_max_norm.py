"""Incoming weights of every unit held within a ball."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from shinso._checks import real
from shinso._numbers import device_array, plain_number
from shinso._paths import dotted
from shinso.objectives import weights
from shinso.optim._averaging import Averaged
from shinso.optim._optimizer import Optimizer, Step, type_of_cost


class MaxNorm(Optimizer):
    """An optimizer after whose every step weights are put back into their ball. See `max_norm`."""

    optimizer: Optimizer
    limit: Float[Array, ""]

    def __init__(self, optimizer: Optimizer, limit: float) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"optimizer must be an Optimizer to be constrained; got {type(optimizer).__name__}.")
        if isinstance(optimizer, Averaged | MaxNorm):
            raise TypeError(
                "optimizer must be neither averaged nor constrained yet; average the constrained one instead."
            )
        if optimizer.full_batch:
            raise TypeError("optimizer must be a mini-batch rule: a line search does not know of the constraint.")
        self.optimizer = optimizer
        self.limit = device_array(real("limit", limit, above=0.0))

    def init(self, params: PyTree) -> PyTree:
        """Return the optimizer's own state."""
        return self.optimizer.init(params)

    def step(
        self, cost: type_of_cost, params: PyTree, state: PyTree, count: Int[Array, ""], scale: Float[Array, ""]
    ) -> Step:
        """Propose the optimizer's step, projected; see `Optimizer.step`."""
        proposed = self.optimizer.step(cost, params, state, count, scale)
        return proposed._replace(params=projected(proposed.params, self.limit))

    def learning_rate_at(self, count: Int[Array, ""], scale: Float[Array, ""]) -> Float[Array, ""]:
        """Return the optimizer's learning rate at step `count`."""
        return self.optimizer.learning_rate_at(count, scale)

    @property
    def recipe(self) -> dict[str, Any]:
        """The optimizer's plain dictionary, with `max_norm` added."""
        return {**self.optimizer.recipe, "max_norm": plain_number(self.limit)}

    @property
    def total_steps(self) -> int:
        """Steps until every schedule of the optimizer has run its course."""
        return self.optimizer.total_steps


def max_norm(optimizer: Optimizer, limit: float) -> MaxNorm:
    """Return `optimizer` with the constraint ‖w‖ ≤ c on each unit's incoming weights: w ← w · min(1, c / ‖w‖) after a step.

    A unit is an index of the last axis of an array of weights (a column of `Dense`, a map of `Conv2d`, a gate's unit), its
    incoming weights are all numbers at that index. Biases and other vectors are free. Weights that begin outside are put
    inside by the first step. With dropout it lets learning rates be high without weights running away.

    Args:
        optimizer: a mini-batch rule, not averaged yet.
        limit: c > 0; 3 to 4 in Srivastava et al. (2014).

    Raises:
        TypeError: `optimizer` is something else, averaged, or full-batch.
        ValueError: `limit` is not a finite number above 0.

    Source: Srivastava et al. (2014), §5.1; Goodfellow et al., §7.2 (column norms by explicit constraint and reprojection).
    """
    return MaxNorm(optimizer, limit)


def projected(params: PyTree, limit: Float[Array, ""]) -> PyTree:
    """Return parameters with every unit's incoming weights within the ball of radius `limit`."""

    def one(path: tuple[Any, ...], leaf: Array) -> Array:
        if not weights(dotted(path), leaf):
            return leaf
        norms = jnp.sqrt(jnp.sum(jnp.square(leaf), axis=tuple(range(leaf.ndim - 1)), keepdims=True))
        c = limit.astype(leaf.dtype)
        # The quotient is exactly 1 inside the ball, and finite where a unit has no weights.
        return leaf * (c / jnp.maximum(norms, c))

    return jax.tree_util.tree_map_with_path(one, params)
