"""The cost of training as a function of the parameters alone, over data taken in chunks."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from shinso import nn
from shinso._checks import whole_number
from shinso.nn import Activation, Sequences, accepts_key
from shinso.objectives import Batch, Objective, as_batch, per_example

Parameters: TypeAlias = Any
"""The model with everything but its real arrays left out."""


class Problem(eqx.Module):
    """E(θ) = Σ_n w_n L_n / Σ_n w_n + Σ penalties at θ = `parameters`, the model in prediction mode.

    Attributes:
        parameters: The model with everything but its real arrays left out.
        rest: What was left out.
        objective: The cost.
        batch: All N examples.
        chunk: How many of them are looked at together.
        output_shape: K, or steps and K where the model has an output for every step of a sequence; () if not looked at.
    """

    parameters: Parameters
    rest: PyTree[Any]
    objective: Objective
    batch: Batch
    chunk: int = eqx.field(static=True, default=1)
    output_shape: tuple[int, ...] = eqx.field(static=True, default=())

    @property
    def per_step(self) -> bool:
        """Whether the model has an output for every step of a sequence."""
        return len(self.output_shape) == 2

    @property
    def example(self) -> Batch:
        """Return shapes and types of a batch of one example."""
        example: Batch = nn.example_of(self.batch)
        return example

    def sized(self, chunk: int | None = None) -> "Problem":
        """Return the problem with the shape of its outputs, and with a chunk: None for what a processor's cache holds.

        Raises:
            ValueError: Targets do not fit the outputs.
        """
        shape, in_cache = _looked_at(replace(self, batch=self.example))
        chunk = in_cache if chunk is None else chunk
        return replace(self, output_shape=shape, chunk=min(chunk, len(self.batch.weights)))

    def outputs(self, parameters: Parameters, inputs: PyTree[Any]) -> Float[Array, "n K"]:
        """Return the model's outputs for some examples."""
        model = eqx.combine(parameters, self.rest)
        outputs: Array = model(inputs, key=None) if accepts_key(model) else model(inputs)
        return outputs

    def rows(self, parameters: Parameters, batch: Batch) -> tuple[Float[Array, "M K"], Array, Float[Array, " M"]]:
        """Return outputs, targets and weights of some examples; with an output for every step, M counts steps."""
        return per_example(self.outputs(parameters, batch.inputs), batch)

    def cost_of(self, parameters: Parameters, batch: Batch) -> Float[Array, ""]:
        """Return the share Σ_{n∈batch} w_n L_n / Σ_n w_n of some examples."""
        outputs, targets, weights = self.rows(parameters, batch)
        losses = self.objective.likelihood.loss(outputs, targets)
        return jnp.sum(weights.astype(losses.dtype) * losses) / self.total.astype(losses.dtype)

    def penalty(self, parameters: Parameters) -> Float[Array, ""]:
        """Return the sum of the penalties."""
        model = eqx.combine(parameters, self.rest)
        return sum((penalty(model, self.total) for penalty in self.objective.penalties), start=jnp.zeros(()))

    def shares(self, weights: Float[Array, " n"], like: Array) -> Float[Array, " n"]:
        """Return w_n / Σ_n w_n for some of the examples' weights, in the type of `like`."""
        return weights.astype(like.dtype) / self.total.astype(like.dtype)

    @property
    def total(self) -> Float[Array, ""]:
        """Return Σ_n w_n; with an output for every step, n counts steps."""
        weights, inputs = self.batch.weights, self.batch.inputs
        if not self.per_step:
            return jnp.sum(weights)
        return jnp.vdot(weights, inputs.lengths) if isinstance(inputs, Sequences) else weights.sum() * inputs.shape[1]

    def cost(self, parameters: Parameters) -> Float[Array, ""]:
        """Return E(θ)."""

        # Differentiated, each chunk is computed once more instead of being remembered.
        @jax.checkpoint  # a function, because a bound method of a module has no hash
        def share(parameters: Parameters, batch: Batch) -> Float[Array, ""]:
            return self.cost_of(parameters, batch)

        of_examples: Array = self.over_chunks(lambda batch, _: share(parameters, batch))
        return of_examples + self.penalty(parameters)

    def gradient(self, parameters: Parameters) -> Parameters:
        """Return ∇E(θ)."""
        of_examples = self.over_chunks(lambda batch, _: jax.grad(self.cost_of)(parameters, batch))
        return jax.tree.map(jnp.add, of_examples, jax.grad(self.penalty)(parameters))

    def penalty_product(self, vector: Parameters) -> Parameters:
        """Return the product of the penalties' second derivative with `vector`."""
        product: Parameters = jax.jvp(jax.grad(self.penalty), (self.parameters,), (vector,))[1]
        return product

    @property
    def length(self) -> int:
        """Examples in a chunk: of as few chunks as `chunk` allows, all as long, the least that covers the data."""
        examples = len(self.batch.weights)
        return -(-examples // -(-examples // self.chunk))

    def over_chunks(self, function: Callable[[Batch, Int[Array, " n"]], PyTree[Any]]) -> PyTree[Any]:
        """Return the sum of `function(examples, their indices)` over all chunks; memory is that of one chunk.

        The last chunk reaches back to be as long as the others; what it shares with its neighbour has weight 0 there.
        """
        examples = len(self.batch.weights)
        if self.chunk >= examples:
            return function(self.batch, jnp.arange(examples))

        def add(total: PyTree[Any], start: Int[Array, ""]) -> tuple[PyTree[Any], None]:
            return jax.tree.map(jnp.add, total, function(*self.piece(start))), None

        starts = jnp.arange(0, examples, self.length)
        shapes = jax.eval_shape(lambda: function(*self.piece(starts[0])))
        zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
        return jax.lax.scan(add, zeros, starts)[0]

    def piece(self, start: Int[Array, ""]) -> tuple[Batch, Int[Array, " n"]]:
        """Return the chunk that begins at `start`, and its examples' places in the data."""
        first = jnp.minimum(start, len(self.batch.weights) - self.length)
        indices = first + jnp.arange(self.length)
        piece = jax.tree.map(lambda leaf: jax.lax.dynamic_slice_in_dim(leaf, first, self.length), self.batch)
        return piece._replace(weights=jnp.where(indices >= start, piece.weights, 0)), indices


def problem(model: Callable[..., Any], objective: Objective, data: Any, chunk: int | None = None) -> Problem:
    """Return the checked problem.

    Args:
        model: Maps a batch to outputs `[N, K]`, or `[N, T, K]` for every step of a sequence.
        objective: The cost.
        data: `(X, y)`, `(X, y, weights)`, a `Batch`, or anything with `inputs` and `targets`, such as a `Dataset`.
        chunk: Examples looked at together, at least 1; None for what a processor's cache holds, at most 1,024.

    Raises:
        TypeError: `objective` or `data` is something else.
        ValueError: The model has no parameters or a `step` activation, there are no examples, lengths differ, numbers
            are not finite, weights are negative or all 0, or targets do not fit the outputs.
    """
    if not isinstance(objective, Objective):
        raise TypeError(f"objective must be an Objective, as Objective(likelihood) makes; got {objective!r}.")
    parameters, rest = nn.parameters(model)
    if not jax.tree.leaves(parameters):
        raise ValueError(f"model must have parameters, arrays of real numbers; {type(model).__name__} has none.")
    _refuse_step(model)
    batch = as_batch("data", data, objective.likelihood)
    chunk = None if chunk is None else whole_number("chunk", chunk, least=1)
    made = Problem(parameters, rest, objective, batch).sized(chunk)
    _refuse_unknown_classes(made)
    return made


def one_output_each(what: str, problem: Problem) -> Problem:
    """Return the problem; refuse outputs for every step of a sequence.

    Raises:
        ValueError: The model has an output for every step.
    """
    if problem.per_step:
        raise ValueError(f"model must have outputs [N, K] for {what}; it has one for every step of a sequence.")
    return problem


def _refuse_step(model: Any) -> None:
    def is_activation(node: Any) -> bool:
        return isinstance(node, Activation)

    for node in jax.tree.leaves(model, is_leaf=is_activation):
        if is_activation(node) and node.name == "step":
            raise ValueError(
                "model must have activations with a derivative; got 'step', whose derivative is 0 almost everywhere."
            )


@eqx.filter_jit  # traced once for each structure, which takes milliseconds; nothing is computed
def _looked_at(problem: Problem) -> tuple[tuple[int, ...], int]:
    """Return the shape of each example's outputs, and how many fit in a cache; refuse what does not fit together.

    The problem has shapes for examples.
    """

    def run(parameters: Parameters, batch: Batch) -> PyTree[Any]:
        of_batch = replace(problem, batch=batch)
        outputs = of_batch.outputs(parameters, batch.inputs)
        rows, targets, _ = per_example(outputs, batch)
        return outputs, problem.objective.likelihood.loss(rows, targets), of_batch.penalty(parameters)

    outputs, *_ = jax.eval_shape(run, problem.parameters, problem.batch)
    values = outputs.values if isinstance(outputs, Sequences) else outputs
    fitting = nn.examples_in_cache(partial(problem.outputs, problem.parameters), problem.batch.inputs)
    return values.shape[1:], fitting


def _refuse_unknown_classes(problem: Problem) -> None:
    problem.objective.likelihood.target.check_outputs("targets", problem.batch.targets, problem.output_shape[-1])
