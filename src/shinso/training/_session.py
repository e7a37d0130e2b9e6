"""One call of `train` or `train_many`: the state, and the host's work between stretches."""

import functools
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from shinso._interrupt import Interrupt
from shinso._numbers import device_array
from shinso._stretches import Stretches
from shinso.objectives import Batch
from shinso.training._advance import advance, advance_many
from shinso.training._checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from shinso.training._digest import digest_of
from shinso.training._folder import can_go_on, make_writable, refuse_other_run
from shinso.training._history import History
from shinso.training._probe_plan import PLACE
from shinso.training._program import Program
from shinso.training._progress import Event
from shinso.training._state import Keys, TrainState

Listener = Callable[[Event], object]
Rows = tuple[dict[str, float], ...]


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
    first_step: int = 0
    compile_seconds: float = 0.0
    train_seconds: float = 0.0
    interrupted: bool = False
    stopped: bool = False
    histories: list[History] = field(default_factory=list)
    probes: list[History] = field(default_factory=list)
    last_probes: list[dict[str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.columns = self.program.columns(self.evaluations)
        self.histories = [History() for _ in self.members]
        self.probes = [History() for _ in self.members]

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

    @property
    def done(self) -> bool:
        return bool(np.all(np.asarray(self.state.code) != 0)) or int(self.state.epoch) >= self.epochs

    def open_folder(self, *, resume: bool) -> None:
        """Make sure that the folder can be written, and read the checkpoint to resume from, before any work.

        A run that was ended before its first checkpoint starts anew.
        """
        if self.folder is None:
            if resume:
                raise ValueError("resume=True needs the folder of the run to resume.")
            return
        if not resume:
            refuse_other_run(self.folder)
        elif can_go_on(self.folder):
            at = read_checkpoint(self.folder, self.state, self.belongs)
            self.state, self.histories, self.probes = at.state, list(at.histories), list(at.probes)
            self.train_seconds, self.first_step = at.seconds, at.first_step
        make_writable(self.folder)

    @functools.cached_property
    def belongs(self) -> dict[str, Any]:
        """What must be the same for a checkpoint to be continued: everything but the number of epochs."""
        each = [member.settings for member in self.members]
        names = [name for name in each[0] if name not in ("epochs", "device")]
        same = {name: each[0][name] if len(each) == 1 else [one[name] for one in each] for name in names}
        digests = {"data": digest_of(self.data), "evaluation data": digest_of(self.evaluations)}
        return {**same, **digests, "real numbers": str(jnp.result_type(float))}

    def checkpoint(self) -> None:
        if self.folder is not None:
            at = Checkpoint(self.state, self.histories, self.probes, self.train_seconds, self.first_step)
            write_checkpoint(self.folder, at, self.belongs)

    def run(self, listener: Listener | None, interrupt: Interrupt) -> None:
        """Train to the end: stretches of steps, and between them progress, checkpoints and Ctrl-C."""
        if not interrupt.requested:
            began = time.perf_counter()
            # Asking for no step at all compiles the program and runs nothing: so compiling is timed by itself.
            self._advance(self.made)
            self.compile_seconds = time.perf_counter() - began
            self._tell(listener, (), math.nan)
        stretches, saved = Stretches(interrupt), time.monotonic()
        while not self.done and stretches.over is None and not self.stopped:
            rows, remaining = self._stretch(stretches)
            self._tell(listener, rows, remaining)
            if time.monotonic() - saved >= self.checkpoint_seconds:
                self.checkpoint()
                saved = time.monotonic()
        self.interrupted = not self.done and not self.stopped

    def _advance(self, until: int) -> None:
        move = advance if self.program.axis is None else advance_many
        limits = [device_array(number, jnp.int32) for number in (until, self.epochs)]
        state = move(self.program, self.state, self.data, self.evaluations, self.keys, *limits)
        self.state = jax.tree.map(lambda leaf: leaf.block_until_ready(), state)
        self._collect_probes()

    def _stretch(self, stretches: Stretches) -> tuple[Rows, float]:
        """Advance by one stretch; return the rows completed and the seconds that are left."""
        before, began = self.made, time.perf_counter()
        self._advance(before + stretches.size)
        seconds = time.perf_counter() - began
        made = max(self.made - before, 1)
        rows = self._collect(before, seconds)
        self.train_seconds += seconds
        stretches.made(made, seconds)
        return rows, (self.epochs * self.steps_per_epoch - self.made) * seconds / made

    def _collect(self, before: int, seconds: float) -> Rows:
        """Take the rows that the device has written; return those of the first member that is still training."""
        n = int(self.state.n_rows)
        if n == 0:
            return ()
        made = max(self.made - before, 1)
        first = int(self.state.epoch) - n + 1
        steps = np.arange(first, first + n) * self.steps_per_epoch
        ends = self.train_seconds + np.clip((steps - before) / made, 0, 1) * seconds
        table = np.asarray(self.state.rows).reshape(len(self.members), -1, len(self.columns))
        told: Rows = ()
        for history, epochs, values in zip(self.histories, np.ravel(self.state.epochs), table, strict=True):
            rows = [self._row(first + i, float(ends[i]), values[i]) for i in range(min(n, int(epochs) - len(history)))]
            history.rows += rows
            told = told or tuple(rows)
        self.state = self.state._replace(n_rows=device_array(0, jnp.int32))
        return told

    def _collect_probes(self) -> None:
        """Take the probes that the device has written; one at an end is no part of a training that goes on."""
        n, plan = int(self.state.n_probes), self.program.probes
        if n == 0 or plan is None:
            return
        table = np.asarray(self.state.probes).reshape(len(self.members), -1, len(PLACE) + len(plan.names))
        self.last_probes = []
        for history, epochs, rows in zip(self.probes, np.ravel(self.state.epochs), table[:, :n], strict=True):
            for epoch, position, *values in rows.tolist():
                step = int(epoch) * self.steps_per_epoch + int(position) + self.first_step
                row: dict[str, float] = {"epoch": min(int(epoch), int(epochs)), "step": step}
                row |= zip(plan.names, values, strict=True)
                regular = position == 0 and epoch % plan.every == 0
                if regular and (not len(history) or history.rows[-1]["epoch"] < row["epoch"]):
                    history.rows.append(row)
            self.last_probes.append(row)
        self.state = self.state._replace(n_probes=jnp.zeros((), jnp.int32))

    def probes_of(self, index: int) -> History:
        """Return a member's probes, that of its end included."""
        rows = list(self.probes[index].rows)
        if self.last_probes and (not rows or rows[-1]["step"] < self.last_probes[index]["step"]):
            rows.append(self.last_probes[index])
        return History(rows)

    def _row(self, epoch: int, seconds: float, values: np.ndarray) -> dict[str, float]:
        step = epoch * self.steps_per_epoch + self.first_step
        row = {"epoch": epoch, "step": step, "seconds": seconds}
        row |= {name: float(value) for name, value in zip(self.columns, values, strict=True)}
        if math.isnan(row["learning_rate"]):
            del row["learning_rate"]
        return row

    def _tell(self, listener: Listener | None, rows: Rows, remaining: float) -> None:
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
            try:
                listener(event)
            except StopIteration:
                self.stopped = True
