"""Averages of the parameters beside the parameters."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from shinso._checks import real, whole_number
from shinso._numbers import device_array, plain_number
from shinso.optim._optimizer import Optimizer, Step, type_of_cost


class AveragedState(NamedTuple):
    """The state of the optimizer that moves the parameters, and the average of these."""

    inner: PyTree
    averages: PyTree


class Averaged(Optimizer):
    """An optimizer whose parameters are averaged on the way; how they move is untouched. See `averaged`."""

    optimizer: Optimizer
    decay: Float[Array, ""] | None
    start: Int[Array, ""]

    def __init__(self, optimizer: Optimizer, *, decay: float | None = None, start: int = 0) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"optimizer must be an Optimizer to be averaged; got {type(optimizer).__name__}.")
        if isinstance(optimizer, Averaged):
            raise TypeError("optimizer must be one that is not averaged yet; got one that is.")
        self.optimizer = optimizer
        self.decay = None if decay is None else device_array(real("decay", decay, least=0, below=1))
        self.start = device_array(whole_number("start", start), jnp.int32)

    def init(self, params: PyTree) -> AveragedState:
        """Return the optimizer's own state and the parameters as their first average."""
        return AveragedState(self.optimizer.init(params), params)

    def step(
        self,
        cost: type_of_cost,
        params: PyTree,
        state: AveragedState,
        count: Int[Array, ""],
        scale: Float[Array, ""],
    ) -> Step:
        """Propose the optimizer's step and average what it leads to; see `Optimizer.step`."""
        proposed = self.optimizer.step(cost, params, state.inner, count, scale)
        # Of the t-th point averaged, the first being t = 1; before that the average is the point itself.
        t = jnp.maximum(count - self.start + 1, 1)
        share = 1 / t if self.decay is None else jnp.where(t == 1, 1, 1 - self.decay)
        averages = jax.tree.map(
            lambda average, theta: average - share.astype(theta.dtype) * (average - theta),
            state.averages,
            proposed.params,
        )
        return proposed._replace(state=AveragedState(proposed.state, averages))

    @property
    def keeps_averages(self) -> bool:
        """True."""
        return True

    def averages(self, state: AveragedState) -> PyTree:
        """Return the averaged parameters that `state` holds."""
        return state.averages

    def learning_rate_at(self, count: Int[Array, ""], scale: Float[Array, ""]) -> Float[Array, ""]:
        """Return the optimizer's learning rate at step `count`."""
        return self.optimizer.learning_rate_at(count, scale)

    @property
    def recipe(self) -> dict[str, Any]:
        """The optimizer's plain dictionary, with `averaging` added."""
        decay = None if self.decay is None else plain_number(self.decay)
        return {**self.optimizer.recipe, "averaging": {"decay": decay, "start": self.start.item()}}

    @property
    def full_batch(self) -> bool:
        """Whether the optimizer needs the full batch."""
        return self.optimizer.full_batch

    @property
    def total_steps(self) -> int:
        """Steps until every schedule of the optimizer has run its course."""
        return self.optimizer.total_steps


def averaged(optimizer: Optimizer, *, decay: float | None = None, start: int = 0) -> Averaged:
    """Return `optimizer` with an average θ̂ of its parameters kept beside them (Goodfellow et al., §8.7.3).

    Over the points θ⁽¹⁾, θ⁽²⁾, … after step `start`:

    - `decay` None: Polyak's running mean, θ̂⁽ᵗ⁾ = θ̂⁽ᵗ⁻¹⁾ − (θ̂⁽ᵗ⁻¹⁾ − θ⁽ᵗ⁾) / t.
    - else the exponential moving average θ̂⁽ᵗ⁾ = α θ̂⁽ᵗ⁻¹⁾ + (1−α) θ⁽ᵗ⁾ from θ̂⁽¹⁾ = θ⁽¹⁾.

    `shinso.train` evaluates the averages too (`averaged_validation_loss`, …) and returns them as `Run.averaged_model`.

    Args:
        optimizer: what moves the parameters, not changed by this.
        decay: α in [0, 1), or None.
        start: steps at the beginning that are left out of the average, ≥ 0.

    Raises:
        TypeError, ValueError: an argument is not accepted.
    """
    return Averaged(optimizer, decay=decay, start=start)
