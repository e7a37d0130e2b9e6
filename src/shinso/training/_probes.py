"""What is measured of a network while it trains, besides its cost: gradients, weights, steps and units, layer by layer."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

from shinso import nn
from shinso._paths import leaves_by_path
from shinso._reductions import sum_of
from shinso.objectives import Batch
from shinso.optim import RUNNING, MiniBatchCost
from shinso.training._mini_batches import n_examples
from shinso.training._probe_plan import Plan, groups_of, unit_layers
from shinso.training._program import Program, problem_of
from shinso.training._state import TrainState

_CHUNKS = 8
_SATURATED, _DEAD = 0.05, 1e-3
"""Shares of its greatest slope below which a unit is saturated for an example, and dead if it is so for all of them."""


def probe_is_due(
    program: Program, plan: Plan, state: TrainState, steps: int, epochs: Int[Array, ""]
) -> Bool[Array, ""]:
    """Return whether a probe is to be taken before anything else is done: one due by the plan, or the last of all."""
    regular = (state.position == 0) & (state.epoch % plan.every == 0)
    ended = (state.epoch >= epochs) | ~program.any(state.code == RUNNING)
    return (regular | ended) & (state.probed < state.epoch * steps + state.position + 1)


def take_probe(
    program: Program,
    plan: Plan,
    data: Batch,
    evaluations: dict[str, Batch],
    noise: PRNGKeyArray,
    state: TrainState,
) -> TrainState:
    """Measure the network as it is, and write the row."""
    values = _measured(program, plan, state, data, evaluations, jax.random.fold_in(noise, state.step))
    row = [value.astype(state.probes.dtype) for value in [state.epoch, state.position, *values]]
    return state._replace(
        probes=state.probes.at[state.n_probes].set(jnp.stack(row)),
        n_probes=state.n_probes + 1,
        probed=state.epoch * program.steps_per_epoch(n_examples(data)) + state.position + 1,
    )


def _measured(
    program: Program,
    plan: Plan,
    state: TrainState,
    data: Batch,
    evaluations: dict[str, Batch],
    key: PRNGKeyArray,
) -> list[Array]:
    """Return the values that the plan names, in its order."""
    batch, model = _spread(data, plan.examples), program.model(state.params, state.buffers)

    def cost(params: PyTree, batch: Batch = batch) -> tuple[Float[Array, ""], None]:
        network = program.model(params, state.buffers)
        return program.objective.value_outputs_and_model(network, batch, key=key)[0], None

    moved = None
    if program.optimizer.full_batch:
        (value, _), gradient = jax.value_and_grad(cost, has_aux=True)(state.params)
    else:
        given = MiniBatchCost(cost, partial(problem_of, program, state, batch), jax.random.fold_in(key, 1))
        step = program.optimizer.step(given, state.params, state.optimizer, state.step, state.monitored.scale)
        value, gradient = step.cost, step.gradient
        moved = jax.tree.map(lambda after, before: after - before, step.params, state.params)
    values = [value, *_of_groups(gradient, state.params, moved), *_of_units(model, batch.inputs, key)]
    if plan.level == "full":
        if "validation" in evaluations:
            held = evaluations["validation"]
            values.append(program.objective(model, _spread(held, min(plan.examples, n_examples(held)))))
        values.append(_noise_scale(cost, state.params, gradient, batch))
    return values


def _of_groups(gradient: PyTree, params: PyTree, moved: PyTree | None) -> list[Array]:
    """Return what `Plan.names` says of each group of parameters."""
    weights, moves = groups_of(params), groups_of(moved)
    values = []
    for group, slopes in groups_of(gradient).items():
        values.append(_norm(slopes))
        if "bias" in slopes:
            values.append(_norm(slopes["bias"]))
        size = _norm(weights[group])
        values.append(size)
        if moved is not None:
            values.append(_ratio(_norm(moves[group]), size))
    return values


def _of_units(model: Any, x: Any, key: PRNGKeyArray) -> list[Array]:
    """Return what `Plan.names` says of each layer of units."""
    wanted, values = unit_layers(model), []
    if wanted:
        for index, (layer, own) in enumerate(zip(model.layers, nn.keys_for(model.layers, key), strict=True)):
            if index > wanted[-1]:
                break
            y = layer.call_and_update(x, key=own)[0]
            if index in wanted:
                values += _of_layer(layer, getattr(x, "values", x), getattr(y, "values", y))
            x = y
    return values


def _of_layer(layer: nn.Activation, z: Array, activation: Array) -> list[Array]:
    """Return shares and moments of a layer of units, the last axis of `z`."""
    flat = z.reshape(-1, z.shape[-1])
    function: Any = layer.function
    slope = partial(function.slope, **dict(layer.arguments))
    low, greatest, high = jnp.abs(slope(jnp.asarray([-20.0, 0.1, 20.0], z.dtype)))
    slopes = jnp.abs(slope(flat))
    bounded = jnp.maximum(low, high) < _DEAD * greatest
    saturated = jnp.where(bounded, _mean((slopes < _SATURATED * greatest).astype(z.dtype)), 0)
    dead = jnp.mean((jnp.max(slopes, axis=0) < _DEAD * greatest).astype(z.dtype))
    return [saturated, dead, *_moments(activation.reshape(-1, activation.shape[-1])), *_moments(flat)]


def _noise_scale(cost: Callable[..., Any], params: PyTree, gradient: PyTree, batch: Batch) -> Array:
    """Return tr Σ / ‖∇C‖², the mini-batch whose gradient is as much noise as signal, from gradients of parts and the whole.

    Infinite where the parts show no gradient that they have in common.

    Source: McCandlish et al., An Empirical Model of Large-Batch Training, appendix A.1.
    """
    many = n_examples(batch)
    chunks = min(_CHUNKS, many)
    if chunks < 2:
        return jnp.asarray(jnp.nan)
    small = many // chunks
    parts = jax.tree.map(lambda leaf: leaf[: chunks * small].reshape(chunks, small, *leaf.shape[1:]), batch)
    _, each = lax.scan(lambda none, part: (none, _norm(jax.grad(cost, has_aux=True)(params, part)[0]) ** 2), 0, parts)
    whole, part = _norm(gradient) ** 2, jnp.mean(each)
    true, noise = (many * whole - small * part) / (many - small), (part - whole) / (1 / small - 1 / many)
    return jnp.where(true > 0, noise / true, jnp.inf)


def _spread(batch: Batch, size: int) -> Batch:
    """Return so many examples, evenly spaced: of sorted ones each kind."""
    chosen = jnp.arange(size) * n_examples(batch) // size
    spread: Batch = jax.tree.map(lambda leaf: leaf[chosen], batch)
    return spread


def _norm(tree: PyTree) -> Array:
    return jnp.sqrt(sum((sum_of(jnp.square, leaf) for leaf in leaves_by_path(tree).values()), start=jnp.zeros(())))


def _ratio(numerator: Array, denominator: Array) -> Array:
    return numerator / jnp.where(denominator > 0, denominator, 1)


def _mean(x: Array) -> Array:
    return sum_of(_same, x) / x.size


def _moments(x: Array) -> tuple[Array, Array]:
    mean = _mean(x)
    return mean, jnp.sqrt(_mean(jnp.square(x - mean)))


def _same(x: Array) -> Array:
    return x
