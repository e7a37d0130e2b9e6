"""How a training ended, from the state it ended in."""

import math

from shinso.optim import BUDGET_SPENT, CONVERGED, NO_DESCENT
from shinso.training._program import Program
from shinso.training._state import NOT_FINITE, STALLED, TrainState
from shinso.training._stop import Stop


def how_it_ended(
    program: Program,
    state: TrainState,
    *,
    epochs: int,
    steps_per_epoch: int,
    first_step: int,
    interrupted: bool,
    stopped: bool,
) -> Stop:
    """Return the end of a training in words.

    Args:
        program: what was trained.
        state: as training left it.
        epochs: that were asked for.
        steps_per_epoch: optimizer updates an epoch.
        first_step: updates made before, by the training that this one goes on from.
        interrupted: whether Ctrl-C came before the end.
        stopped: whether what listens to the progress asked for the end.
    """
    stopping = program.stopping
    epoch, step = int(state.epochs), int(state.step)
    ended = f"after {epoch} epochs ({step} steps)"
    by_code = {
        CONVERGED: ("converged", f"The optimizer converged {ended}."),
        BUDGET_SPENT: ("evaluations", f"The optimizer has spent its evaluations of the cost {ended}."),
        NO_DESCENT: ("no_descent", f"No step along the search direction lowered the cost {ended}."),
    }
    code = int(state.code)
    if code == NOT_FINITE:
        reason, message = "not_finite", _why_not_finite(program, state, steps_per_epoch, first_step)
    elif code == STALLED and stopping is not None:
        reason = "stalled"
        waited = f"{stopping.monitor} did not improve for {int(stopping.patience)} epochs"
        message = f"{waited}: training stopped {ended}."
    elif code in by_code:
        reason, message = by_code[code]
    elif interrupted:
        reason, message = "interrupted", f"Training was interrupted {ended}; the work is kept."
    elif stopped and epoch < epochs:
        reason, message = "stopped", f"Training was stopped by what listens to its progress {ended}."
    else:
        whole = f"All {epochs} epochs are" if epochs > 1 else "The one epoch is"
        reason, message = "epochs", f"{whole} done ({step} steps)."
    best = int(state.monitored.best_epoch) if stopping is not None and stopping.restore_best else 0
    if best and stopping is not None:
        message += f" The model is that of epoch {best}, the best {stopping.monitor}."
    return Stop(reason, epoch, step, message, best or None)


def _why_not_finite(program: Program, state: TrainState, steps_per_epoch: int, first_step: int) -> str:
    position = int(state.step) - first_step - int(state.epochs) * steps_per_epoch
    where = f"epoch {int(state.epochs) + 1}, step {position + 1} of {steps_per_epoch}"
    rate = float(program.optimizer.learning_rate_at(state.step, state.monitored.scale))
    if int(state.step) == first_step:
        why = "already at the first step: the initial weights or the inputs are too large; scale the inputs"
    elif math.isfinite(rate):
        why = f"most likely the learning rate {rate:g} is too high; try {rate / 10:g}"
    else:
        why = "most likely the steps are too long; lower the learning rate or clip gradients"
    return f"The cost or its gradient was not finite at {where}, {why}. The last good parameters are kept."
