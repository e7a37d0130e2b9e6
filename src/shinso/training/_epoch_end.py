"""The end of an epoch: its row of metrics, and whether it was the best so far or one too many."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from shinso.objectives import Batch
from shinso.optim import RUNNING
from shinso.training._fresh_buffers import fresh_buffers
from shinso.training._mean_metrics import mean_metrics
from shinso.training._mini_batches import n_examples
from shinso.training._program import Program
from shinso.training._state import NOT_FINITE, STALLED, Monitored, Network, TrainState
from shinso.training._stopping import Stopping


def end_epoch(program: Program, data: Batch, evaluations: dict[str, Batch], state: TrainState) -> TrainState:
    """Write the epoch's row, judge progress, and get ready for the next epoch."""
    sums = state.sums
    steps = state.position
    # Of networks side by side, one that has ended made no step in this epoch, or the last one was refused.
    ended = (sums.examples == 0) | (state.code == NOT_FINITE)
    row = [
        sums.cost / sums.examples,
        sums.loss / sums.weight,
        sums.score / sums.weight,
        sums.gradient_norm / steps,
        program.optimizer.learning_rate_at(state.step - 1, state.monitored.scale),
    ]
    network = Network(state.params, state.buffers, program.optimizer.averages(state.optimizer))
    own = row[:3]
    if program.judges_by_training:
        own = _own_figures(program, program.model(network.params, network.buffers), data)
        row += [] if "training" in evaluations else own
    for model in _models(program, network, data) if evaluations else ():
        for name in sorted(evaluations):
            row += mean_metrics(program, model, evaluations[name])
    state = state._replace(
        epoch=state.epoch + 1,
        epochs=jnp.where(ended, state.epochs, state.epochs + 1),
        position=jnp.zeros_like(state.position),
        sums=jax.tree.map(jnp.zeros_like, sums),
        rows=state.rows.at[state.n_rows].set(jnp.stack([value.astype(state.rows.dtype) for value in row])),
        n_rows=state.n_rows + 1,
    )
    if program.stopping is None:
        return state
    place = program.columns(evaluations).index(program.stopping.monitor)
    value = own[place] if place < len(own) else row[place]
    judged = _judge(program.stopping, value, network, state)
    if program.axis is None:
        return judged
    both = [(one.monitored, one.best, one.code) for one in (state, judged)]
    monitored, best, code = jax.tree.map(partial(jnp.where, ended), *both)
    return state._replace(monitored=monitored, best=best, code=code)


def _own_figures(program: Program, model: Callable[..., Any], data: Batch) -> list[Float[Array, ""]]:
    """Return cost, loss and score of a model on the training data, without noise."""
    loss, score = mean_metrics(program, model, data)[:2]
    per_batch = jnp.sum(data.weights) * program.batch_size / n_examples(data)
    cost = sum((penalty(model, per_batch) for penalty in program.objective.penalties), start=loss)
    return [cost, loss, score]


def _models(program: Program, network: Network, data: Batch) -> list[Callable[..., Any]]:
    """Return the model and, if there are averages, the averaged model, its buffers made anew from the training data."""
    models = [program.model(network.params, network.buffers)]
    if network.averages is not None:
        models.append(fresh_buffers(program.model(network.averages, network.buffers), data.inputs, program.batch_size))
    return models


def _judge(stopping: Stopping, value: Float[Array, ""], network: Network, state: TrainState) -> TrainState:
    """Compare the monitored value with the best so far: remember, count, slow down or stop."""
    before = state.monitored
    value = stopping.sign * value.astype(before.best.dtype)
    better = value < before.best
    enough = value <= before.best - stopping.min_delta
    unimproved = jnp.where(enough, 0, before.unimproved + 1)
    stalled = unimproved >= stopping.patience
    slower = stalled & (stopping.factor > 0) & (before.scale > stopping.smallest)
    monitored = Monitored(
        best=jnp.where(better, value, before.best),
        best_epoch=jnp.where(better, state.epochs, before.best_epoch),
        unimproved=jnp.where(slower, 0, unimproved),
        scale=jnp.where(slower, before.scale * stopping.factor, before.scale),
    )
    best = state.best
    if stopping.restore_best:
        best = jax.tree.map(partial(jnp.where, better), network, best)
    code = jnp.where(stalled & ~slower & (state.code == RUNNING), STALLED, state.code)
    return state._replace(monitored=monitored, best=best, code=code)
