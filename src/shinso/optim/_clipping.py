"""Gradients held short before a rule sees them."""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, PyTree

from shinso.optim._optimizer import global_norm


@dataclass(frozen=True)
class Clipped:
    """A rule that sees the clipped gradient (Goodfellow et al., §8.2.4 and §10.11.1).

    By value, g_i ← max(−c, min(c, g_i)); by global norm, g ← g · min(1, c / ‖g‖) with ‖g‖ over all parameters together,
    which keeps the direction. Given both, by value first.
    """

    factory: Callable[..., optax.GradientTransformation]

    def __call__(
        self, *, clip_norm: Array | None = None, clip_value: Array | None = None, **hyperparameters: Array
    ) -> optax.GradientTransformation:
        """Return the rule with `clip_norm` and `clip_value` > 0; None does not clip."""

        def clip(gradient: PyTree, params: PyTree | None) -> PyTree:
            if clip_value is not None:
                gradient = jax.tree.map(
                    lambda g: jnp.clip(g, -clip_value.astype(g.dtype), clip_value.astype(g.dtype)), gradient
                )
            if clip_norm is not None:
                # The quotient is exactly 1 where nothing is to be clipped, and finite where the gradient is 0.
                share = clip_norm / jnp.maximum(global_norm(gradient), clip_norm)
                gradient = jax.tree.map(lambda g: g * share.astype(g.dtype), gradient)
            return gradient

        return optax.chain(optax.stateless(clip), self.factory(**hyperparameters))
