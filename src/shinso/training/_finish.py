"""The runs that a session ends with."""

import warnings

import jax

from shinso.objectives import Batch
from shinso.training._batch_norm_statistics import recalibrate_batch_norm
from shinso.training._ending import how_it_ended
from shinso.training._ensemble import Ensemble
from shinso.training._environment import environment
from shinso.training._run import Run
from shinso.training._session import Session
from shinso.training._state import EACH, TrainState
from shinso.training._timing import Timing


class TrainingWarning(UserWarning):
    """Training ended in a way that the person who started it should know of."""


def finish(session: Session) -> list[Run]:
    """Return each member's run, stored if there is a folder; warn if one did not end well."""
    runs = [_run_of(session, index) for index in range(len(session.members))]
    if session.folder is not None:
        session.checkpoint()
        together = session.program.axis is not None
        (Ensemble(tuple(runs), folder=session.folder) if together else runs[0]).save(session.folder)
    for run in runs:
        if run.stop.reason == "not_finite":
            warnings.warn(run.stop.message, TrainingWarning, stacklevel=3)
    return runs


def warn_of_long_schedules(session: Session) -> None:
    """Warn of a schedule that training will not see the end of: a rate meant to fall would stay high."""
    planned = max(member.program.optimizer.total_steps for member in session.members)
    total = session.epochs * session.steps_per_epoch
    if planned > total:
        warnings.warn(
            f"A schedule of the optimizer takes {planned} steps, training ends after {total}: "
            "give the schedule fewer steps or train for more epochs.",
            TrainingWarning,
            stacklevel=3,
        )


def _run_of(session: Session, index: int) -> Run:
    program, settings = session.members[index]
    state = _state_of(session, index)
    stop = how_it_ended(
        program,
        state,
        epochs=session.epochs,
        steps_per_epoch=session.steps_per_epoch,
        first_step=session.first_step,
        interrupted=session.interrupted,
        stopped=session.stopped,
    )
    averages = program.optimizer.averages(state.optimizer)
    params, buffers = state.params, state.buffers
    if stop.best_epoch is not None and state.best is not None:
        params, buffers, averages = state.best
    averaged = None
    if averages is not None:
        averaged = recalibrate_batch_norm(program.model(averages, buffers), session.data.inputs)
    return Run(
        model=program.model(params, buffers),
        averaged_model=averaged,
        objective=program.objective,
        optimizer=program.optimizer,
        history=session.histories[index],
        probes=session.probes_of(index),
        sets={"training": _data_of(session, index), **session.evaluations},
        stop=stop,
        settings=settings,
        timing=_timing(session, int(state.step) - session.first_step),
        environment=environment(),
        seed=settings["seed"],
        data=dict(session.describe),
        state=state,
        folder=session.folder,
    )


def _data_of(session: Session, index: int) -> Batch:
    """Return the examples with the weights that one member gave them."""
    weights = session.data.weights
    return session.data if weights.ndim == 1 else session.data._replace(weights=weights[index])


def _state_of(session: Session, index: int) -> TrainState:
    """Return the state of one member as if it had been trained alone."""
    if session.program.axis is None:
        return session.state
    own = [
        leaf if axis is None else jax.tree.map(lambda a: a[index], leaf)
        for leaf, axis in zip(session.state, EACH, strict=True)
    ]
    return TrainState(*own)


def _timing(session: Session, steps: int) -> Timing:
    whole, rest = divmod(steps, session.steps_per_epoch)
    examples = whole * session.examples + rest * session.program.batch_size
    return Timing(session.compile_seconds, session.train_seconds, steps, examples)
