"""Why deep networks of sigmoid neurons have gradients that vanish or explode: chains of one neuron a layer."""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from shinso import _checks
from shinso.nn import Dense, Sequential
from shinso.textbook._given import given_network


def exploding_chain(depth: int = 4, *, weight: float = 100.0, x: float = 1.0) -> Sequential:
    """Return a chain of sigmoid neurons whose gradient grows by a factor w/4 with every layer that it goes back.

    Every weight is w, and biases are such that every z_l = w a_{l−1} + b_l is 0 for the input x: b₁ = −wx, and −w/2 after
    that. So σ′(z_l) is at its largest, 1/4, and w σ′(z_l) = 25 for w = 100.

    Args:
        depth: number of neurons, ≥ 1.
        weight: w.
        x: the input for which the gradient explodes.

    Returns:
        A network from `[N, 1]` to `[N, 1]`.

    Raises:
        ValueError: depth is below 1, or a number is not finite.

    Source: Nielsen, chapter 5, "The exploding gradient problem".
    """
    many = _checks.whole_number("depth", depth, least=1)
    w, start = _checks.real("weight", weight), _checks.real("x", x)
    biases = [np.array([-w * before]) for before in (start, *[0.5] * (many - 1))]
    return given_network([np.array([[w]])] * many, biases)


def chain_gradient(model: Sequential, x: float, output_gradient: float = 1.0) -> Float[Array, " L"]:
    """Return ∂C/∂b_l = σ′(z_l) w_{l+1} σ′(z_{l+1}) … w_L σ′(z_L) ∂C/∂a_L for every neuron of a chain of sigmoid neurons.

    Args:
        model: dense layers of one unit, each with its activation.
        x: the input.
        output_gradient: ∂C/∂a_L.

    Raises:
        ValueError: a layer has more than one unit or input.

    Source: Nielsen, chapter 5, (121).
    """
    weights, slopes = [], []
    a = jnp.asarray([[x]], dtype=float)
    for layer in model.layers:
        if not isinstance(layer, Dense):
            a, slope = jax.jvp(layer, (a,), (jnp.ones_like(a),))
            slopes.append(slope[0, 0])
            continue
        if layer.weight.shape != (1, 1):
            raise ValueError(f"model must have one neuron in each layer; got weights of shape {layer.weight.shape}.")
        a = layer(a)
        weights.append(layer.weight[0, 0])
    gradient = jnp.asarray(output_gradient, dtype=float)
    found = []
    for weight, slope in zip(reversed(weights), reversed(slopes), strict=True):
        gradient = gradient * slope
        found.append(gradient)
        gradient = gradient * weight
    return jnp.stack(found[::-1])


def steep_width(weight: float) -> float:
    """Return how wide the interval of activations a is for which |w σ′(wa + b)| ≥ 1, whatever b: the gradient holds there.

    It is empty for |w| < 4, where the width is 0, and else

        (2/|w|) ln(|w| (1 + √(1 − 4/|w|))/2 − 1),

    which is never more than 0.45, at |w| ≈ 6.9: so a gradient that does not vanish is the exception.

    Source: Nielsen, chapter 5, problem and (123).
    """
    size = abs(_checks.real("weight", weight))
    if size < 4.0:
        return 0.0
    return 2.0 / size * math.log(size * (1.0 + math.sqrt(1.0 - 4.0 / size)) / 2.0 - 1.0)


def identity_neuron(weight: float = 0.1) -> Sequential:
    """Return a sigmoid neuron that gives back its input: w₂ σ(w₁ x + b) + b₂ ≈ x on [0, 1].

    With x = ½ + Δ and b = −w₁/2 the neuron gives σ(w₁Δ) = ½ + w₁Δ/4 − (w₁Δ)³/48 + …; so w₂ = 4/w₁ and b₂ = ½ − w₂/2 leave
    an error of at most w₁²/96. The problem in the book has no b₂: the neuron after this one adds it to its bias. Without it
    no small w₁ will do, as w₂σ(b) = 0 at x = 0 asks for w₂ = 0 or a neuron far out on its left tail.

    Args:
        weight: w₁ ≠ 0, small.

    Returns:
        A network from `[N, 1]` to `[N, 1]`.

    Raises:
        ValueError: w₁ is 0 or not finite.

    Source: Nielsen, chapter 5, problem "Identity neuron".
    """
    w = _checks.real("weight", weight)
    if w == 0.0:
        raise ValueError("weight must not be 0, which no output weight makes up for.")
    numbers = [np.array([[w]]), np.array([[4.0 / w]])], [np.array([-w / 2.0]), np.array([0.5 - 2.0 / w])]
    return given_network(*numbers, output="identity")
