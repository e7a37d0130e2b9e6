"""A two-layer network's forward pass and the derivatives that belong to one unit, in the notation of Bishop's PRML.

Inputs x carry a constant 1 for the biases, and so do hidden units z; a first-layer weight w_ji goes from input i to hidden
unit j, a second-layer weight w_kj from there to output k. δ_k = ∂E_n/∂a_k and M_kk′ = ∂²E_n/∂a_k∂a_k′ come from the
likelihood, so any of them has a place here; h′ and h″ come from automatic differentiation of the activation.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from shinso.nn import Activation, Dense, Sequential
from shinso.objectives import Likelihood, as_batch


class TwoLayerPass(NamedTuple):
    """What one forward pass leaves for the derivatives.

    Attributes:
        x: inputs and the constant 1.
        z: hidden units h(a_j) and the constant 1.
        slope: h′(a_j).
        bend: h″(a_j).
        w: second-layer weights w_kj, without biases.
        delta: δ_k.
        curvature: M_kk′.
        share: each example's weight in the mean cost, Σ = 1.
    """

    x: Float[Array, "N D"]
    z: Float[Array, "N J"]
    slope: Float[Array, "N H"]
    bend: Float[Array, "N H"]
    w: Float[Array, "H K"]
    delta: Float[Array, "N K"]
    curvature: Float[Array, "N K K"]
    share: Float[Array, " N"]


def two_layer_pass(model: Sequential, likelihood: Likelihood, data: Any) -> TwoLayerPass:
    """Return all examples' pass through h(x W₁ + b₁) W₂ + b₂, and the derivatives that belong to one unit.

    Args:
        model: a dense layer, an activation and a dense layer.
        likelihood: of the outputs.
        data: ``(X, y)``, ``(X, y, weights)`` or a `Batch`, N examples.

    Raises:
        TypeError: the model is another one.
        ValueError: data do not fit the likelihood.
    """
    kinds = [type(layer) for layer in model.layers]
    if kinds != [Dense, Activation, Dense]:
        got = ", ".join(kind.__name__ for kind in kinds)
        raise TypeError(f"model must be Dense, Activation, Dense; got {got}.")
    first, h, second = model.layers
    assert isinstance(first, Dense)
    assert isinstance(second, Dense)
    batch = as_batch("data", data, likelihood)
    one = jnp.ones((len(batch.weights), 1), first.weight.dtype)
    a = first(batch.inputs)
    (z, slope), (_, bend) = jax.jvp(lambda a: jax.jvp(h, (a,), (jnp.ones_like(a),)), (a,), (jnp.ones_like(a),))
    outputs = second(z)
    return TwoLayerPass(
        x=jnp.concatenate([batch.inputs, one], axis=1),
        z=jnp.concatenate([z, one], axis=1),
        slope=slope,
        bend=bend,
        w=second.weight,
        delta=jax.grad(lambda y: jnp.sum(likelihood.loss(y, batch.targets)))(outputs),
        curvature=likelihood.output_hessian(outputs, batch.targets),
        share=batch.weights / jnp.sum(batch.weights),
    )
