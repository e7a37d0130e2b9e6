"""The cost of a model on a batch: likelihood and penalties."""

from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from shinso.nn import call_and_update
from shinso.objectives._batch import Batch, per_example
from shinso.objectives._function_loss import FunctionLoss
from shinso.objectives._likelihood import Likelihood
from shinso.objectives._penalties import Penalty


class Objective(eqx.Module):
    """E(θ) = Σ_n w_n L_n / Σ_n w_n + Σ penalties: a pure function of (model, batch, key).

    Where the model has an output for every step of a sequence, n counts the steps that are not padding.

    Training, curvature and posteriors all take this object, so they cannot disagree about the cost.

    Args:
        likelihood: Gives L_n, each example's loss; or a function ``(outputs [N, K], targets [N, K]) → losses [N]`` of
            numbers (`FunctionLoss` takes one of other targets).
        penalties: Added to the mean loss; one penalty for each group of parameters.

    Raises:
        TypeError: `likelihood` or one of `penalties` is something else.
    """

    likelihood: Likelihood
    penalties: tuple[Penalty, ...]

    def __init__(self, likelihood: Likelihood | Callable[[Array, Array], Array], penalties: Sequence[Penalty] = ()):
        if not isinstance(likelihood, Likelihood | type) and callable(likelihood):
            likelihood = FunctionLoss(likelihood)
        if not isinstance(likelihood, Likelihood):
            raise TypeError(
                f"likelihood must be a Likelihood, as likelihood(name) returns, or a function; got {likelihood!r}."
            )
        if not isinstance(penalties, Sequence) or not all(isinstance(penalty, Penalty) for penalty in penalties):
            raise TypeError(f"penalties must be a sequence of penalties, such as [L2(1e-4)]; got {penalties!r}.")
        self.likelihood = likelihood
        self.penalties = tuple(penalties)

    def __call__(self, model: Callable[..., Any], batch: Batch, *, key: PRNGKeyArray | None = None) -> Float[Array, ""]:
        """Return the cost."""
        return self.value_and_outputs(model, batch, key=key)[0]

    def value_and_outputs(
        self, model: Callable[..., Any], batch: Batch, *, key: PRNGKeyArray | None = None
    ) -> tuple[Float[Array, ""], Any]:
        """Return the cost and the model's outputs.

        A batch whose weights sum to 0 costs its penalties alone.

        Args:
            model: Called as `model(batch.inputs, key=key)`; returns outputs `[N, K]`, or `[N, T, K]` for steps (see
                `per_example`).
            batch: The examples.
            key: Given in training (dropout and the like are active), `None` in prediction.

        Raises:
            ValueError: Targets do not fit the outputs, or a penalty touches no parameter.
        """
        outputs = model(batch.inputs, key=key)
        return self._value(model, outputs, batch), outputs

    def value_outputs_and_model(
        self, model: Callable[..., Any], batch: Batch, *, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], Any, Any]:
        """Return the cost and the outputs in training, and the model with its buffers brought up to date."""
        outputs, updated = call_and_update(model, batch.inputs, key=key)
        return self._value(model, outputs, batch), outputs, updated

    def _value(self, model: Callable[..., Any], outputs: Any, batch: Batch) -> Float[Array, ""]:
        rows, targets, weights = per_example(outputs, batch)
        losses = self.likelihood.loss(rows, targets)
        weights = weights.astype(losses.dtype)
        total = jnp.sum(weights)
        total = jnp.where(total == 0, jnp.ones_like(total), total)
        cost = jnp.sum(weights * losses) / total
        return sum((penalty(model, total) for penalty in self.penalties), start=cost)

    @property
    def recipe(self) -> dict[str, Any]:
        """The objective as a plain dictionary of JSON types, which `objective_from_recipe` reads.

        Raises:
            ValueError: A penalty chooses its parameters by a predicate.
        """
        return {"likelihood": self.likelihood.recipe, "penalties": [penalty.recipe for penalty in self.penalties]}
