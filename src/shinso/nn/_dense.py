"""The fully connected layer."""

from typing import Any, ClassVar, Self

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from shinso import _checks, _threefry
from shinso.nn._initializers import Fans, Initializer, initialize
from shinso.nn._layer import Layer, Operation, Shape
from shinso.nn._tap import Site, Use, use_of


class Dense(Layer):
    """z = x W + b for every example: `[N, inputs]` to `[N, outputs]`.

    `weight` is `[inputs, outputs]` (scikit-learn's `coefs_`), so one example reads z = Wᵀx + b; the sources' W of
    z = Wx + b is its transpose. `bias` is `[outputs]`.

    Args:
        inputs: number of inputs, at least 1.
        outputs: number of outputs, at least 1.
        weight_init: initializer of the weights.
        bias_init: initializer of the biases.
        key: random key.

    Raises:
        ValueError: a size below 1, or an unknown initializer.

    Source: notes on neural networks, §2.2.1; Nielsen, chapter 2, equation (25).
    """

    weight: Float[Array, "inputs outputs"]
    bias: Float[Array, " outputs"]
    sites: ClassVar[tuple[Site, ...]] = (Site("weight", "bias"),)

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        weight_init: Initializer = "glorot_uniform",
        bias_init: Initializer = "zeros",
        key: PRNGKeyArray,
    ):
        inputs = _checks.whole_number("inputs", inputs, least=1)
        outputs = _checks.whole_number("outputs", outputs, least=1)
        fans = Fans(inputs, outputs)
        weight_key, bias_key = _threefry.split(key)
        self.weight = initialize(weight_init, weight_key, (inputs, outputs), fans, argument="weight_init")
        self.bias = initialize(bias_init, bias_key, (outputs,), fans, argument="bias_init")

    def __call__(self, x: Float[Array, "N inputs"], *, key: PRNGKeyArray | None = None) -> Float[Array, "N outputs"]:
        """Return x W + b.

        Raises:
            ValueError: `x` is not `[N, inputs]`.
        """
        self.output_shape(x.shape[1:])
        return jnp.matmul(x, self.weight) + self.bias

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(outputs,)`, if `input_shape` is `(inputs,)`."""
        inputs, outputs = self.weight.shape
        if tuple(input_shape) != (inputs,):
            raise ValueError(f"Dense takes examples of shape ({inputs},); got {tuple(input_shape)}.")
        return (outputs,)

    def multiply_adds(self, input_shape: Shape) -> int:
        """Inputs × outputs."""
        inputs, outputs = self.weight.shape
        return inputs * outputs

    def tapped(self, x: Any, probe: Array) -> tuple[Array, Use]:
        """Return z + probe, and x."""
        sums = self(x) + probe
        return sums, use_of(x, probe, sums)

    def operations(self, input_shape: Shape) -> list[Operation]:
        """One `dense`."""
        return [{"operation": "dense", "weight": self.weight, "bias": self.bias}]

    def backpropagate(self, x: Any, delta: Any, *, key: PRNGKeyArray | None = None) -> tuple[Array, Self]:
        """Return δWᵀ and the gradients xᵀδ, Σ_n δ_n."""
        return delta @ self.weight.T, self._holding(x.T @ delta, delta.sum(axis=0))

    def backpropagate_diagonal(self, x: Array, first: Array, second: Array) -> tuple[Array, Array, Self]:
        """Return Σ_k w_jk ∂C/∂z_k, Σ_k w_jk² ∂²C/∂z_k², and the diagonals x_j² ∂²C/∂z_k², ∂²C/∂z_k²."""
        squares = jnp.square(self.weight)
        diagonal = self._holding(jnp.square(x).T @ second, second.sum(axis=0))
        return first @ self.weight.T, second @ squares.T, diagonal

    def _holding(self, weight: Array, bias: Array) -> Self:
        numbers = (weight.astype(self.weight.dtype), bias.astype(self.bias.dtype))
        held: Self = eqx.tree_at(lambda layer: (layer.weight, layer.bias), self, numbers)
        return held
