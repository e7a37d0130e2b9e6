"""The compiled training program: mini-batches, epochs, metrics, stopping, all on the device."""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

from shinso import nn
from shinso.curvature import Problem
from shinso.objectives import Batch, Objective, per_example
from shinso.optim import RUNNING, MiniBatchCost, Optimizer, Step
from shinso.training._stopping import Stopping

Shuffle = Literal["every_epoch", "once", "none"]

STALLED, NOT_FINITE = 4, 5
"""Why training ended, after the codes with which an optimizer says that it is done."""
ROWS = 64
"""Epochs whose metrics one stretch can hold before the host has to read them."""
MEMBERS = "members"
"""The axis of networks trained side by side."""


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


class Network(NamedTuple):
    """What of a model changes while training: its parameters, their averages if there are any, and its buffers."""

    params: PyTree
    buffers: PyTree
    averages: PyTree


class TrainState(NamedTuple):
    """Everything that changes while training; with the settings and the data it determines every later bit.

    Of networks trained side by side each has its own numbers, but for `epoch`, `position`, `order` and `n_rows`, which all
    share: so the order is drawn, and the loops end, once for all.

    Attributes:
        params: the parameters.
        buffers: what training carries along beside them, such as statistics of batch normalization.
        optimizer: the optimizer's state.
        step: optimizer updates made.
        epochs: epochs completed by this network.
        sums: what the epoch has added up so far.
        monitored: how the monitored column has fared.
        best: the network of the best epoch, if it is to be kept.
        code: why training ended; `RUNNING` until then.
        rows: metrics of the epochs since the host last read them.
        epoch: epochs completed by the loop.
        position: mini-batches of this epoch that have been used.
        order: this epoch's order.
        n_rows: rows written.
    """

    params: PyTree
    buffers: PyTree
    optimizer: PyTree
    step: Int[Array, ""]
    epochs: Int[Array, ""]
    sums: Sums
    monitored: Monitored
    best: Network | None
    code: Int[Array, ""]
    rows: Float[Array, "R C"]
    epoch: Int[Array, ""]
    position: Int[Array, ""]
    order: Int[Array, "M"] | None
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
    axis: str | None = eqx.field(static=True, default=None)

    def model(self, params: PyTree, buffers: PyTree) -> Callable[..., Any]:
        """Return the model with these parameters and buffers."""
        whole: Callable[..., Any] = eqx.combine(params, buffers, self.static)
        return whole

    def any(self, condition: Bool[Array, ""]) -> Bool[Array, ""]:
        """Return whether the condition holds for any of the networks trained side by side."""
        return condition if self.axis is None else lax.pmax(condition.astype(jnp.int32), self.axis) > 0  # type: ignore[no-untyped-call]

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


def initial_state(program: Program, buffers: PyTree, params: PyTree, columns: int, examples: int) -> TrainState:
    """Return the state before the first step; all dtypes are strong, so that no later stretch compiles again."""
    zero = jnp.zeros((), dtype=float)
    none = jnp.zeros((), jnp.int32)
    optimizer = program.optimizer.init(params)
    restore = program.stopping is not None and program.stopping.restore_best
    return TrainState(
        params=params,
        buffers=buffers,
        optimizer=optimizer,
        step=none,
        epochs=none,
        sums=Sums(*[zero] * len(Sums._fields)),
        monitored=Monitored(jnp.asarray(jnp.inf, dtype=float), none, none, jnp.ones((), dtype=float)),
        best=Network(params, buffers, program.optimizer.averages(optimizer)) if restore else None,
        code=none,
        rows=jnp.zeros((ROWS, columns), dtype=float),
        epoch=none,
        position=none,
        order=jnp.zeros(program.steps_per_epoch(examples) * program.batch_size, jnp.int32)
        if program.needs_order(examples)
        else None,
        n_rows=none,
    )


class Keys(NamedTuple):
    """Where the random numbers of a training come from: the order of the examples, and noise."""

    order: PRNGKeyArray
    noise: PRNGKeyArray


def keys_of(seed: int) -> Keys:
    """Return the keys that belong to a seed."""
    return Keys(*jax.random.split(jax.random.key(seed)))


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


EACH = TrainState(*[0] * 10, *[None] * 4)  # type: ignore[arg-type]
"""Which parts of the state networks trained side by side have for themselves: the axis that counts them."""


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

    def unfinished(state: TrainState) -> Bool[Array, ""]:
        more = (state.epoch * steps + state.position < until) & (state.epoch < epochs) & (state.n_rows < ROWS)
        return more & program.any(state.code == RUNNING)

    def part_of_epoch(state: TrainState) -> TrainState:
        last = jnp.minimum(steps, until - state.epoch * steps)
        state = _make_steps(program, state, data, keys, last)
        end = partial(_end_epoch, program, data, evaluations)
        whole = (state.position == steps) & program.any(state.code != NOT_FINITE)
        later: TrainState = lax.cond(whole, end, lambda same: same, state)
        return later

    finished: TrainState = lax.while_loop(unfinished, part_of_epoch, state)
    return finished


def _make_steps(program: Program, state: TrainState, data: Batch, keys: Keys, last: Int[Array, ""]) -> TrainState:
    """Make steps within one epoch until `last` of its mini-batches have been used."""
    order = state.order
    if order is not None:
        # Drawn once an epoch, not once a stretch: sorting 50,000 numbers takes as long as a hundred small steps.
        fresh = partial(_order, program, n_examples(data), keys.order, state.epoch)
        order = lax.cond(state.position == 0, fresh, lambda: state.order)
        state = state._replace(order=order)

    def step(state: TrainState) -> TrainState:
        batch, examples = _mini_batch(program.batch_size, data, order, state.position)
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
        return value, (*_loss_score_weight(program.objective, outputs, batch), nn.buffers(updated))

    given = MiniBatchCost(cost, partial(problem_of, program, state, batch), jax.random.fold_in(noise, 1))
    new = program.optimizer.step(given, state.params, state.optimizer, state.step, state.monitored.scale)
    loss, score, weight, buffers = new.auxiliary
    return new, loss, score, weight, buffers


def _full_batch_step(program: Program, state: TrainState, batch: Batch, noise: PRNGKeyArray) -> Proposed:
    """Propose a step on the cost of all examples, without noise, chunk by chunk."""
    del noise
    problem: Any = problem_of(program, state, batch)
    new = program.optimizer.step(problem, state.params, state.optimizer, state.step, state.monitored.scale)
    loss, score = evaluate(program, program.model(new.params, state.buffers), batch)[:2]
    weight = problem.total
    return new, loss * weight, score * weight, weight, state.buffers


def problem_of(program: Program, state: TrainState, data: Batch) -> Problem:
    """Return the cost of some examples as a function of the parameters, the model in prediction mode."""
    rest = eqx.combine(state.buffers, program.static)
    return Problem(state.params, rest, program.objective, data).sized()


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


def _loss_score_weight(objective: Objective, outputs: Any, batch: Batch) -> tuple[Array, Array, Array]:
    """Return Σ w L, Σ w score and Σ w of one batch."""
    rows, targets, weights = per_example(outputs, batch)
    loss = objective.likelihood.loss(rows, targets)
    score = objective.likelihood.score(rows, targets)
    return jnp.vdot(weights, loss), jnp.vdot(weights, score.astype(loss.dtype)), jnp.sum(weights)


def evaluate(program: Program, model: Callable[..., Any], batch: Batch) -> list[Float[Array, ""]]:
    """Return the weighted means of loss, score and further metrics on a whole data set, without noise."""
    examples = n_examples(batch)
    chunk = min(examples, nn.examples_in_cache(partial(model, key=None), batch.inputs))
    chunks = -(-examples // chunk)
    likelihood = program.objective.likelihood
    functions: list[Callable[[Array, Array], Array]] = [likelihood.loss, likelihood.score]
    functions += [program.metrics[name] for name in sorted(program.metrics)]

    def add(index: Int[Array, ""], sums: Float[Array, "F"]) -> Float[Array, "F"]:
        # The last chunk reaches back so as to stay inside; what it has in common with the one before counts once.
        start = jnp.minimum(index * chunk, examples - chunk)
        part = jax.tree.map(lambda leaf: lax.dynamic_slice_in_dim(leaf, start, chunk), batch)
        fresh = start + jnp.arange(chunk) >= index * chunk
        part = part._replace(weights=jnp.where(fresh, part.weights, 0))
        outputs, targets, weights = per_example(model(part.inputs, key=None), part)
        values = [jnp.sum(jnp.where(weights > 0, weights * f(outputs, targets), 0)) for f in functions]
        return sums + jnp.stack([value.astype(sums.dtype) for value in [*values, jnp.sum(weights)]])

    *sums, weight = lax.fori_loop(0, chunks, add, jnp.zeros(len(functions) + 1, dtype=float))
    return [total / weight for total in sums]


def _end_epoch(program: Program, data: Batch, evaluations: dict[str, Batch], state: TrainState) -> TrainState:
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
    for model in _models(program, network, data) if evaluations else ():
        for name in sorted(evaluations):
            row += evaluate(program, model, evaluations[name])
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
    value = row[program.columns(evaluations).index(program.stopping.monitor)]
    judged = _judge(program.stopping, value, network, state)
    if program.axis is None:
        return judged
    own = [(one.monitored, one.best, one.code) for one in (state, judged)]
    monitored, best, code = jax.tree.map(partial(jnp.where, ended), *own)
    return state._replace(monitored=monitored, best=best, code=code)


def _models(program: Program, network: Network, data: Batch) -> list[Callable[..., Any]]:
    """Return the model and, if there are averages, the averaged model, its buffers made anew from the training data."""
    models = [program.model(network.params, network.buffers)]
    if network.averages is not None:
        models.append(fresh_buffers(program.model(network.averages, network.buffers), data.inputs, program.batch_size))
    return models


def fresh_buffers(model: Callable[..., Any], inputs: PyTree, size: int) -> Callable[..., Any]:
    """Return the model with buffers that have seen the inputs once, `size` at a time, and nothing before."""
    if not jax.tree.leaves(nn.buffers(model)):
        return model
    model = nn.restarted_buffers(model)
    steps = n_rows(inputs) // size

    def look(index: Int[Array, ""], buffers: PyTree) -> PyTree:
        part = jax.tree.map(lambda leaf: lax.dynamic_slice_in_dim(leaf, index * size, size), inputs)
        whole = eqx.combine(buffers, model)
        return nn.buffers(nn.call_and_update(whole, part, key=jax.random.fold_in(jax.random.key(0), index))[1])

    fresh: Callable[..., Any] = eqx.combine(lax.fori_loop(0, steps, look, nn.buffers(model)), model)
    return fresh


def n_rows(inputs: PyTree) -> int:
    """Return N, the length of the leading axis of inputs."""
    return int(jax.tree.leaves(inputs)[0].shape[0])


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
