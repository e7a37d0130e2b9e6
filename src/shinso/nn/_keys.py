"""Random keys for layers inside a layer."""

from collections.abc import Sequence

import jax
from jaxtyping import PRNGKeyArray

from shinso.nn._layer import Layer


def keys_for(layers: Sequence[Layer], key: PRNGKeyArray | None) -> list[PRNGKeyArray | None]:
    """Return a key for each layer: None in prediction; in training one of its own where it draws, else any."""
    if key is None:
        return [None] * len(layers)
    drawing = sum(layer.uses_key for layer in layers)
    own = iter(jax.random.split(key, drawing) if drawing > 1 else [key] * drawing)
    return [next(own) if layer.uses_key else key for layer in layers]
