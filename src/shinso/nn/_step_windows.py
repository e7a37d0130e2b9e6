"""Windows over the steps of sequences."""

from typing import Any

import jax.numpy as jnp


def windows_of(steps: Any, size: int, stride: int) -> Any:
    """How many whole windows fit into sequences of so many steps, a number or an array; at least one."""
    count = (steps - size) // stride + 1
    return max(count, 1) if isinstance(steps, int) else jnp.maximum(count, 1)
