"""Training: the host's side of the one loop."""

import contextlib
import functools
import math
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, PRNGKeyArray, PyTree

from shinso import nn
from shinso._checks import one_of, real, whole_number
from shinso.data import Dataset
from shinso.objectives import Batch, Categorical, Objective, SigmoidCrossEntropy, SigmoidQuadratic
from shinso.optim import BUDGET_SPENT, CONVERGED, NO_DESCENT, Optimizer, as_optimizer
from shinso.train._checkpoint import read_checkpoint, write_checkpoint
from shinso.train._device import device_named
from shinso.train._digest import digest_of
from shinso.train._environment import environment
from shinso.train._examples import as_batch
from shinso.train._folder import refuse_other_run
from shinso.train._history import History
from shinso.train._interrupt import Interrupt
from shinso.train._program import (
    NOT_FINITE,
    STALLED,
    Program,
    Shuffle,
    TrainState,
    advance,
    initial_state,
    n_examples,
)
from shinso.train._progress import Event, ProgressBar
from shinso.train._run import Run, Stop, Timing, recipe_or_none
from shinso.train._stopping import Stopping

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


def train(
    model: Callable[..., Any],
    objective: Objective,
    data: Any,
    *,
    optimizer: str | Optimizer | optax.GradientTransformation = "adam",
    learning_rate: Any = None,
    epochs: int = 50,
    batch_size: int | None = None,
    validation: Any = None,
    monitor: Mapping[str, Any] | None = None,
    metrics: Mapping[str, Callable[[Array, Array], Array]] | None = None,
    shuffle: Shuffle = "every_epoch",
    stopping: Stopping | None = None,
    trainable: Any = eqx.is_inexact_array,
    seed: int = 0,
    device: str | None = None,
    progress: bool | Callable[[Event], object] = False,
    folder: str | Path | None = None,
    checkpoint_seconds: float = 30.0,
    resume: bool = False,
    start: Start | None = None,
) -> Run:
    """Train a model: minimize E(θ) = Σ w_n L_n / Σ w_n + penalties over mini-batches, as one compiled program.

    Each epoch visits every example once, ⌈N / batch_size⌉ optimizer steps, the last on what is left over. A step whose
    cost or gradient is not finite is refused and ends training with the last good parameters. Ctrl-C ends training after
    the current stretch of steps and keeps the work; a second Ctrl-C raises `KeyboardInterrupt`.

    The same seed, settings, data, device and versions give the same bits, however training was interrupted and resumed.

    Args:
        model: an Equinox module on a batch, ``model(X, key=key) → outputs [N, K]`` (`key` is None in prediction), or one
            without `key`; wrap a per-example module as `shinso.nn.PerExample`.
        objective: likelihood and penalties.
        data: ``(X, y)``, ``(X, y, weights)``, a `Batch` or a `Dataset`, N examples; X is ``[N, …]``, y what the
            likelihood expects, weights ``[N]`` ≥ 0.
        optimizer: a name of `shinso.optim.NAMES`, an `Optimizer`, or any Optax transformation.
        learning_rate: for an optimizer given by name: a number > 0 or a `Schedule`; None means the rule's default. A
            schedule longer than the training is accepted with a `TrainingWarning`.
        epochs: passes over the data in all, ≥ 1.
        batch_size: 1 ≤ M ≤ N; None means min(128, N), or N for full-batch optimizers.
        validation: data, evaluated without noise after every epoch.
        monitor: further data by name, evaluated likewise.
        metrics: further metrics of validation and monitored data by name: ``(outputs [N, K], targets) → [N]``; the
            history has their weighted means.
        shuffle: a new order ``"every_epoch"``, one order drawn ``"once"``, or the stored order (``"none"``).
        stopping: early stopping or a lower rate on a stall; None trains for all epochs.
        trainable: which leaves may change: a predicate on leaves or a matching tree of booleans.
        seed: determines order and noise (not the model's initial weights, which the model already has).
        device: ``"cpu"``, ``"gpu"``, ``"gpu:1"``; None means JAX's default.
        progress: True shows a bar on stderr; a callable receives an `Event` after every stretch.
        folder: where the run is stored: a checkpoint while training, everything at its end.
        checkpoint_seconds: time between two checkpoints.
        resume: go on from the checkpoint in `folder`, which must belong to the same model, settings and data (`epochs`
            may grow).
        start: what to take over from an earlier training.

    Returns:
        The run; `Run.stop` says how it ended.

    Raises:
        TypeError, ValueError: an argument or the data are not accepted; one sentence says which, what came and what is
            accepted.
        FileExistsError: `folder` holds another run.
        OSError: the folder cannot be written; raised before training starts.
    """
    chosen = device_named(device)
    with contextlib.nullcontext() if chosen is None else jax.default_device(chosen):
        if not isinstance(objective, Objective):
            raise TypeError(f"objective must be a shinso.Objective; got {type(objective).__name__}.")
        training = as_batch("data", data, objective.likelihood)
        sets = {} if validation is None else {"validation": validation}
        sets |= dict(monitor or {})
        evaluations = {name: as_batch(name, one, objective.likelihood) for name, one in sets.items()}
        network = _as_model(model)
        for name, batch in {"data": training, **evaluations}.items():
            _check_fit(name, network, objective, batch)
        rule = as_optimizer(optimizer, **({} if learning_rate is None else {"learning_rate": learning_rate}))
        params, static = eqx.partition(network, trainable)
        if not jax.tree.leaves(params):
            raise ValueError("model has no trainable array of real numbers.")
        program = Program(
            objective=objective,
            optimizer=rule,
            stopping=stopping,
            static=static,
            metrics=dict(metrics or {}),
            batch_size=_batch_size(batch_size, n_examples(training), rule),
            shuffle=one_of("shuffle", shuffle, ("every_epoch", "once", "none")),  # type: ignore[arg-type]
        )
        columns = program.columns(evaluations)
        if stopping is not None:
            one_of("monitor of stopping", stopping.monitor, columns)
        settings = {
            "epochs": whole_number("epochs", epochs, least=1),
            "batch_size": program.batch_size,
            "shuffle": shuffle,
            "optimizer": rule.recipe,
            "objective": recipe_or_none(objective),
            "stopping": None if stopping is None else stopping.recipe,
            "seed": whole_number("seed", seed),
            "device": device,
        }
        session = _Session(
            program=program,
            data=training,
            evaluations=evaluations,
            key=jax.random.key(seed),
            columns=columns,
            epochs=epochs,
            settings=settings,
            describe=_describe(data, training, evaluations),
            folder=None if folder is None else Path(folder),
            checkpoint_seconds=real("checkpoint_seconds", checkpoint_seconds, least=0),
            state=initial_state(program, params, rule.init(params), len(columns), n_examples(training)),
            history=History(),
        )
        if start is None:
            session.compare_schedules()
        else:
            session.take_over(start)
        session.open_folder(resume=resume)
        bar: Any = contextlib.nullcontext(progress or None)
        with ProgressBar() if progress is True else bar as listener:
            session.run(listener)
        return session.finish()


def _as_model(model: Any) -> Any:
    """Return a module that can be called with `key`."""
    if not callable(model):
        raise TypeError(f"model must be an Equinox module that can be called with a batch; got {type(model).__name__}.")
    return model if nn.accepts_key(model) else nn.WithoutKey(model)


def _check_fit(name: str, model: Any, objective: Objective, batch: Batch) -> None:
    """Trace the objective on abstract values: shapes that do not fit are found before anything is compiled."""
    try:
        outputs = _output_shape(model, objective, batch)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name} and model do not fit: {error}") from error
    if len(outputs) != 2:
        raise ValueError(f"model must return outputs [N, K]; for {name} it returns shape {list(outputs)}.")
    classes = isinstance(objective.likelihood, Categorical | SigmoidQuadratic | SigmoidCrossEntropy)
    if classes and batch.targets.ndim == 1 and int(batch.targets.max()) >= outputs[1]:
        raise ValueError(
            f"targets of {name} must be class indices below {outputs[1]}, the model's outputs; "
            f"got {int(batch.targets.max())}."
        )


def _output_shape(model: Any, objective: Objective, batch: Batch) -> tuple[int, ...]:
    """Return the shape of the model's outputs, found by tracing what training will evaluate."""
    arrays, static = eqx.partition((model, objective, batch), eqx.is_array)
    leaves, structure = jax.tree.flatten(arrays)
    shapes = tuple(jax.typeof(leaf) for leaf in leaves)
    rest, rest_structure = jax.tree.flatten(static)
    return _traced_output_shape(shapes, structure, tuple(rest), rest_structure)


# Tracing takes as long as a thousand small steps; equal structures and shapes, as in a grid search, trace alike.
@functools.lru_cache(maxsize=256)
def _traced_output_shape(
    shapes: tuple[jax.ShapeDtypeStruct, ...], structure: Any, rest: tuple[Any, ...], rest_structure: Any
) -> tuple[int, ...]:
    static = jax.tree.unflatten(rest_structure, rest)

    def outputs(leaves: tuple[Array, ...]) -> Array:
        model, objective, batch = eqx.combine(jax.tree.unflatten(structure, leaves), static)
        found: Array = objective.value_and_outputs(model, batch, key=jax.random.key(0))[1]
        return found

    return tuple(jax.eval_shape(outputs, shapes).shape)


def _batch_size(size: int | None, examples: int, rule: Optimizer) -> int:
    if size is None:
        return examples if rule.full_batch else min(128, examples)
    whole_number("batch_size", size, least=1)
    if size > examples:
        raise ValueError(f"batch_size must be at most the number of training examples, {examples}; got {size}.")
    if rule.full_batch and size != examples:
        raise ValueError(
            f"{rule.recipe['name']} needs the full batch of {examples}; leave batch_size out (got {size})."
        )
    return size


def _describe(data: Any, training: Batch, evaluations: dict[str, Batch]) -> dict[str, Any]:
    """Return what is known of the data as plain data."""
    leaves = jax.tree.leaves(training.inputs)
    described: dict[str, Any] = {
        "name": "arrays",
        "kind": None,
        "n_training": n_examples(training),
        "n_validation": n_examples(evaluations["validation"]) if "validation" in evaluations else 0,
        "n_test": 0,
        "input_shape": list(leaves[0].shape[1:]) if len(leaves) == 1 else None,
        "classes": None,
        "feature_names": None,
        "encoder": None,
    }
    if isinstance(data, Dataset):
        described |= {
            "name": data.name,
            "kind": data.kind,
            "classes": None if data.classes is None else list(data.classes),
            "feature_names": None if data.feature_names is None else list(data.feature_names),
        }
    return described


@dataclass
class _Session:
    """One call of `train`: the state, and the host's work between stretches."""

    program: Program
    data: Batch
    evaluations: dict[str, Batch]
    key: PRNGKeyArray
    columns: list[str]
    epochs: int
    settings: dict[str, Any]
    describe: dict[str, Any]
    folder: Path | None
    checkpoint_seconds: float
    state: TrainState
    history: History
    compile_seconds: float = 0.0
    train_seconds: float = 0.0
    interrupted: bool = False
    start_step: int = 0

    @property
    def steps_per_epoch(self) -> int:
        return self.program.steps_per_epoch(n_examples(self.data))

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
        course, total = self.program.optimizer.course, self.epochs * self.steps_per_epoch
        if course > total:
            warnings.warn(
                f"A schedule of the optimizer takes {course} steps, training ends after {total}: "
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
            self.state, self.history, self.train_seconds = read_checkpoint(self.folder, self.state, self.belongs)
        else:
            refuse_other_run(self.folder)
            self.folder.mkdir(parents=True, exist_ok=True)
            self.checkpoint()

    @functools.cached_property
    def belongs(self) -> dict[str, Any]:
        """What must be the same for a checkpoint to be continued: everything but the number of epochs."""
        same = {name: value for name, value in self.settings.items() if name not in ("epochs", "device")}
        digests = {"data": digest_of(self.data), "evaluation data": digest_of(self.evaluations)}
        return {**same, **digests, "real numbers": str(jnp.zeros(()).dtype)}

    def checkpoint(self) -> None:
        if self.folder is not None:
            write_checkpoint(self.folder, self.state, self.history, self.train_seconds, self.belongs)

    def run(self, listener: Callable[[Event], object] | None) -> None:
        """Train to the end: stretches of steps, and between them progress, checkpoints and Ctrl-C."""
        began = time.perf_counter()
        # Asking for no step at all compiles the program and runs nothing: so compiling is timed by itself.
        self.advance(int(self.state.step))
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
        return int(self.state.code) != 0 or int(self.state.epoch) >= self.epochs

    def advance(self, until: int) -> None:
        state = advance(
            self.program,
            self.state,
            self.data,
            self.evaluations,
            self.key,
            jnp.asarray(until, jnp.int32),
            jnp.asarray(self.epochs, jnp.int32),
        )
        self.state = jax.tree.map(lambda leaf: leaf.block_until_ready(), state)

    def _stretches(self) -> Iterator[tuple[tuple[dict[str, float], ...], float]]:
        """Advance stretch by stretch; each is made as long as it takes to last `STRETCH_SECONDS`."""
        stretch = 1
        while not self.done:
            before, began = int(self.state.step), time.perf_counter()
            self.advance(before + stretch)
            seconds = time.perf_counter() - began
            made = max(int(self.state.step) - before, 1)
            rows = self._collect(before, seconds)
            self.train_seconds += seconds
            left = self.epochs * self.steps_per_epoch - int(self.state.step) + self.start_step
            stretch = int(np.clip(STRETCH_SECONDS * made / seconds, 1, 10 * stretch))
            yield rows, left * seconds / made

    def _collect(self, before: int, seconds: float) -> tuple[dict[str, float], ...]:
        """Take the rows that the device has written."""
        n = int(self.state.n_rows)
        if n == 0:
            return ()
        table = np.asarray(self.state.rows)[:n]
        self.state = self.state._replace(n_rows=jnp.zeros((), jnp.int32))
        made = max(int(self.state.step) - before, 1)
        rows = []
        for values in table:
            epoch = len(self.history) + 1
            step = epoch * self.steps_per_epoch + self.start_step
            share = min(max((step - before) / made, 0.0), 1.0)
            row = {"epoch": epoch, "step": step, "seconds": self.train_seconds + share * seconds}
            row |= {name: float(value) for name, value in zip(self.columns, values, strict=True)}
            if math.isnan(row["learning_rate"]):
                del row["learning_rate"]
            self.history.rows.append(row)
            rows.append(row)
        return tuple(rows)

    def _tell(
        self, listener: Callable[[Event], object] | None, rows: tuple[dict[str, float], ...], remaining: float
    ) -> None:
        if listener is not None:
            event = Event(
                step=int(self.state.step) - self.start_step,
                steps=self.epochs * self.steps_per_epoch,
                epoch=int(self.state.epoch),
                epochs=self.epochs,
                rows=rows,
                compile_seconds=self.compile_seconds,
                train_seconds=self.train_seconds,
                remaining_seconds=remaining,
            )
            listener(event)

    def finish(self) -> Run:
        """Return the run, stored if there is a folder; warn if it did not end well."""
        stop = self._stop()
        state, static = self.state, self.program.static
        averages = self.program.optimizer.averages(state.optimizer)
        params = state.params
        if stop.best_epoch is not None:
            params, averages = state.best_params, state.best_averages
        steps = int(self.state.step) - self.start_step
        run = Run(
            model=eqx.combine(params, static),
            averaged_model=None if averages is None else eqx.combine(averages, static),
            objective=self.program.objective,
            optimizer=self.program.optimizer,
            history=self.history,
            stop=stop,
            settings=self.settings,
            timing=Timing(self.compile_seconds, self.train_seconds, steps, self._examples_seen(steps)),
            environment=environment(),
            seed=self.settings["seed"],
            data=self.describe,
            state=self.state,
            folder=self.folder,
        )
        if self.folder is not None:
            self.checkpoint()
            run.save(self.folder)
        if stop.reason == "not_finite":
            warnings.warn(stop.message, TrainingWarning, stacklevel=3)
        return run

    def _examples_seen(self, steps: int) -> int:
        whole, rest = divmod(steps, self.steps_per_epoch)
        return whole * n_examples(self.data) + rest * self.program.batch_size

    def _stop(self) -> Stop:
        state, stopping = self.state, self.program.stopping
        epoch, step = int(state.epoch), int(state.step)
        best = int(state.monitored.best_epoch) if stopping is not None and stopping.restore_best else 0
        ended = f"after {epoch} epochs ({step} steps)"
        code = int(state.code)
        if code == NOT_FINITE:
            reason, message = "not_finite", self._why_not_finite()
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

    def _why_not_finite(self) -> str:
        state = self.state
        where = f"epoch {int(state.epoch) + 1}, step {int(state.position) + 1} of {self.steps_per_epoch}"
        rate = float(self.program.optimizer.learning_rate_at(state.step, state.monitored.scale))
        if int(state.step) == self.start_step:
            why = "already at the first step: the initial weights or the inputs are too large; scale the inputs"
        elif math.isfinite(rate):
            why = f"most likely the learning rate {rate:g} is too high; try {rate / 10:g}"
        else:
            why = "most likely the steps are too long; lower the learning rate or clip gradients"
        return f"The cost or its gradient was not finite at {where}, {why}. The last good parameters are kept."
