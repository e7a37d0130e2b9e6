"""One of two trees."""

from typing import TypeVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool

Tree = TypeVar("Tree")


def choose(condition: Bool[Array, ""], yes: Tree, no: Tree) -> Tree:
    """Return `yes` where `condition` holds, else `no`, leaf by leaf, in the types of `no`."""
    chosen: Tree = jax.tree.map(lambda a, b: jnp.where(condition, a, b).astype(b.dtype), yes, no)
    return chosen
