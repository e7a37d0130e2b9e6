"""What a new training takes over from an earlier one."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from shinso._checks import real, whole_number
from shinso._numbers import device_array
from shinso.training._program import Program
from shinso.training._state import TrainState


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


def taken_over(start: Start, program: Program, state: TrainState) -> TrainState:
    """Return the first state with what `start` brings.

    Raises:
        TypeError, ValueError: a number of `start` is out of range, or its optimizer's state is that of another.
    """
    step = whole_number("step of start", start.step)
    if start.optimizer is not None:
        fresh, structure = jax.tree.flatten(state.optimizer)
        given = jax.tree.leaves(start.optimizer)
        if [leaf.shape for leaf in fresh] != [np.shape(leaf) for leaf in given]:
            raise ValueError(
                "optimizer of start must be the state of the same optimizer on a model of the same shapes."
            )
        leaves = [device_array(leaf, like.dtype) for like, leaf in zip(fresh, given, strict=True)]
        state = state._replace(optimizer=jax.tree.unflatten(structure, leaves))
    monitored = state.monitored._replace(unimproved=device_array(start.unimproved, jnp.int32))
    if start.best is not None and program.stopping is not None:
        best = program.stopping.sign * real("best of start", start.best)
        monitored = monitored._replace(best=device_array(best))
    return state._replace(step=device_array(step, jnp.int32), monitored=monitored)
