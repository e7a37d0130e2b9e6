"""The compiled training program: mini-batches, epochs, metrics, stopping, all on the device."""

from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Int

from shinso.objectives import Batch
from shinso.optim import RUNNING
from shinso.training._epoch_end import end_epoch
from shinso.training._mini_batches import n_examples
from shinso.training._probes import probe_is_due, take_probe
from shinso.training._program import MEMBERS, Program
from shinso.training._state import EACH, NOT_FINITE, ROWS, Keys, TrainState
from shinso.training._steps import make_steps


@eqx.filter_jit
def advance(
    program: Program,
    state: TrainState,
    data: Batch,
    evaluations: dict[str, Batch],
    keys: Keys,
    until: Int[Array, ""],
    epochs: Int[Array, ""],
) -> TrainState:
    """Train until `until` mini-batches in all have been used, `epochs` epochs are complete, or something stops training.

    Where a stretch begins and ends leaves no trace in the result: orders and keys are functions of the seed, the epoch
    and the position in it.
    """
    return _advanced(program, state, data, evaluations, keys, until, epochs)


@eqx.filter_jit
def advance_many(
    program: Program,
    state: TrainState,
    data: Batch,
    evaluations: dict[str, Batch],
    keys: Keys,
    until: Int[Array, ""],
    epochs: Int[Array, ""],
) -> TrainState:
    """Advance M networks side by side as `advance` does one; they share examples and order.

    Arrays of `program`, of `state` where `EACH` says so, and of `keys.noise` have a first axis of M; `data.weights` is `[N]`
    or `[M, N]`.
    """
    numbers, rest = eqx.partition(program, eqx.is_array)

    def one(numbers: Program, state: TrainState, data: Batch, keys: Keys) -> TrainState:
        return _advanced(eqx.combine(numbers, rest), state, data, evaluations, keys, until, epochs)

    axes = (0, EACH, Batch(None, None, 0 if data.weights.ndim == 2 else None), Keys(None, 0))  # type: ignore[arg-type]
    moved: TrainState = jax.vmap(one, axes, EACH, axis_name=MEMBERS)(numbers, state, data, keys)
    return moved


def _advanced(
    program: Program,
    state: TrainState,
    data: Batch,
    evaluations: dict[str, Batch],
    keys: Keys,
    until: Int[Array, ""],
    epochs: Int[Array, ""],
) -> TrainState:
    steps = program.steps_per_epoch(n_examples(data))

    def same(state: TrainState) -> TrainState:
        return state

    def unfinished(state: TrainState) -> Bool[Array, ""]:
        more = (state.epoch * steps + state.position < until) & (state.epoch < epochs) & (state.n_rows < ROWS)
        return more & program.any(state.code == RUNNING)

    def part_of_epoch(state: TrainState) -> TrainState:
        last = jnp.minimum(steps, until - state.epoch * steps)
        state = make_steps(program, state, data, keys, last)
        end = partial(end_epoch, program, data, evaluations)
        whole = (state.position == steps) & program.any(state.code != NOT_FINITE)
        later: TrainState = lax.cond(whole, end, same, state)
        return later

    plan = program.probes
    if plan is None:
        finished: TrainState = lax.while_loop(unfinished, part_of_epoch, state)
        return finished

    def due(state: TrainState) -> Bool[Array, ""]:
        return probe_is_due(program, plan, state, steps, epochs)

    def probe_or_go_on(state: TrainState) -> TrainState:
        probe = partial(take_probe, program, plan, data, evaluations, keys.noise)
        state = lax.cond(due(state), probe, same, state)
        later: TrainState = lax.cond(unfinished(state), part_of_epoch, same, state)
        return later

    probed: TrainState = lax.while_loop(lambda state: unfinished(state) | due(state), probe_or_go_on, state)
    return probed
