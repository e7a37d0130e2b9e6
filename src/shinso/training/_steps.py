"""Steps within an epoch: propose one, and take it if it is finite."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

from shinso import nn
from shinso.objectives import Batch
from shinso.optim import RUNNING, MiniBatchCost, Step
from shinso.training._mean_metrics import loss_score_weight, mean_metrics
from shinso.training._mini_batches import mini_batch, n_examples, order_of
from shinso.training._program import Program, problem_of
from shinso.training._state import NOT_FINITE, Keys, Sums, TrainState


def make_steps(program: Program, state: TrainState, data: Batch, keys: Keys, last: Int[Array, ""]) -> TrainState:
    """Make steps within one epoch until `last` of its mini-batches have been used."""
    order = state.order
    if order is not None:
        # Drawn once an epoch, not once a stretch: sorting 50,000 numbers takes as long as a hundred small steps.
        fresh = partial(order_of, program.shuffle, program.batch_size, n_examples(data), keys.order, state.epoch)
        order = lax.cond(state.position == 0, fresh, lambda: state.order)
        state = state._replace(order=order)

    def step(state: TrainState) -> TrainState:
        batch, examples = mini_batch(program.batch_size, data, order, state.position)
        propose = _full_batch_step if program.optimizer.full_batch else _mini_batch_step
        new, loss, score, weight, buffers = propose(program, state, batch, jax.random.fold_in(keys.noise, state.step))
        gained = Sums(new.cost * examples, examples, loss, score, weight, new.gradient_norm)
        sums = jax.tree.map(lambda old, more: old + more.astype(old.dtype), state.sums, gained)
        running = state.code == RUNNING
        good = new.finite & running
        # The proposed step is refused as a whole where it is not finite: the last good parameters are never touched.
        params, buffers, optimizer, sums = jax.tree.map(
            partial(jnp.where, good),
            (new.params, buffers, new.state, sums),
            (state.params, state.buffers, state.optimizer, state.sums),
        )
        code = jnp.where(new.finite, new.result, NOT_FINITE)
        return state._replace(
            params=params,
            buffers=buffers,
            optimizer=optimizer,
            step=state.step + good.astype(jnp.int32),
            position=state.position + 1,
            sums=sums,
            code=jnp.where(running, code, state.code).astype(jnp.int32),
        )

    def unfinished(state: TrainState) -> Bool[Array, ""]:
        return (state.position < last) & program.any(state.code == RUNNING)

    made: TrainState = lax.while_loop(unfinished, step, state)
    return made


Proposed = tuple[Step, Float[Array, ""], Float[Array, ""], Float[Array, ""], PyTree]
"""A step, Σ w L, Σ w score and Σ w of what it looked at, and the buffers after it."""


def _mini_batch_step(program: Program, state: TrainState, batch: Batch, noise: PRNGKeyArray) -> Proposed:
    """Propose a step on the cost of one mini-batch."""

    def cost(params: PyTree) -> tuple[Float[Array, ""], Any]:
        model = program.model(params, state.buffers)
        value, outputs, updated = program.objective.value_outputs_and_model(model, batch, key=noise)
        return value, (*loss_score_weight(program.objective, outputs, batch), nn.buffers(updated))

    given = MiniBatchCost(cost, partial(problem_of, program, state, batch), jax.random.fold_in(noise, 1))
    new = program.optimizer.step(given, state.params, state.optimizer, state.step, state.monitored.scale)
    loss, score, weight, buffers = new.auxiliary
    return new, loss, score, weight, buffers


def _full_batch_step(program: Program, state: TrainState, batch: Batch, noise: PRNGKeyArray) -> Proposed:
    """Propose a step on the cost of all examples, without noise, chunk by chunk."""
    del noise
    problem: Any = problem_of(program, state, batch)
    new = program.optimizer.step(problem, state.params, state.optimizer, state.step, state.monitored.scale)
    loss, score = mean_metrics(program, program.model(new.params, state.buffers), batch)[:2]
    weight = problem.total
    return new, loss * weight, score * weight, weight, state.buffers
