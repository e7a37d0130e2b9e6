"""Training: the door to the one loop."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import optax

from shinso._checks import real
from shinso._interrupt import Interrupt
from shinso.objectives import Objective
from shinso.optim import Optimizer
from shinso.training._finish import finish, warn_of_long_schedules
from shinso.training._mini_batches import Shuffle
from shinso.training._progress import Progress, listening
from shinso.training._run import Run
from shinso.training._session import Session
from shinso.training._setup import Setup, checked_sets, metrics_of, on_device
from shinso.training._start import Start, taken_over
from shinso.training._state import keys_of
from shinso.training._stopping import Stopping


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
    shuffle: Shuffle = "every_epoch",
    stopping: Stopping | None = None,
    trainable: Any = None,
    seed: int = 0,
    device: str | None = None,
    progress: Progress = False,
    folder: str | Path | None = None,
    checkpoint_seconds: float = 30.0,
    resume: bool = False,
    probes: str = "light",
    start: Start | None = None,
) -> Run:
    """Return a trained model's run: E(θ) = Σ w_n L_n / Σ w_n + penalties minimized over mini-batches, one compiled program.

    Each epoch visits every example once, ⌈N / batch_size⌉ optimizer steps, the last on what is left over. A step whose
    cost or gradient is not finite is refused and ends training with the last good parameters. Ctrl-C or SIGTERM ends
    training after the current stretch of steps, or when the program is compiled, and keeps the work; a second one ends at
    once.

    The same seed, settings, data, device and versions give the same bits, however training was interrupted and resumed.

    Args:
        model: an Equinox module on a batch, ``model(X, key=key) → outputs [N, K]`` (`key` is None in prediction), or one
            without `key`; wrap a per-example module as `shinso.nn.PerExample`. Outputs for every step of a sequence,
            `[N, T, K]` or `Sequences`, are scored step by step against targets `[N, T]` or `[N, T, …]`.
        objective: likelihood and penalties.
        data: ``(X, y)``, ``(X, y, weights)``, a `Batch` or a `Dataset`, N examples; X is ``[N, …]``, y what the
            likelihood expects, weights ``[N]`` ≥ 0.
        optimizer: a name of `shinso.optim.OPTIMIZERS`, an `Optimizer`, or any Optax transformation.
        learning_rate: for an optimizer given by name: a number > 0 or a `Schedule`; None means the rule's default. A
            schedule longer than the training is accepted with a `TrainingWarning`.
        epochs: passes over the data in all, ≥ 1.
        batch_size: 1 ≤ M ≤ N; None means min(128, N), or N for full-batch optimizers.
        validation: data, evaluated without noise after every epoch.
        monitor: further data by name, evaluated likewise; ``{"training": data}`` gives loss and score of the training data
            by the parameters of the epoch's end, as Nielsen's network2 monitors them. And further metrics of validation and
            monitored data by name: functions ``(outputs [N, K], targets) → [N]``, whose weighted means the history has.
        shuffle: a new order ``"every_epoch"``, one order drawn ``"once"``, or the stored order (``"none"``).
        stopping: early stopping by a loss or a score, or a lower rate on a stall; None trains for all epochs.
        trainable: which parameters may change: a predicate on leaves or a matching tree of booleans; None means all
            arrays of real numbers. Buffers, such as statistics of batch normalization, are carried along in any case.
        seed: determines order and noise (not the model's initial weights, which the model already has).
        device: ``"cpu"``, ``"gpu"``, ``"gpu:1"``; None means JAX's default.
        progress: True shows a bar on stderr; a callable receives an `Event` after every stretch (see `tracker` for those
            of TensorBoard and others); several are given as a list. `StopIteration` raised in one ends training, and the
            run is returned all the same.
        folder: where the run is stored: a checkpoint while training, everything at its end. It may hold a run that had
            not come to its first checkpoint.
        checkpoint_seconds: time between two checkpoints.
        resume: go on from the checkpoint in `folder`, which must belong to the same model, settings and data (`epochs`
            may grow); without one yet, start anew.
        probes: what is measured on the way, besides the cost: ``"light"`` (gradient, weights and step of every layer, state
            of its units, on a few examples), ``"full"`` (gradient noise scale and validation cost too), ``"off"``; see
            `Run.probes`.
        start: what to take over from an earlier training.

    Returns:
        The run; `Run.stop` says how it ended.

    Raises:
        TypeError, ValueError: an argument or the data are not accepted; one sentence says which, what came and what is
            accepted.
        FileExistsError: `folder` holds another run.
        OSError: the folder cannot be written; raised before training starts.
    """
    with Interrupt() as interrupt, on_device(device):
        setting = Setup(
            checked_sets(objective, data, validation, monitor),
            data,
            epochs=epochs,
            batch_size=batch_size,
            metrics=metrics_of(monitor),
            shuffle=shuffle,
            trainable=trainable,
            device=device,
            probes=probes,
        )
        member, state = setting.member(model, objective, optimizer, learning_rate, stopping, seed)
        session = Session(
            program=member.program,
            members=[member],
            data=setting.sets.training,
            evaluations=setting.sets.evaluations,
            keys=keys_of(seed),
            epochs=epochs,
            describe=setting.describe,
            state=state,
            folder=None if folder is None else Path(folder),
            checkpoint_seconds=real("checkpoint_seconds", checkpoint_seconds, least=0),
        )
        if start is None:
            warn_of_long_schedules(session)
        else:
            session.state, session.first_step = taken_over(start, member.program, state), start.step
        session.open_folder(resume=resume)
        with listening(progress) as listener:
            session.run(listener, interrupt)
        return finish(session)[0]
