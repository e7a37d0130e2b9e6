"""One call of `train` or `train_many`: the state, and the host's work between stretches."""

import functools
import math
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from shinso._checks import real, whole_number
from shinso.objectives import Batch
from shinso.optim import BUDGET_SPENT, CONVERGED, NO_DESCENT
from shinso.training._batch_norm_statistics import recalibrate_batch_norm
from shinso.training._checkpoint import read_checkpoint, write_checkpoint
from shinso.training._digest import digest_of
from shinso.training._environment import environment
from shinso.training._folder import refuse_other_run
from shinso.training._history import History
from shinso.training._interrupt import Interrupt
from shinso.training._program import (
    EACH,
    NOT_FINITE,
    STALLED,
    Keys,
    Program,
    TrainState,
    advance,
    advance_many,
)
from shinso.training._progress import Event
from shinso.training._run import Run, Stop, Timing

STRETCH_SECONDS = 0.2
"""How long the host leaves the device alone: short enough for a live bar and a prompt Ctrl-C."""


class TrainingWarning(UserWarning):
    """Training ended in a way that the person who started it should know of."""


class Start(NamedTuple):
    """What a new training takes over from an earlier one, besides the model.

    Attributes:
        optimizer: the optimizer's state (`Run.state.optimizer`), as arrays of NumPy or JAX; None starts afresh.
        step: optimizer updates made before; schedules and noise go on from there.
        best: the best monitored value so far, None for none.
        unimproved: epochs without improvement so far.
    """

    optimizer: PyTree = None
    step: int = 0
    best: float | None = None
    unimproved: int = 0


class Member(NamedTuple):
    """One of the networks trained side by side, or the only one: its program and its settings."""

    program: Program
    settings: dict[str, Any]


@dataclass
class Session:
    """One call of `train` or `train_many`.

    `program` is what is compiled: that of the only member, or those of all members with their numbers stacked.
    """

    program: Program
    members: list[Member]
    data: Batch
    evaluations: dict[str, Batch]
    keys: Keys
    epochs: int
    describe: dict[str, Any]
    state: TrainState
    folder: Path | None = None
    checkpoint_seconds: float = math.inf
    histories: list[History] = field(default_factory=list)
    compile_seconds: float = 0.0
    train_seconds: float = 0.0
    interrupted: bool = False
    start_step: int = 0

    def __post_init__(self) -> None:
        self.columns = self.program.columns(self.evaluations)
        self.histories = [History() for _ in self.members]

    @property
    def examples(self) -> int:
        return int(self.data.weights.shape[-1])

    @property
    def steps_per_epoch(self) -> int:
        return self.program.steps_per_epoch(self.examples)

    @property
    def made(self) -> int:
        """Mini-batches used so far."""
        return int(self.state.epoch) * self.steps_per_epoch + int(self.state.position)

    def take_over(self, start: Start) -> None:
        state = self.state
        self.start_step = whole_number("step of start", start.step)
        if start.optimizer is not None:
            fresh, structure = jax.tree.flatten(state.optimizer)
            given = jax.tree.leaves(start.optimizer)
            if [leaf.shape for leaf in fresh] != [np.shape(leaf) for leaf in given]:
                raise ValueError(
                    "optimizer of start must be the state of the same optimizer on a model of the same shapes."
                )
            leaves = [jnp.asarray(leaf, dtype=like.dtype) for like, leaf in zip(fresh, given, strict=True)]
            state = state._replace(optimizer=jax.tree.unflatten(structure, leaves))
        monitored = state.monitored._replace(unimproved=jnp.asarray(start.unimproved, jnp.int32))
        if start.best is not None and self.program.stopping is not None:
            best = self.program.stopping.sign * real("best of start", start.best)
            monitored = monitored._replace(best=jnp.asarray(best, dtype=float))
        self.state = state._replace(step=jnp.asarray(start.step, jnp.int32), monitored=monitored)

    def compare_schedules(self) -> None:
        """Warn of a schedule that training will not see the end of: a rate meant to fall would stay high."""
        planned = max(member.program.optimizer.total_steps for member in self.members)
        total = self.epochs * self.steps_per_epoch
        if planned > total:
            warnings.warn(
                f"A schedule of the optimizer takes {planned} steps, training ends after {total}: "
                "give the schedule fewer steps or train for more epochs.",
                TrainingWarning,
                stacklevel=3,
            )

    def open_folder(self, *, resume: bool) -> None:
        """Make sure that the folder can be written, and read the checkpoint to resume from, before any work."""
        if self.folder is None:
            if resume:
                raise ValueError("resume=True needs the folder of the run to resume.")
            return
        if resume:
            self.state, history, self.train_seconds = read_checkpoint(self.folder, self.state, self.belongs)
            self.histories = [history]
        else:
            refuse_other_run(self.folder)
            self.folder.mkdir(parents=True, exist_ok=True)
            self.checkpoint()

    @functools.cached_property
    def belongs(self) -> dict[str, Any]:
        """What must be the same for a checkpoint to be continued: everything but the number of epochs."""
        same = {name: value for name, value in self.members[0].settings.items() if name not in ("epochs", "device")}
        digests = {"data": digest_of(self.data), "evaluation data": digest_of(self.evaluations)}
        return {**same, **digests, "real numbers": str(jnp.zeros(()).dtype)}

    def checkpoint(self) -> None:
        if self.folder is not None:
            write_checkpoint(self.folder, self.state, self.histories[0], self.train_seconds, self.belongs)

    def run(self, listener: Callable[[Event], object] | None) -> None:
        """Train to the end: stretches of steps, and between them progress, checkpoints and Ctrl-C."""
        began = time.perf_counter()
        # Asking for no step at all compiles the program and runs nothing: so compiling is timed by itself.
        self.advance(self.made)
        self.compile_seconds = time.perf_counter() - began
        self._tell(listener, (), math.nan)
        saved = time.monotonic()
        with Interrupt() as interrupt:
            for rows, remaining in self._stretches():
                self._tell(listener, rows, remaining)
                if time.monotonic() - saved >= self.checkpoint_seconds:
                    self.checkpoint()
                    saved = time.monotonic()
                if interrupt.requested:
                    self.interrupted = not self.done
                    break

    @property
    def done(self) -> bool:
        return bool(np.all(np.asarray(self.state.code) != 0)) or int(self.state.epoch) >= self.epochs

    def advance(self, until: int) -> None:
        move = advance if self.program.axis is None else advance_many
        state = move(
            self.program,
            self.state,
            self.data,
            self.evaluations,
            self.keys,
            jnp.asarray(until, jnp.int32),
            jnp.asarray(self.epochs, jnp.int32),
        )
        self.state = jax.tree.map(lambda leaf: leaf.block_until_ready(), state)

    def _stretches(self) -> Iterator[tuple[tuple[dict[str, float], ...], float]]:
        """Advance stretch by stretch; each is made as long as it takes to last `STRETCH_SECONDS`."""
        stretch = 1
        while not self.done:
            before, began = self.made, time.perf_counter()
            self.advance(before + stretch)
            seconds = time.perf_counter() - began
            made = max(self.made - before, 1)
            rows = self._collect(before, seconds)
            self.train_seconds += seconds
            left = self.epochs * self.steps_per_epoch - self.made
            stretch = int(np.clip(STRETCH_SECONDS * made / seconds, 1, 10 * stretch))
            yield rows, left * seconds / made

    def _collect(self, before: int, seconds: float) -> tuple[dict[str, float], ...]:
        """Take the rows that the device has written; return those of the first member that is still training."""
        n = int(self.state.n_rows)
        if n == 0:
            return ()
        made = max(self.made - before, 1)
        first = int(self.state.epoch) - n + 1
        steps = np.arange(first, first + n) * self.steps_per_epoch
        ends = self.train_seconds + np.clip((steps - before) / made, 0, 1) * seconds
        table = np.asarray(self.state.rows).reshape(len(self.members), -1, len(self.columns))
        told: tuple[dict[str, float], ...] = ()
        for history, epochs, values in zip(self.histories, np.ravel(self.state.epochs), table, strict=True):
            rows = [self._row(first + i, float(ends[i]), values[i]) for i in range(min(n, int(epochs) - len(history)))]
            history.rows += rows
            told = told or tuple(rows)
        self.state = self.state._replace(n_rows=jnp.zeros((), jnp.int32))
        return told

    def _row(self, epoch: int, seconds: float, values: np.ndarray) -> dict[str, float]:
        step = epoch * self.steps_per_epoch + self.start_step
        row = {"epoch": epoch, "step": step, "seconds": seconds}
        row |= {name: float(value) for name, value in zip(self.columns, values, strict=True)}
        if math.isnan(row["learning_rate"]):
            del row["learning_rate"]
        return row

    def _tell(
        self, listener: Callable[[Event], object] | None, rows: tuple[dict[str, float], ...], remaining: float
    ) -> None:
        if listener is not None:
            event = Event(
                step=self.made,
                steps=self.epochs * self.steps_per_epoch,
                epoch=int(self.state.epoch),
                epochs=self.epochs,
                rows=rows,
                compile_seconds=self.compile_seconds,
                train_seconds=self.train_seconds,
                remaining_seconds=remaining,
            )
            listener(event)

    def finish(self) -> list[Run]:
        """Return each member's run, stored if there is a folder; warn if one did not end well."""
        runs = [self._run(index) for index in range(len(self.members))]
        if self.folder is not None:
            self.checkpoint()
            runs[0].save(self.folder)
        for run in runs:
            if run.stop.reason == "not_finite":
                warnings.warn(run.stop.message, TrainingWarning, stacklevel=3)
        return runs

    def _run(self, index: int) -> Run:
        program, settings = self.members[index]
        state = self._state_of(index)
        stop = self._stop(program, state)
        averages = program.optimizer.averages(state.optimizer)
        params, buffers = state.params, state.buffers
        if stop.best_epoch is not None and state.best is not None:
            params, buffers, averages = state.best
        steps = int(state.step) - self.start_step
        averaged = None
        if averages is not None:
            averaged = recalibrate_batch_norm(program.model(averages, buffers), self.data.inputs)
        return Run(
            model=program.model(params, buffers),
            averaged_model=averaged,
            objective=program.objective,
            optimizer=program.optimizer,
            history=self.histories[index],
            stop=stop,
            settings=settings,
            timing=Timing(self.compile_seconds, self.train_seconds, steps, self._examples_seen(steps)),
            environment=environment(),
            seed=settings["seed"],
            data=dict(self.describe),
            state=state,
            folder=self.folder,
        )

    def _state_of(self, index: int) -> TrainState:
        """Return the state of one member as if it had been trained alone."""
        if self.program.axis is None:
            return self.state
        own = [
            leaf if axis is None else jax.tree.map(lambda a: a[index], leaf)
            for leaf, axis in zip(self.state, EACH, strict=True)
        ]
        return TrainState(*own)

    def _examples_seen(self, steps: int) -> int:
        whole, rest = divmod(steps, self.steps_per_epoch)
        return whole * self.examples + rest * self.program.batch_size

    def _stop(self, program: Program, state: TrainState) -> Stop:
        stopping = program.stopping
        epoch, step = int(state.epochs), int(state.step)
        best = int(state.monitored.best_epoch) if stopping is not None and stopping.restore_best else 0
        ended = f"after {epoch} epochs ({step} steps)"
        code = int(state.code)
        if code == NOT_FINITE:
            reason, message = "not_finite", self._why_not_finite(program, state)
        elif code == CONVERGED:
            reason, message = "converged", f"The optimizer converged {ended}."
        elif code == BUDGET_SPENT:
            reason, message = "evaluations", f"The optimizer has spent its evaluations of the cost {ended}."
        elif code == NO_DESCENT:
            reason, message = "no_descent", f"No step along the search direction lowered the cost {ended}."
        elif code == STALLED and stopping is not None:
            patience = int(stopping.patience)
            reason = "stalled"
            message = f"{stopping.monitor} did not improve for {patience} epochs: training stopped {ended}."
        elif self.interrupted:
            reason, message = "interrupted", f"Training was interrupted {ended}; the work is kept."
        else:
            whole = f"All {self.epochs} epochs are" if self.epochs > 1 else "The one epoch is"
            reason, message = "epochs", f"{whole} done ({step} steps)."
        if best:
            message += f" The model is that of epoch {best}, the best {stopping.monitor}."  # type: ignore[union-attr]
        return Stop(reason, epoch, step, message, best or None)

    def _why_not_finite(self, program: Program, state: TrainState) -> str:
        position = int(state.step) - self.start_step - int(state.epochs) * self.steps_per_epoch
        where = f"epoch {int(state.epochs) + 1}, step {position + 1} of {self.steps_per_epoch}"
        rate = float(program.optimizer.learning_rate_at(state.step, state.monitored.scale))
        if int(state.step) == self.start_step:
            why = "already at the first step: the initial weights or the inputs are too large; scale the inputs"
        elif math.isfinite(rate):
            why = f"most likely the learning rate {rate:g} is too high; try {rate / 10:g}"
        else:
            why = "most likely the steps are too long; lower the learning rate or clip gradients"
        return f"The cost or its gradient was not finite at {where}, {why}. The last good parameters are kept."
