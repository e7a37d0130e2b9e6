"""Steps of sequences, and the padding behind them."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from shinso._sequences import Sequences


def present(lengths: Int[Array, " N"], steps: int) -> Bool[Array, "N T"]:
    """Return which of T = `steps` steps belong to each sequence; the others are padding."""
    return jnp.arange(steps) < lengths[:, None]


def opened(x: Float[Array, "N T D"] | Sequences) -> tuple[Float[Array, "N T D"], Int[Array, " N"] | None]:
    """Return values, 0 in the padding, and lengths; a plain array has no padding, and lengths None."""
    if not isinstance(x, Sequences):
        return x, None
    # Zeros, because 0 × NaN in a weight's gradient would let the padding through.
    kept = present(x.lengths, x.values.shape[1])[..., None]
    return jnp.where(kept, x.values, jnp.zeros_like(x.values)), x.lengths


def present_steps(x: Float[Array, "N T D"] | Sequences) -> Float[Array, "N T"]:
    """Return 1 for each step, 0 for those of the padding, in the type of the values."""
    values, lengths = opened(x)
    if lengths is None:
        return jnp.ones(values.shape[:2], values.dtype)
    return present(lengths, values.shape[1]).astype(values.dtype)


def closed(values: Float[Array, "N T D"], lengths: Int[Array, " N"] | None) -> Any:
    """Return values, 0 in the padding, as what they were opened from: `Sequences`, or an array if `lengths` is None."""
    return values if lengths is None else Sequences(opened(Sequences(values, lengths))[0], lengths)


def flatten_steps(
    outputs: Float[Array, "N T K"] | Sequences, targets: Array, weights: Float[Array, " N"] | None = None
) -> tuple[Float[Array, "M K"], Array, Float[Array, " M"]]:
    """Return outputs per step as M = N·T examples with targets and weights, the padding with weight 0.

    A likelihood then sees steps as it sees examples: Σ_m w_m L_m is the loss summed over steps and sequences,
    L = Σ_n Σ_t L(a_nt, y_nt).

    Args:
        outputs: outputs per step.
        targets: targets per step, `[N, T]` or `[N, T, …]`; anything the likelihood accepts stands in the padding.
        weights: weight of each sequence; None is 1.

    Raises:
        ValueError: targets are not `[N, T, …]`.

    Source: notes on neural networks, §2.4.2 (the error is summed over the times n).
    """
    values, lengths = opened(outputs)
    n, steps = values.shape[:2]
    if targets.shape[:2] != (n, steps):
        raise ValueError(f"targets must be [N, T, …] with N={n} and T={steps}, as outputs are; got {targets.shape}.")
    each = jnp.ones((n, steps), values.dtype) if lengths is None else present(lengths, steps).astype(values.dtype)
    each = each if weights is None else each * weights[:, None]
    rows, answers, shares = jax.tree.map(lambda a: a.reshape(n * steps, *a.shape[2:]), (values, targets, each))
    return rows, answers, shares
