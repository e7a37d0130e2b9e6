"""Targets in the form a likelihood needs. Only shapes and types are checked: values are not known while tracing."""

import jax.numpy as jnp
from jaxtyping import Array, Float, Int


def columns(targets: Array, outputs: Float[Array, "N K"]) -> Float[Array, "N K"]:
    """Return `targets` as `[N, K]` in the outputs' type; `[N]` is accepted when K = 1.

    Raises:
        ValueError: The shapes do not fit.
    """
    if targets.shape == outputs.shape:
        return targets.astype(outputs.dtype)
    if outputs.shape[-1] == 1 and targets.shape == outputs.shape[:-1]:
        return targets[..., None].astype(outputs.dtype)
    flat = f" (or {outputs.shape[:-1]} for one output)" if outputs.shape[-1] == 1 else ""
    raise ValueError(f"targets must have the shape {outputs.shape} of the outputs{flat}; got {targets.shape}.")


def indices(targets: Array, outputs: Float[Array, "N K"]) -> Int[Array, " N"]:
    """Return `targets` as class indices `[N]`.

    Raises:
        TypeError: `targets` is not made of whole numbers.
        ValueError: `targets` is not one number for each row of `outputs`.
    """
    if targets.dtype != jnp.bool_ and not jnp.issubdtype(targets.dtype, jnp.integer):
        raise TypeError(f"targets must be class indices of an integer type; got {targets.dtype}.")
    if targets.shape != outputs.shape[:-1]:
        raise ValueError(f"targets must be class indices of shape {outputs.shape[:-1]}; got {targets.shape}.")
    return targets.astype(jnp.int32)


def indicators(targets: Array, outputs: Float[Array, "N K"]) -> Float[Array, "N K"]:
    """Return one-hot rows `[N, K]` for class indices `[N]`, or the given `[N, K]` in the outputs' type.

    With one output, `[N]` holds the labels 0 and 1 themselves.
    """
    if targets.shape == outputs.shape or outputs.shape[-1] == 1:
        return columns(targets, outputs)
    return is_class(indices(targets, outputs), outputs).astype(outputs.dtype)


def is_class(labels: Int[Array, " N"], outputs: Float[Array, "N K"]) -> Array:
    """Return the boolean `[N, K]` that is true at each row's class.

    A comparison rather than indexing: the derivative of indexing is a scatter, which XLA runs serially on CPU.
    """
    return labels[..., None] == jnp.arange(outputs.shape[-1], dtype=labels.dtype)
