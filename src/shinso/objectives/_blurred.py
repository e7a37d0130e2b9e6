"""A blurred objective: the cost averaged over a Gaussian neighbourhood of the parameters."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
from jaxtyping import Array, ArrayLike, Float, PRNGKeyArray, PyTree

from shinso import nn
from shinso._numbers import number_leaf, plain_number
from shinso.objectives._batch import Batch
from shinso.objectives._objective import Objective


class Blurred(Objective):
    """J_σ(θ) = E_{θ′ ~ N(θ, σ²I)} J(θ′), estimated in training from one θ′ for each mini-batch.

    The gradient at θ′ is an unbiased estimate of ∇J_σ(θ). Without a key, in prediction and evaluation, it is J itself;
    with σ = 0 it is J in training too. All parameters of the model are blurred, frozen ones included.

    Args:
        objective: J.
        deviation: σ ≥ 0, in the parameters' unit; an array leaf, so that a new value compiles nothing.

    Raises:
        ValueError: `deviation` is not a finite number of at least 0.

    Source: Goodfellow et al., §8.7.6 (continuation methods), with the mean θ of the Gaussian written out.
    """

    deviation: Float[Array, ""]

    def __init__(self, objective: Objective, deviation: ArrayLike):
        super().__init__(objective.likelihood, objective.penalties)
        self.deviation = number_leaf("deviation", deviation, least=0.0)

    def value_and_outputs(
        self, model: Callable[..., Any], batch: Batch, *, key: PRNGKeyArray | None = None
    ) -> tuple[Float[Array, ""], Any]:
        """Return cost and outputs of J, in training at a θ′ drawn with `key`."""
        return super().value_and_outputs(model if key is None else self.blur(model, key), batch, key=key)

    def value_outputs_and_model(
        self, model: Callable[..., Any], batch: Batch, *, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], Any, Any]:
        """Return cost and outputs of J at a θ′ drawn with `key`, and the model at θ with its buffers brought up to date."""
        cost, outputs, updated = super().value_outputs_and_model(self.blur(model, key), batch, key=key)
        return cost, outputs, eqx.combine(nn.buffers(updated), model)

    def blur(self, model: PyTree[Any], key: PRNGKeyArray) -> Any:
        """Return the model with parameters drawn from N(θ, σ²I)."""
        parameters, rest = nn.parameters(model)
        leaves, structure = jax.tree.flatten(parameters)
        # A key apart from the model's own, which draws the same as it does without blurring.
        keys = jax.random.split(jax.random.fold_in(key, len(leaves)), len(leaves))
        drawn = [
            leaf + self.deviation.astype(leaf.dtype) * jax.random.normal(one, leaf.shape, leaf.dtype)
            for leaf, one in zip(leaves, keys, strict=True)
        ]
        return eqx.combine(jax.tree.unflatten(structure, drawn), rest)

    @property
    def recipe(self) -> dict[str, Any]:
        """The objective's recipe with σ as `deviation`."""
        return {**super().recipe, "deviation": plain_number(self.deviation)}
