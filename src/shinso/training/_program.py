"""What stays the same while training, and how training starts."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, PyTree

from shinso.curvature import Problem
from shinso.objectives import Batch, Objective
from shinso.optim import Optimizer
from shinso.training._mini_batches import Shuffle
from shinso.training._probe_plan import PLACE, Plan
from shinso.training._state import ROWS, Monitored, Network, Sums, TrainState
from shinso.training._stopping import Stopping

MEMBERS = "members"
"""The axis of networks trained side by side."""


class Program(eqx.Module):
    """What stays the same while training. Numbers are traced leaves; everything else is part of what is compiled."""

    objective: Objective
    optimizer: Optimizer
    stopping: Stopping | None
    static: PyTree
    metrics: dict[str, Callable[[Array, Array], Array]]
    batch_size: int = eqx.field(static=True)
    shuffle: Shuffle = eqx.field(static=True)
    axis: str | None = eqx.field(static=True, default=None)
    probes: Plan | None = eqx.field(static=True, default=None)

    def model(self, params: PyTree, buffers: PyTree) -> Callable[..., Any]:
        """Return the model with these parameters and buffers."""
        whole: Callable[..., Any] = eqx.combine(params, buffers, self.static)
        return whole

    def any(self, condition: Bool[Array, ""]) -> Bool[Array, ""]:
        """Return whether the condition holds for any of the networks trained side by side."""
        return condition if self.axis is None else lax.pmax(condition.astype(jnp.int32), self.axis) > 0  # type: ignore[no-untyped-call]

    def columns(self, evaluations: dict[str, Batch]) -> list[str]:
        """Return the names of the metrics in one history row, in order."""
        score = self.objective.likelihood.score_name
        names = ["cost", "loss", score, "gradient_norm", "learning_rate"]
        if self.judges_by_training and "training" not in evaluations:
            names += [f"training_{name}" for name in names[:3]]
        metrics = ("loss", score, *sorted(self.metrics))
        names += [f"{name}_{metric}" for name in sorted(evaluations) for metric in metrics]
        if self.optimizer.keeps_averages:
            names += [f"averaged_{name}_{metric}" for name in sorted(evaluations) for metric in metrics]
        return names

    @property
    def judges_by_training(self) -> bool:
        """Whether a model is kept for its loss on the training data, so that this has to be its own.

        The means over an epoch's mini-batches belong to no model: each is taken with other parameters. A full-batch method
        has one step an epoch, whose figures are those of the parameters it reached.
        """
        own = ("cost", "loss", self.objective.likelihood.score_name)
        kept = self.stopping is not None and self.stopping.restore_best and self.stopping.monitor in own
        return kept and not self.optimizer.full_batch

    def steps_per_epoch(self, examples: int) -> int:
        """Return ⌈N / batch size⌉: the last mini-batch may be smaller."""
        return -(-examples // self.batch_size)

    def needs_order(self, examples: int) -> bool:
        """Return whether an epoch is anything but the stored examples, mini-batch after whole mini-batch."""
        steps = self.steps_per_epoch(examples)
        return steps * self.batch_size != examples or (self.shuffle != "none" and steps > 1)


@eqx.filter_jit
def initial_state(program: Program, buffers: PyTree, params: PyTree, columns: int, examples: int) -> TrainState:
    """Return the state before the first step; all dtypes are strong, so that no later stretch compiles again."""
    zero = jnp.zeros((), dtype=float)
    none = jnp.zeros((), jnp.int32)
    optimizer = program.optimizer.init(params)
    restore = program.stopping is not None and program.stopping.restore_best
    return TrainState(
        params=params,
        buffers=buffers,
        optimizer=optimizer,
        step=none,
        epochs=none,
        sums=Sums(*[zero] * len(Sums._fields)),
        monitored=Monitored(jnp.asarray(jnp.inf, dtype=float), none, none, jnp.ones((), dtype=float)),
        best=Network(params, buffers, program.optimizer.averages(optimizer)) if restore else None,
        code=none,
        rows=jnp.zeros((ROWS, columns), dtype=float),
        probes=jnp.zeros((ROWS + 2, len(PLACE) + len(program.probes.names) if program.probes else 0), dtype=float),
        epoch=none,
        position=none,
        order=jnp.zeros(program.steps_per_epoch(examples) * program.batch_size, jnp.int32)
        if program.needs_order(examples)
        else None,
        n_rows=none,
        probed=none,
        n_probes=none,
    )


def problem_of(program: Program, state: TrainState, data: Batch) -> Problem:
    """Return the cost of some examples as a function of the parameters, the model in prediction mode."""
    rest = eqx.combine(state.buffers, program.static)
    return Problem(state.params, rest, program.objective, data).sized()
