"""Where rounding begins."""

from typing import Any

import jax.numpy as jnp


def epsilon(dtype: Any) -> float:
    """Return the gap between 1 and the next number of a floating type."""
    return float(jnp.finfo(dtype).eps)  # type: ignore[no-untyped-call]


def smallest(dtype: Any) -> float:
    """Return the smallest normal number of a floating type."""
    return float(jnp.finfo(dtype).tiny)  # type: ignore[no-untyped-call]
