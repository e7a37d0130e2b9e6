"""Second derivatives of a two-layer network, written out as Bishop's PRML derives them.

Inputs x carry a constant 1 for the biases, and so do hidden units z; a first-layer weight w_ji goes from input i to hidden
unit j, a second-layer weight w_kj from there to output k. δ_k = ∂E_n/∂a_k and M_kk′ = ∂²E_n/∂a_k∂a_k′ come from the
likelihood, so any of them has a place here; h′ and h″ come from automatic differentiation of the activation.

Vectors and matrices follow the order of `jax.flatten_util.ravel_pytree(model)`: first-layer weights, then its biases, then
the second layer's.
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


class RForward(NamedTuple):
    """R{a_j}, R{z_j} and R{y_k}: the derivatives of a forward pass along a direction in weight space."""

    a: Float[Array, "N H"]
    z: Float[Array, "N H"]
    y: Float[Array, "N K"]


def two_layer_pass(model: Sequential, likelihood: Likelihood, data: Any) -> TwoLayerPass:
    """Pass all examples through h(x W₁ + b₁) W₂ + b₂, and differentiate what belongs to one unit.

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


def two_layer_hessian(model: Sequential, likelihood: Likelihood, data: Any) -> Float[Array, "W W"]:
    """Return the Hessian of Σ w_n E_n / Σ w_n in closed form.

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


def hessian_vector_product(
    model: Sequential, likelihood: Likelihood, data: Any, vector: Float[Array, " W"]
) -> Float[Array, " W"]:
    """Return Hv by one R-forward and one R-backward pass: O(W) work, where the Hessian has W² entries.

    Args:
        model: a dense layer, an activation and a dense layer; W parameters.
        likelihood: of the outputs.
        data: ``(X, y)``, ``(X, y, weights)`` or a `Batch`.
        vector: v.

    Raises:
        TypeError: the model is another one.
        ValueError: data do not fit the likelihood.

    Source: Bishop, PRML, §5.4.6.
    """
    passed = two_layer_pass(model, likelihood, data)
    return r_backward(passed, vector, r_forward(passed, vector))


def r_forward(passed: TwoLayerPass, vector: Float[Array, " W"]) -> RForward:
    """Differentiate the forward pass along v: R{·} = vᵀ∇, with R{w} = v.

    Source: Bishop, PRML, (5.101)–(5.103).
    """
    v1, v2 = _by_layer(passed, vector)
    r_a = passed.x @ v1  # (5.101)  R{a_j} = Σ_i v_ji x_i
    r_z = passed.slope * r_a  # (5.102)  R{z_j} = h′(a_j) R{a_j}
    r_y = r_z @ passed.w + passed.z @ v2  # (5.103)  R{y_k} = Σ_j w_kj R{z_j} + Σ_j v_kj z_j
    return RForward(r_a, r_z, r_y)


def r_backward(passed: TwoLayerPass, vector: Float[Array, " W"], forward: RForward) -> Float[Array, " W"]:
    """Differentiate back-propagation along v, and with it the gradient: R{∇E} = Hv.

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
