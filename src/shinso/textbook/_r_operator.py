"""A Hessian times a vector by two passes through a two-layer network: R{·} = vᵀ∇ applied to every equation of both."""

from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from shinso.nn import Sequential
from shinso.objectives import Likelihood
from shinso.textbook._two_layer_pass import TwoLayerPass, two_layer_pass


class RForward(NamedTuple):
    """R{a_j}, R{z_j} and R{y_k}: the derivatives of a forward pass along a direction in weight space."""

    a: Float[Array, "N H"]
    z: Float[Array, "N H"]
    y: Float[Array, "N K"]


def hessian_vector_product(
    model: Sequential, likelihood: Likelihood, data: Any, vector: Float[Array, " W"]
) -> Float[Array, " W"]:
    """Return Hv by one R-forward and one R-backward pass: O(W) work, where the Hessian has W² entries.

    Args:
        model: a dense layer, an activation and a dense layer; W parameters.
        likelihood: of the outputs.
        data: ``(X, y)``, ``(X, y, weights)`` or a `Batch`.
        vector: v, in the order of `ravel_pytree(model)`; `jax.vmap` takes many.

    Raises:
        TypeError: the model is another one.
        ValueError: data do not fit the likelihood.

    Source: Bishop, PRML, §5.4.6.
    """
    passed = two_layer_pass(model, likelihood, data)
    return r_backward(passed, vector, r_forward(passed, vector))


def r_forward(passed: TwoLayerPass, vector: Float[Array, " W"]) -> RForward:
    """Return the forward pass differentiated along v: R{·} = vᵀ∇, with R{w} = v.

    Source: Bishop, PRML, (5.101)–(5.103).
    """
    v1, v2 = _by_layer(passed, vector)
    r_a = passed.x @ v1  # (5.101)  R{a_j} = Σ_i v_ji x_i
    r_z = passed.slope * r_a  # (5.102)  R{z_j} = h′(a_j) R{a_j}
    r_y = r_z @ passed.w + passed.z @ v2  # (5.103)  R{y_k} = Σ_j w_kj R{z_j} + Σ_j v_kj z_j
    return RForward(r_a, r_z, r_y)


def r_backward(passed: TwoLayerPass, vector: Float[Array, " W"], forward: RForward) -> Float[Array, " W"]:
    """Return back-propagation differentiated along v, and with it the gradient: R{∇E} = Hv.

    Source: Bishop, PRML, (5.106)–(5.111); (5.106) with M_kk′ for any likelihood, where sum-of-squares has I_kk′.
    """
    _, v2 = _by_layer(passed, vector)
    # (5.106)  R{δ_k} = Σ_k′ M_kk′ R{y_k′}
    r_delta = jnp.einsum("nkK,nK->nk", passed.curvature, forward.y)
    # (5.107)  R{δ_j} = h″(a_j) R{a_j} Σ_k w_kj δ_k + h′(a_j) Σ_k v_kj δ_k + h′(a_j) Σ_k w_kj R{δ_k}
    r_delta_hidden = (
        passed.bend * forward.a * (passed.delta @ passed.w.T)
        + passed.slope * (passed.delta @ v2[:-1].T)
        + passed.slope * (r_delta @ passed.w.T)
    )
    # (5.110)  R{∂E/∂w_kj} = R{δ_k} z_j + δ_k R{z_j}, where R of the constant z is 0
    share = passed.share[:, None]
    r_z = jnp.pad(forward.z, ((0, 0), (0, 1)))
    second = passed.z.T @ (share * r_delta) + r_z.T @ (share * passed.delta)
    # (5.111)  R{∂E/∂w_ji} = x_i R{δ_j}
    first = passed.x.T @ (share * r_delta_hidden)
    return jnp.concatenate([first.ravel(), second.ravel()])


def _by_layer(passed: TwoLayerPass, vector: Float[Array, " W"]) -> tuple[Float[Array, "D H"], Float[Array, "J K"]]:
    """V as two matrices, the last row of each for the biases."""
    hidden, outputs = passed.w.shape
    cut = passed.x.shape[1] * hidden
    return vector[:cut].reshape(-1, hidden), vector[cut:].reshape(-1, outputs)
