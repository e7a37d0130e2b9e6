"""The cost of training as a function of the parameters alone, over data taken in chunks."""

from collections.abc import Callable
from typing import Any, TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PyTree

from shinso import nn
from shinso._checks import whole_number
from shinso.nn import Activation, Sequences, accepts_key
from shinso.objectives import Batch, Categorical, Objective, per_example

CHUNK = 1024
"""Examples looked at together, unless a call says otherwise."""

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
        per_step: Whether the model has an output for every step of a sequence.
    """

    parameters: Parameters
    rest: PyTree[Any]
    objective: Objective
    batch: Batch
    chunk: int = eqx.field(static=True)
    per_step: bool = eqx.field(static=True, default=False)

    def outputs(self, parameters: Parameters, inputs: PyTree[Any]) -> Float[Array, "n K"]:
        """Return the model's outputs for some examples."""
        model = eqx.combine(parameters, self.rest)
        outputs: Array = model(inputs, key=None) if accepts_key(model) else model(inputs)
        return outputs

    def cost_of(self, parameters: Parameters, batch: Batch) -> Float[Array, ""]:
        """Return the share Σ_{n∈batch} w_n L_n / Σ_n w_n of some examples."""
        outputs, targets, weights = per_example(self.outputs(parameters, batch.inputs), batch)
        losses = self.objective.likelihood.loss(outputs, targets)
        return jnp.sum(weights.astype(losses.dtype) * losses) / self.total.astype(losses.dtype)

    def penalty(self, parameters: Parameters) -> Float[Array, ""]:
        """Return the sum of the penalties."""
        model = eqx.combine(parameters, self.rest)
        return sum((penalty(model, self.total) for penalty in self.objective.penalties), start=jnp.zeros(()))

    def shares(self, batch: Batch, like: Array) -> Float[Array, " n"]:
        """Return w_n / Σ_n w_n for the examples of `batch`, in the type of `like`."""
        return batch.weights.astype(like.dtype) / self.total.astype(like.dtype)

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

    def over_chunks(self, function: Callable[[Batch, Int[Array, " n"]], PyTree[Any]]) -> PyTree[Any]:
        """Return the sum of `function(examples, their indices)` over all chunks; memory is that of one chunk.

        The last chunk reaches back to be as long as the others; what it shares with its neighbour has weight 0 there.
        """
        examples = len(self.batch.weights)
        if self.chunk >= examples:
            return function(self.batch, jnp.arange(examples))

        def add(total: PyTree[Any], start: Int[Array, ""]) -> tuple[PyTree[Any], None]:
            return jax.tree.map(jnp.add, total, function(*self.piece(start))), None

        starts = jnp.arange(0, examples, self.chunk)
        shapes = jax.eval_shape(lambda: function(*self.piece(starts[0])))
        zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
        return jax.lax.scan(add, zeros, starts)[0]

    def piece(self, start: Int[Array, ""]) -> tuple[Batch, Int[Array, " n"]]:
        """Return the chunk that begins at `start`, and its examples' places in the data."""
        first = jnp.minimum(start, len(self.batch.weights) - self.chunk)
        indices = first + jnp.arange(self.chunk)
        piece = jax.tree.map(lambda leaf: jax.lax.dynamic_slice_in_dim(leaf, first, self.chunk), self.batch)
        return piece._replace(weights=jnp.where(indices >= start, piece.weights, 0)), indices


def problem(model: Callable[..., Any], objective: Objective, data: Any, chunk: int = CHUNK) -> Problem:
    """Return the checked problem.

    Args:
        model: Maps a batch to outputs `[N, K]`.
        objective: The cost.
        data: `(X, y)`, `(X, y, weights)`, a `Batch`, or anything with `inputs` and `targets`, such as a `Dataset`.
        chunk: Examples looked at together, at least 1.

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
    batch = _batch(data)
    chunk = min(whole_number("chunk", chunk, least=1), len(batch.weights))
    made = Problem(parameters, rest, objective, batch, chunk)
    _check_targets(made)
    return made


def _refuse_step(model: Any) -> None:
    def is_activation(node: Any) -> bool:
        return isinstance(node, Activation)

    for node in jax.tree.leaves(model, is_leaf=is_activation):
        if is_activation(node) and node.name == "step":
            raise ValueError(
                "model must have activations with a derivative; got 'step', whose derivative is 0 almost everywhere."
            )


def _batch(data: Any) -> Batch:
    if hasattr(data, "inputs") and hasattr(data, "targets"):
        parts = (data.inputs, data.targets, getattr(data, "weights", None))
    elif isinstance(data, tuple) and len(data) in (2, 3):
        parts = (*data, None)[:3]
    else:
        raise TypeError(f"data must be (X, y), (X, y, weights), a Batch or a Dataset; got {type(data).__name__}.")
    inputs, targets = parts[0], jnp.asarray(parts[1])
    if isinstance(inputs, Sequences):
        inputs = Sequences(_real(inputs.values), jnp.asarray(inputs.lengths))
    else:
        inputs = jax.tree.map(_real, inputs)
    examples = len(targets) if targets.ndim else 0
    if examples == 0:
        raise ValueError("data must have at least one example; got none.")
    for leaf in jax.tree.leaves(inputs):
        if leaf.ndim == 0 or len(leaf) != examples:
            raise ValueError(f"inputs must be [N, …] with N={examples}, as many as targets; got shape {leaf.shape}.")
    return Batch(inputs, targets, _weights(parts[2], examples))


def _real(values: Any) -> Array:
    array = jnp.asarray(values)
    array = array if jnp.issubdtype(array.dtype, jnp.floating) else array.astype(float)
    if not _traced(array) and not bool(jnp.isfinite(array).all()):
        raise ValueError("inputs must be finite; got NaN or infinity.")
    return array


def _weights(weights: Any, examples: int) -> Float[Array, " N"]:
    if weights is None:
        return jnp.ones(examples)
    array = _real(weights)
    if array.shape != (examples,):
        raise ValueError(f"weights must have shape [{examples}]; got {list(array.shape)}.")
    if not _traced(array) and (bool((array < 0).any()) or not bool((array > 0).any())):
        raise ValueError(f"weights must be ≥ 0 and not all 0; the least is {float(array.min()):g}.")
    return array


def _check_targets(problem: Problem) -> None:
    first = problem.batch._replace(inputs=jax.tree.map(lambda leaf: leaf[:1], problem.batch.inputs))
    first = first._replace(targets=first.targets[:1], weights=first.weights[:1])
    outputs = jax.eval_shape(problem.outputs, problem.parameters, first.inputs)
    if isinstance(outputs, Sequences) or outputs.ndim != 2:
        raise ValueError("model must have outputs [N, K]; curvature of outputs for every step is not offered.")
    jax.eval_shape(problem.cost_of, problem.parameters, first)
    jax.eval_shape(problem.penalty, problem.parameters)
    targets = problem.batch.targets
    if isinstance(problem.objective.likelihood, Categorical) and not _traced(targets):
        classes, least, most = outputs.shape[-1], int(targets.min()), int(targets.max())
        if least < 0 or most >= classes:
            raise ValueError(f"targets must be class indices 0 to {classes - 1}; got {least if least < 0 else most}.")


def _traced(array: Array | np.ndarray) -> bool:
    return isinstance(array, jax.core.Tracer)
