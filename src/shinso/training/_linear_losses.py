"""How hard examples are: what a linear model makes of them."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from shinso import _threefry, nn
from shinso.objectives import Batch, Objective, penalty
from shinso.training._train import train

EPOCHS = 50
DECAY = 0.01
"""Of the weights: what is separable would make them grow without end."""


def linear_losses(model: Callable[..., Any], objective: Objective, batch: Batch, seed: int) -> Float[np.ndarray, " N"]:
    """Return the loss of each example under a linear model trained on all of them.

    Args:
        model: has as many outputs as the linear model gets.
        objective: of `model`; its penalties are left out.
        batch: N examples, vectors or images.
        seed: of weights and order.

    Raises:
        ValueError: the inputs are sequences, or the outputs are for every step.
    """
    if not isinstance(batch.inputs, np.ndarray | jax.Array):
        raise ValueError(
            "difficulty must be numbers or a function for sequences, such as their lengths; got 'linear_loss'."
        )
    known = model if nn.accepts_key(model) else nn.WithoutKey(model)
    outputs = jax.eval_shape(lambda inputs: known(inputs, key=None), batch.inputs).shape
    if len(outputs) != 2:
        raise ValueError(
            f"difficulty must be numbers or a function for outputs of shape {list(outputs)}; got 'linear_loss'."
        )
    linear = nn.network("linear", batch.inputs.shape[1:], outputs[1], key=_threefry.fold_in(_threefry.key_of(seed), 3))
    decayed = Objective(objective.likelihood, [penalty("l2", strength=DECAY)])
    run = train(linear, decayed, batch, optimizer="lbfgs", epochs=EPOCHS, seed=seed)
    losses = objective.likelihood.loss(jnp.asarray(run.outputs(batch.inputs)), jnp.asarray(batch.targets))
    return np.asarray(losses, dtype=float)
