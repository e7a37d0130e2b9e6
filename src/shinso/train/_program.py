"""The compiled training program: mini-batches, epochs, metrics, stopping, all on the device."""

from collections.abc import Callable
from functools import partial
from typing import Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

from shinso.objectives import Batch, Objective
from shinso.optim import RUNNING, Optimizer
from shinso.train._stopping import Stopping

Shuffle = Literal["every_epoch", "once", "none"]

STALLED, NOT_FINITE = 4, 5
"""Why training ended, after the codes with which an optimizer says that it is done."""
ROWS = 64
"""Epochs whose metrics one stretch can hold before the host has to read them."""
EVALUATION_CHUNK = 500
"""Examples evaluated at a time: bounds the memory that a validation set takes."""


class Sums(NamedTuple):
    """What an epoch has added up so far."""

    cost: Float[Array, ""]
    examples: Float[Array, ""]
    loss: Float[Array, ""]
    score: Float[Array, ""]
    weight: Float[Array, ""]
    gradient_norm: Float[Array, ""]


class Monitored(NamedTuple):
    """How the monitored column has fared; `best` has the sign that makes lower better."""

    best: Float[Array, ""]
    best_epoch: Int[Array, ""]
    unimproved: Int[Array, ""]
    scale: Float[Array, ""]


class TrainState(NamedTuple):
    """Everything that changes while training; with the settings and the data it determines every later bit."""

    params: PyTree
    optimizer: PyTree
    step: Int[Array, ""]
    epoch: Int[Array, ""]
    position: Int[Array, ""]
    order: Int[Array, "M"] | None
    sums: Sums
    monitored: Monitored
    best_params: PyTree
    best_averages: PyTree
    code: Int[Array, ""]
    rows: Float[Array, "R C"]
    n_rows: Int[Array, ""]


class Program(eqx.Module):
    """What stays the same while training. Numbers are traced leaves; everything else is part of what is compiled."""

    objective: Objective
    optimizer: Optimizer
    stopping: Stopping | None
    static: PyTree
    metrics: dict[str, Callable[[Array, Array], Array]]
    batch_size: int = eqx.field(static=True)
    shuffle: Shuffle = eqx.field(static=True)

    def columns(self, evaluations: dict[str, Batch]) -> list[str]:
        """Return the names of the metrics in one history row, in order."""
        score = self.objective.likelihood.score_name
        names = ["cost", "loss", score, "gradient_norm", "learning_rate"]
        metrics = ("loss", score, *sorted(self.metrics))
        names += [f"{name}_{metric}" for name in sorted(evaluations) for metric in metrics]
        if self.optimizer.keeps_averages:
            names += [f"averaged_{name}_{metric}" for name in sorted(evaluations) for metric in metrics]
        return names

    def steps_per_epoch(self, examples: int) -> int:
        """Return ⌈N / batch size⌉: the last mini-batch may be smaller."""
        return -(-examples // self.batch_size)

    def needs_order(self, examples: int) -> bool:
        """Return whether an epoch is anything but the stored examples, mini-batch after whole mini-batch."""
        steps = self.steps_per_epoch(examples)
        return steps * self.batch_size != examples or (self.shuffle != "none" and steps > 1)


def n_examples(batch: Batch) -> int:
    """Return N, the length of the leading axis."""
    return int(batch.weights.shape[0])


def initial_state(program: Program, params: PyTree, optimizer: PyTree, columns: int, examples: int) -> TrainState:
    """Return the state before the first step; all dtypes are strong, so that no later stretch compiles again."""
    zero = jnp.zeros((), dtype=float)
    none = jnp.zeros((), jnp.int32)
    restore = program.stopping is not None and program.stopping.restore_best
    return TrainState(
        params=params,
        optimizer=optimizer,
        step=none,
        epoch=none,
        position=none,
        order=jnp.zeros(program.steps_per_epoch(examples) * program.batch_size, jnp.int32)
        if program.needs_order(examples)
        else None,
        sums=Sums(zero, zero, zero, zero, zero, zero),
        monitored=Monitored(jnp.asarray(jnp.inf, dtype=float), none, none, jnp.ones((), dtype=float)),
        best_params=params if restore else None,
        best_averages=program.optimizer.averages(optimizer) if restore else None,
        code=none,
        rows=jnp.zeros((ROWS, columns), dtype=float),
        n_rows=none,
    )


@eqx.filter_jit
def advance(
    program: Program,
    state: TrainState,
    data: Batch,
    evaluations: dict[str, Batch],
    key: PRNGKeyArray,
    until: Int[Array, ""],
    epochs: Int[Array, ""],
) -> TrainState:
    """Train until `until` steps have been made in all, `epochs` epochs are complete, or something stops training.

    Where a stretch begins and ends leaves no trace in the result: orders and keys are functions of the seed, the epoch
    and the position in it.
    """
    steps = program.steps_per_epoch(n_examples(data))

    def unfinished(state: TrainState) -> Bool[Array, ""]:
        return (state.step < until) & (state.epoch < epochs) & (state.code == RUNNING) & (state.n_rows < ROWS)

    def part_of_epoch(state: TrainState) -> TrainState:
        last = jnp.minimum(steps - state.position + state.step, until)
        state = _make_steps(program, state, data, key, last)
        end = partial(_end_epoch, program, evaluations)
        whole = (state.position == steps) & (state.code != NOT_FINITE)
        later: TrainState = lax.cond(whole, end, lambda same: same, state)
        return later

    finished: TrainState = lax.while_loop(unfinished, part_of_epoch, state)
    return finished


def _make_steps(
    program: Program, state: TrainState, data: Batch, key: PRNGKeyArray, last: Int[Array, ""]
) -> TrainState:
    """Make steps within one epoch until `last` have been made in all."""
    order_key, noise_key = jax.random.split(key)
    order = state.order
    if order is not None:
        # Drawn once an epoch, not once a stretch: sorting 50,000 numbers takes as long as a hundred small steps.
        fresh = partial(_order, program, n_examples(data), order_key, state.epoch)
        order = lax.cond(state.position == 0, fresh, lambda: state.order)
        state = state._replace(order=order)

    def step(state: TrainState) -> TrainState:
        batch, examples = _mini_batch(program.batch_size, data, order, state.position)
        noise = jax.random.fold_in(noise_key, state.step)

        def cost(params: PyTree) -> tuple[Float[Array, ""], tuple[Array, Array]]:
            model = eqx.combine(params, program.static)
            value, outputs = program.objective.value_and_outputs(model, batch, key=noise)
            return value, _loss_and_score(program.objective, outputs, batch)

        new = program.optimizer.step(cost, state.params, state.optimizer, state.step, state.monitored.scale)
        loss, score = new.auxiliary
        gained = Sums(new.cost * examples, examples, loss, score, jnp.sum(batch.weights), new.gradient_norm)
        sums = jax.tree.map(lambda old, more: old + more.astype(old.dtype), state.sums, Sums(*gained))
        good = new.finite
        # The proposed step is refused as a whole where it is not finite: the last good parameters are never touched.
        params, optimizer = jax.tree.map(
            partial(jnp.where, good), (new.params, new.state), (state.params, state.optimizer)
        )
        done = good.astype(jnp.int32)
        code = jnp.where(good, new.result, NOT_FINITE)
        return state._replace(
            params=params,
            optimizer=optimizer,
            step=state.step + done,
            position=state.position + done,
            sums=jax.tree.map(partial(jnp.where, good), sums, state.sums),
            code=code.astype(jnp.int32),
        )

    made: TrainState = lax.while_loop(lambda state: (state.step < last) & (state.code == RUNNING), step, state)
    return made


def _order(program: Program, examples: int, key: PRNGKeyArray, epoch: Int[Array, ""]) -> Int[Array, "M"]:
    """Return one epoch's order, filled up to whole mini-batches from its own beginning."""
    steps = program.steps_per_epoch(examples)
    if program.shuffle == "none" or steps == 1:
        order = jnp.arange(examples, dtype=jnp.int32)
    else:
        key = jax.random.fold_in(key, 0 if program.shuffle == "once" else epoch)
        # Sorting random bits takes half the time of jax.random.permutation, which sorts twice against ties.
        order = jnp.argsort(jax.random.bits(key, (examples,), jnp.uint32), stable=False).astype(jnp.int32)
    return jnp.resize(order, (steps * program.batch_size,))


def _mini_batch(
    size: int, data: Batch, order: Int[Array, "M"] | None, position: Int[Array, ""]
) -> tuple[Batch, Float[Array, ""]]:
    """Return one mini-batch and how many of its examples count.

    The last mini-batch of an epoch is filled up with examples of weight 0: real ones, so that whatever looks at a whole
    batch still sees data.
    """
    start = position * size
    if order is None:
        batch = jax.tree.map(lambda leaf: lax.dynamic_slice_in_dim(leaf, start, size), data)
        return batch, jnp.asarray(size, dtype=float)
    chosen = lax.dynamic_slice_in_dim(order, start, size)
    batch = jax.tree.map(lambda leaf: leaf.at[chosen].get(mode="promise_in_bounds"), data)
    if order.shape[0] == n_examples(data):
        return batch, jnp.asarray(size, dtype=float)
    counts = start + jnp.arange(size) < n_examples(data)
    return batch._replace(weights=jnp.where(counts, batch.weights, 0)), jnp.sum(counts, dtype=float)


def _loss_and_score(objective: Objective, outputs: Array, batch: Batch) -> tuple[Array, Array]:
    """Return Σ w L and Σ w score of one batch."""
    loss = objective.likelihood.loss(outputs, batch.targets)
    score = objective.likelihood.score(outputs, batch.targets)
    return jnp.vdot(batch.weights, loss), jnp.vdot(batch.weights, score.astype(loss.dtype))


def evaluate(program: Program, params: PyTree, batch: Batch) -> list[Float[Array, ""]]:
    """Return the weighted means of loss, score and further metrics on a whole data set, without noise."""
    examples = n_examples(batch)
    chunk = min(examples, EVALUATION_CHUNK)
    chunks = -(-examples // chunk)
    model = eqx.combine(params, program.static)
    likelihood = program.objective.likelihood
    functions: list[Callable[[Array, Array], Array]] = [likelihood.loss, likelihood.score]
    functions += [program.metrics[name] for name in sorted(program.metrics)]

    def add(index: Int[Array, ""], sums: Float[Array, "F"]) -> Float[Array, "F"]:
        # The last chunk reaches back so as to stay inside; what it has in common with the one before counts once.
        start = jnp.minimum(index * chunk, examples - chunk)
        part = jax.tree.map(lambda leaf: lax.dynamic_slice_in_dim(leaf, start, chunk), batch)
        fresh = start + jnp.arange(chunk) >= index * chunk
        weights = jnp.where(fresh, part.weights, 0)
        outputs = model(part.inputs, key=None)
        values = [jnp.sum(jnp.where(weights > 0, weights * f(outputs, part.targets), 0)) for f in functions]
        return sums + jnp.stack([value.astype(sums.dtype) for value in values])

    sums = lax.fori_loop(0, chunks, add, jnp.zeros(len(functions), dtype=float))
    return list(sums / jnp.sum(batch.weights))


def _end_epoch(program: Program, evaluations: dict[str, Batch], state: TrainState) -> TrainState:
    """Write the epoch's row, judge progress, and get ready for the next epoch."""
    sums = state.sums
    steps = state.position
    row = [
        sums.cost / sums.examples,
        sums.loss / sums.weight,
        sums.score / sums.weight,
        sums.gradient_norm / steps,
        program.optimizer.learning_rate_at(state.step - 1, state.monitored.scale),
    ]
    averages = program.optimizer.averages(state.optimizer)
    for params in (state.params,) if averages is None else (state.params, averages):
        for name in sorted(evaluations):
            row += evaluate(program, params, evaluations[name])
    state = state._replace(
        epoch=state.epoch + 1,
        position=jnp.zeros_like(state.position),
        sums=jax.tree.map(jnp.zeros_like, sums),
        rows=state.rows.at[state.n_rows].set(jnp.stack([value.astype(state.rows.dtype) for value in row])),
        n_rows=state.n_rows + 1,
    )
    if program.stopping is None:
        return state
    value = row[program.columns(evaluations).index(program.stopping.monitor)]
    return _judge(program.stopping, value, averages, state)


def _judge(stopping: Stopping, value: Float[Array, ""], averages: PyTree, state: TrainState) -> TrainState:
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
        best_epoch=jnp.where(better, state.epoch, before.best_epoch),
        unimproved=jnp.where(slower, 0, unimproved),
        scale=jnp.where(slower, before.scale * stopping.factor, before.scale),
    )
    best = state.best_params, state.best_averages
    if stopping.restore_best:
        best = jax.tree.map(partial(jnp.where, better), (state.params, averages), best)
    code = jnp.where(stalled & ~slower & (state.code == RUNNING), STALLED, state.code)
    return state._replace(monitored=monitored, best_params=best[0], best_averages=best[1], code=code)
