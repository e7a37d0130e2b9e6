"""Whether model, objective and data fit, found before anything is compiled."""

import functools
from typing import Any

import equinox as eqx
import jax
from jaxtyping import Array

from shinso import nn
from shinso.objectives import Batch, Objective
from shinso.training._mini_batches import n_examples


def check_fit(name: str, model: Any, objective: Objective, batch: Batch, size: int | None) -> None:
    """Trace the objective on abstract values: what does not fit is found before anything is compiled.

    `size` is that of a mini-batch in training; None means prediction.
    """
    try:
        outputs = _output_shape(model, objective, batch, size)
    except (TypeError, ValueError) as error:
        own = "" if isinstance(model, nn.Layer) else "; a module for one example is shinso.nn.PerExample(module)"
        raise type(error)(f"{name} and model do not fit: {str(error).rstrip('.')}{own}.") from error
    if len(outputs) not in (2, 3):
        raise ValueError(
            f"model must return outputs [N, K], or [N, T, K] for every step; for {name} it returns shape {list(outputs)}."
        )
    objective.likelihood.target.check_outputs(f"targets of {name}", batch.targets, outputs[-1])


def _output_shape(model: Any, objective: Objective, batch: Batch, size: int | None) -> tuple[int, ...]:
    """Return the shape of the model's outputs, found by tracing what training will evaluate."""
    arrays, static = eqx.partition((model, objective), eqx.is_array)
    leaves, structure = jax.tree.flatten(arrays)
    rest, rest_structure = jax.tree.flatten(static)
    rows = n_examples(batch) if size is None else size
    examples = [_shape_of(leaf, (rows, *leaf.shape[1:])) for leaf in jax.tree.leaves(batch)]
    shapes = tuple(_shape_of(leaf, leaf.shape) for leaf in leaves)
    return _traced_output_shape(
        shapes, structure, tuple(rest), rest_structure, tuple(examples), jax.tree.structure(batch), size is not None
    )


def _shape_of(leaf: Array, shape: tuple[int, ...]) -> jax.ShapeDtypeStruct:
    abstract: jax.ShapeDtypeStruct = jax.ShapeDtypeStruct(shape, leaf.dtype)  # type: ignore[no-untyped-call]
    return abstract


# Tracing takes as long as a thousand small steps; equal structures and shapes, as in a grid search, trace alike.
@functools.lru_cache(maxsize=256)
def _traced_output_shape(
    shapes: tuple[jax.ShapeDtypeStruct, ...],
    structure: Any,
    rest: tuple[Any, ...],
    rest_structure: Any,
    examples: tuple[jax.ShapeDtypeStruct, ...],
    batch_structure: Any,
    training: bool,
) -> tuple[int, ...]:
    static = jax.tree.unflatten(rest_structure, rest)

    def outputs(leaves: tuple[Array, ...], examples: tuple[Array, ...]) -> Array:
        model, objective = eqx.combine(jax.tree.unflatten(structure, leaves), static)
        batch = jax.tree.unflatten(batch_structure, examples)
        if not training:
            found = objective.value_and_outputs(model, batch, key=None)[1]
        else:
            _, found, updated = objective.value_outputs_and_model(model, batch, key=jax.random.key(0))
            if idle := nn.unchanged_buffers(model, updated):
                raise ValueError(
                    f"{idle[0]} is not brought up to date in training: a layer around it lacks call_and_update."
                )
        values: Array = found.values if isinstance(found, nn.Sequences) else found
        return values

    return tuple(jax.eval_shape(outputs, shapes, examples).shape)
