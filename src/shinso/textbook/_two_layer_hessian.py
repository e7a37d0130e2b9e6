"""The Hessian of a two-layer network in closed form."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from shinso.nn import Sequential
from shinso.objectives import Likelihood
from shinso.textbook._two_layer_pass import two_layer_pass


def two_layer_hessian(model: Sequential, likelihood: Likelihood, data: Any) -> Float[Array, "W W"]:
    """Return the Hessian of Σ w_n E_n / Σ w_n in closed form, parameters in the order of `ravel_pytree(model)`.

    Both in the second layer:    ∂²E_n/∂w_kj ∂w_k′j′ = z_j z_j′ M_kk′                                           (5.93)
    both in the first layer:     ∂²E_n/∂w_ji ∂w_j′i′ = x_i x_i′ {h″(a_j) I_jj′ Σ_k w_kj δ_k
                                                        + h′(a_j) h′(a_j′) Σ_kk′ w_kj w_k′j′ M_kk′}             (5.94)
    one in each:                 ∂²E_n/∂w_ji ∂w_kj′ = x_i h′(a_j) {δ_k I_jj′ + z_j′ Σ_k′ w_k′j M_kk′}           (5.95)

    In the mixed term δ_k I_jj′ and z_j′ go with the unit j′ of the second-layer weight, h′ with the unit j of the
    first-layer one; where a print of (5.95) differs, this is what differentiating gives.

    Args:
        model: a dense layer, an activation and a dense layer; W parameters.
        likelihood: of the outputs.
        data: ``(X, y)``, ``(X, y, weights)`` or a `Batch`.

    Raises:
        TypeError: the model is another one.
        ValueError: data do not fit the likelihood.

    Source: Bishop, PRML, §5.4.5.
    """
    p = two_layer_pass(model, likelihood, data)
    hidden, outputs = p.w.shape
    same = jnp.eye(hidden)
    same_or_bias = jnp.eye(hidden, hidden + 1)  # I_jj′: no first-layer weight belongs to the constant z

    # Both in the second layer: (5.93)
    second = jnp.einsum("n,nj,nJ,nkK->jkJK", p.share, p.z, p.z, p.curvature)
    # Both in the first layer: (5.94)
    through = jnp.einsum("jk,JK,nkK->njJ", p.w, p.w, p.curvature)
    inner = p.bend[:, :, None] * same * (p.delta @ p.w.T)[:, :, None] + p.slope[:, :, None] * p.slope[:, None] * through
    first = jnp.einsum("n,ni,nI,njJ->ijIJ", p.share, p.x, p.x, inner)
    # One in each layer: (5.95)
    inner = jnp.einsum("nk,jJ->njJk", p.delta, same_or_bias) + jnp.einsum("nJ,jK,nkK->njJk", p.z, p.w, p.curvature)
    mixed = jnp.einsum("n,ni,nj,njJk->ijJk", p.share, p.x, p.slope, inner)

    one, two = p.x.shape[1] * hidden, (hidden + 1) * outputs
    corner = mixed.reshape(one, two)
    return jnp.block([[first.reshape(one, one), corner], [corner.T, second.reshape(two, two)]])
