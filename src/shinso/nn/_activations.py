"""Activation functions by name, and the layer that applies one."""

import functools
from collections.abc import Callable
from typing import Any, Self

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from shinso._kinds import ACTIVATIONS
from shinso.nn import _spec
from shinso.nn._elementwise import Elementwise
from shinso.nn._layer import Layer, Operation, Shape

ActivationFunction = Callable[..., Array]


def activation(spec: _spec.Spec) -> ActivationFunction:
    """Return the activation function that `spec` names.

    ============== ==================================== ============================
    name           φ(x)                                 φ′(x)
    ============== ==================================== ============================
    identity       x                                    1
    sigmoid        σ(x) = 1/(1 + e⁻ˣ)                   σ(x)(1 − σ(x))
    tanh           2σ(2x) − 1                           1 − tanh²x
    gaussian_cdf   Φ(x) = ½(1 + erf(x/√2))              e^(−x²/2)/√(2π)
    erf            (2/√π)∫₀ˣ e^(−t²) dt                 (2/√π) e^(−x²)
    relu           max(0, x)                            1 if x > 0 else 0
    elu            x if x > 0 else α(eˣ − 1), α = 1     1 if x > 0 else αeˣ
    step           1 if x > 0 else 0 (0 at 0)           0
    softplus       ln(1 + eˣ)                           σ(x)
    gelu           x Φ(x)                               Φ(x) + x φ_N(x)
    silu           x σ(x)                               σ(x)(1 + x(1 − σ(x)))
    ============== ==================================== ============================

    Args:
        spec: a name, or a dictionary with the name and its arguments: `{"name": "elu", "alpha": 0.5}`.

    Returns:
        A function of an array of any shape that keeps shape and dtype.

    Raises:
        ValueError: the name is unknown (the nearest one is suggested), or α is not positive.

    Source: notes on neural networks, §2.2.1.2; Goodfellow et al., §8.7.5; Nielsen, chapters 1, 3 and 6.
    """
    name, arguments = _spec.parse("activation", spec, ACTIVATIONS)
    function: ActivationFunction = ACTIVATIONS[name]
    bound = functools.partial(function, **arguments) if arguments else function
    if arguments:
        jax.eval_shape(bound, np.zeros((), np.float32))  # a function checks its own arguments
    return bound


class Activation(Layer):
    """φ applied to every element of any array `[N, …]`; see `shinso.nn.activation` for the table.

    Raises:
        ValueError: `spec` names no activation.
    """

    name: str = eqx.field(static=True)
    arguments: tuple[tuple[str, float], ...] = eqx.field(static=True)

    def __init__(self, spec: _spec.Spec):
        activation(spec)
        self.name, arguments = _spec.parse("activation", spec, ACTIVATIONS)
        self.arguments = tuple(sorted(arguments.items()))

    @property
    def function(self) -> Elementwise:
        """φ, without its arguments."""
        function: Elementwise = ACTIVATIONS[self.name]
        return function

    @property
    def monotone(self) -> bool:
        """Whether φ never decreases, so that a maximum may be taken before it."""
        return self.function.monotone

    @property
    def rectifier(self) -> bool:
        """Whether He initialization is made for what φ takes."""
        return self.function.rectifier

    @property
    def pieces(self) -> int:
        """Affine pieces of a unit: one."""
        return 1

    def __call__(self, x: Float[Array, "N *shape"], *, key: PRNGKeyArray | None = None) -> Float[Array, "N *shape"]:
        """Return φ(x)."""
        return self.function(x, **dict(self.arguments))

    @property
    def description(self) -> str:
        """The class and the function's name."""
        return f"{type(self).__name__} {self.name}"

    def operations(self, input_shape: Shape) -> list[Operation]:
        """One `activation`."""
        return [{"operation": "activation", "name": self.name, "arguments": dict(self.arguments)}]

    def backpropagate(self, x: Any, delta: Any, *, key: PRNGKeyArray | None = None) -> tuple[Array, Self]:
        """Return δ ⊙ φ′(x)."""
        return delta * self.function.slope(x, **dict(self.arguments)), self

    def backpropagate_diagonal(self, x: Array, first: Array, second: Array) -> tuple[Array, Array, Self]:
        """Return φ′(x) ∂C/∂y and φ′(x)² ∂²C/∂y² + φ″(x) ∂C/∂y; φ′ and φ″ by automatic differentiation."""

        def slope(x: Array) -> Array:
            along: Array = jax.jvp(self, (x,), (jnp.ones_like(x),))[1]
            return along

        slopes, bends = jax.jvp(slope, (x,), (jnp.ones_like(x),))
        return slopes * first, slopes**2 * second + bends * first, self
