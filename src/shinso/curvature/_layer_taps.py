"""What Kronecker factors are made of: the inputs of every layer, and the gradients by its pre-activations.

Every supported layer of a model is replaced by a copy that adds a probe, zero, to its pre-activations and notes what it was
given. The gradient by the probe is the gradient by the pre-activations; a layer's weight has the gradient Σ_r a_r g_rᵀ over
the rows r it is multiplied with: one for a dense layer, the places of a convolution, the steps of a recurrence.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from shinso.curvature._layer_parts import shown, supported_layers, tapped_layers
from shinso.curvature._output_curvature import OutputCurvature
from shinso.curvature._problem import Problem
from shinso.nn import Layer, Use, written_out
from shinso.objectives import Batch

CACHE = 2**24
"""Bytes of gradients made together; the examples are at least `FEWEST`."""
FEWEST = 32


class Seen(NamedTuple):
    """What some examples show of one site.

    Attributes:
        rows: Its rows with the 1 of the bias appended, 0 in the padding.
        gradients: The gradients by its products, for each of C output vectors.
    """

    rows: Float[Array, "n R a"]
    gradients: Float[Array, "n C R g"]


def probes(problem: Problem) -> list[Float[Array, "*shape"]]:
    """Return a probe, zeros, for every tapped layer, from one example.

    Raises:
        ValueError: A layer is not called exactly once in a forward pass.
    """
    zeros: list[Array] = _probes(replace(problem, batch=problem.example))
    return zeros


@eqx.filter_jit  # traced once for each structure
def _probes(problem: Problem) -> list[Float[Array, "*shape"]]:
    names = list(tapped_layers(problem))

    def run(inputs: Any) -> list[Use]:
        uses = _run(problem, [jnp.zeros(())] * len(names), inputs)[1]
        for name, calls in zip(names, uses, strict=True):
            if len(calls) != 1:
                raise ValueError(
                    f"model must call each of its layers once for kronecker; {name or 'it'} is called {len(calls)} times."
                )
        return [use for (use,) in uses]

    return [jnp.zeros(use.probe.shape, use.probe.dtype) for use in jax.eval_shape(run, problem.batch.inputs)]


def in_cache(operator: OutputCurvature, zeros: Sequence[Array]) -> OutputCurvature:
    """Return the operator with chunks whose gradients a processor's cache holds: longer ones are slower."""
    problem = operator.problem
    held = CACHE // (operator.vectors * sum(zero.nbytes for zero in zeros))
    return replace(operator, problem=replace(problem, chunk=min(problem.chunk, max(held, FEWEST))))


def seen(operator: OutputCurvature, zeros: Sequence[Array], batch: Batch, indices: Int[Array, " n"]) -> list[Seen]:
    """Return what some examples show of every site, layer after layer; one example at a time, under `vmap`.

    The output vectors are the roots of the operator's M: Σ_c g_c g_cᵀ is the curvature by the pre-activations.

    Raises:
        jax.errors.UnexpectedTracerError: A layer is called inside `jax.vmap`, `jit` or a loop: its rows cannot leave.
    """

    def one(inputs: Any, target: Array, index: Array) -> list[Seen]:
        def roots(outputs: Float[Array, " K"]) -> Float[Array, "C K"]:
            return operator.roots(outputs[None], target[None], index[None])[0]

        return seen_of_example(operator.problem, zeros, inputs, roots)[1]

    return jax.vmap(one)(batch.inputs, batch.targets, indices)


def seen_of_example(
    problem: Problem, zeros: Sequence[Array], inputs: Any, vectors: Callable[[Float[Array, " K"]], Float[Array, "C K"]]
) -> tuple[Float[Array, " K"], list[Seen]]:
    """Return an example's outputs, and what it shows of every site; `vectors` makes output vectors of the outputs."""
    layers = tapped_layers(problem).values()

    def run(zeros: Sequence[Array]) -> tuple[Array, list[Use]]:
        outputs, uses = _run(problem, zeros, jax.tree.map(lambda leaf: leaf[None], inputs))
        return outputs[0], [use for (use,) in uses]

    outputs, pull_back, uses = jax.vjp(run, list(zeros), has_aux=True)
    found = jax.vmap(lambda vector: pull_back(vector)[0])(vectors(outputs))
    return outputs, [site for parts in map(_sites, layers, uses, found) for site in parts]


def _sites(layer: Any, use: Use, gradients: Float[Array, "C *shape"]) -> list[Seen]:
    flat = gradients.reshape(len(gradients), -1, gradients.shape[-1])
    each = jax.vmap(lambda gradient: layer.product_gradients(use, gradient))(flat)
    ones = jnp.ones((len(use.present), 1), use.present.dtype)
    # What stands in the padding is set, not multiplied, to 0.
    kept = use.present[:, None] > 0
    rows = [jnp.where(kept, jnp.concatenate([part, ones], axis=-1), 0) for part in use.rows]
    return [Seen(part, gradient) for part, gradient in zip(rows, each, strict=True)]


class _Notes:
    """What tapped layers write down in one forward pass."""

    def __init__(self, layers: int):
        self.uses: list[list[Use]] = [[] for _ in range(layers)]
        self.present: Array | None = None


class _Tapped(Layer):
    """A layer that adds a probe and notes its use."""

    layer: Layer
    probe: Array
    place: int = eqx.field(static=True)
    notes: _Notes = eqx.field(static=True)

    def __call__(self, x: Any, *, key: PRNGKeyArray | None = None) -> Any:
        output, use = self.layer.tapped(x, self.probe)
        present = self.notes.present
        self.notes.uses[self.place].append(use if present is None else use._replace(present=present))
        return output

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        return self.layer.output_shape(input_shape)


class _Spread(Layer):
    """A layer that hands steps on as rows to a layer inside, which does not see which of them are padding."""

    layer: Layer
    notes: _Notes = eqx.field(static=True)

    def __call__(self, x: Any, *, key: PRNGKeyArray | None = None) -> Any:
        self.notes.present = self.layer.present_rows(x)
        output = self.layer(x)
        self.notes.present = None
        return output


def _run(problem: Problem, zeros: Sequence[Array], inputs: Any) -> tuple[Array, list[list[Use]]]:
    """Return the outputs and every tapped layer's uses."""
    notes = _Notes(len(zeros))
    model = _tapped(problem, zeros, notes)
    return replace(problem, rest=model).outputs(model, inputs), notes.uses


def _tapped(problem: Problem, zeros: Sequence[Array], notes: _Notes) -> Any:
    model, tapped = eqx.combine(problem.parameters, problem.rest), list(tapped_layers(problem))
    # Nodes are met in the order of `supported_layers`.
    names = iter(supported_layers(model))

    def replaced(node: Any) -> Any:
        if written_out(node, "present_rows"):
            return _Spread(walk(node, inside=True), notes)
        if not shown(node) or (name := next(names)) not in tapped:
            return node
        place = tapped.index(name)
        return _Tapped(node, zeros[place], place, notes)

    def walk(tree: Any, inside: bool = False) -> Any:
        def stop(node: Any) -> bool:
            return not (inside and node is tree) and (shown(node) or written_out(node, "present_rows"))

        return jax.tree.map(replaced, tree, is_leaf=stop)

    return walk(model)
