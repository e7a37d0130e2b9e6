"""A schedule that begins again."""

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from shinso._checks import real, whole_number
from shinso._numbers import device_array
from shinso.optim._schedules import Constant, Schedule


class Restarted(Schedule):
    """ε_k = before(k) for k < s, then after(k − s): a warm restart, by which a finished training goes on.

    Args:
        before: a schedule, or ε > 0 that stays.
        steps: s ≥ 1, in optimizer updates.
        after: what begins then, the same.

    Source: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts" (2017), §3.
    """

    before: Schedule
    steps: Int[Array, ""]
    after: Schedule

    def __init__(self, before: Schedule | float, steps: int, after: Schedule | float) -> None:
        self.before = before if isinstance(before, Schedule) else Constant(real("before", before, above=0))
        self.after = after if isinstance(after, Schedule) else Constant(real("after", after, above=0))
        self.steps = device_array(whole_number("steps", steps, least=1), jnp.int32)

    @property
    def total_steps(self) -> int:
        """Those until the end of what begins last; 0 where that has no end."""
        after = self.after.total_steps
        return int(self.steps) + after if after else 0

    def __call__(self, step: Int[Array, ""]) -> Float[Array, ""]:
        """Return ε at `step`."""
        return jnp.where(step < self.steps, self.before(step), self.after(jnp.maximum(step - self.steps, 0)))


def without_restart(plain: object) -> object:
    """Return a recipe with its last restarted schedules as they were before; what has none as it is."""
    if isinstance(plain, dict) and plain.get("schedule") == Restarted.__name__:
        return plain["before"]
    return {key: without_restart(value) for key, value in plain.items()} if isinstance(plain, dict) else plain
