"""Elman's recurrent layer."""

import functools
from typing import Any, ClassVar, Self

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from shinso.nn import _spec
from shinso.nn._activations import Activation
from shinso.nn._activations import activation as activation_function
from shinso.nn._recurrence import Cell
from shinso.nn._recurrent_layer import RecurrentLayer
from shinso.nn._sequences import closed, opened, present_steps


@functools.cache
def _elman(name: str, arguments: tuple[tuple[str, float], ...]) -> Cell:
    phi = activation_function({"name": name, **dict(arguments)})
    return Cell(lambda state, inputs, products: (phi(inputs[0] + products[0]),), 1)


class Elman(RecurrentLayer):
    """z_n = φ(x_n W_zx + z_{n−1} W_zz + b), the recurrent network of the sources; z_0 = 0.

    `weight` is W_zx `[inputs, units]` and `recurrent_weight` W_zz `[units, units]`, the transposes of the sources'.

    Args:
        inputs: numbers a step, at least 1.
        units: numbers in z, at least 1.
        activation: φ.
        key: random key.
        **options: the arguments of `RecurrentLayer`.

    Raises:
        ValueError: a size below 1, or an unknown name.

    Source: notes on neural networks, §2.4.2; Elman (1990).
    """

    gates: ClassVar[int] = 1
    activation: str = eqx.field(static=True)
    arguments: tuple[tuple[str, float], ...] = eqx.field(static=True)

    def __init__(self, inputs: int, units: int, *, activation: _spec.Spec = "tanh", key: PRNGKeyArray, **options: Any):
        super().__init__(inputs, units, key=key, **options)
        phi = Activation(activation)
        self.activation, self.arguments = phi.name, phi.arguments

    @property
    def _cell(self) -> Cell:
        return _elman(self.activation, self.arguments)

    def backpropagate(self, x: Any, delta: Any, *, key: PRNGKeyArray | None = None) -> tuple[Any, Self]:
        """Back-propagation through time: δ_n = (∂C/∂z_n + δ_{n+1} W_zzᵀ) ⊙ φ′(a_n), from the last step to the first.

        a_n = x_n W_zx + z_{n−1} W_zz + b. The gradients are sums over steps, Σ x_nᵀδ_n, Σ z_{n−1}ᵀδ_n and Σ δ_n.

        Source: notes on neural networks, §2.4.2; Goodfellow et al., §10.2.2, (10.18)–(10.28).
        """
        values, lengths = opened(x)
        before = self.states_before(opened(self(x))[0])
        a = jnp.matmul(values, self.weight) + self.bias + jnp.matmul(before, self.recurrent_weight)
        phi = Activation({"name": self.activation, **dict(self.arguments)})
        slopes = phi.function.slope(a, **dict(self.arguments)) * present_steps(x)[..., None]
        parts = opened(delta)[0], slopes, self._carried(x)[..., None]

        def step_back(later: Array, step: tuple[Array, ...]) -> tuple[Array, Array]:
            direct, slope, carried = step
            through = (direct + later) * slope
            return carried * jnp.matmul(through, self.recurrent_weight.T), through

        nothing = jnp.zeros_like(slopes[:, 0])
        steps = tuple(jnp.swapaxes(part, 0, 1) for part in parts)
        deltas = jnp.swapaxes(jax.lax.scan(step_back, nothing, steps, reverse=not self.reverse)[1], 0, 1)
        numbers = (
            jnp.einsum("nti,ntj->ij", values, deltas),
            jnp.einsum("nti,ntj->ij", before, deltas),
            deltas.sum(axis=(0, 1)),
        )
        gradient: Self = eqx.tree_at(lambda node: (node.weight, node.recurrent_weight, node.bias), self, numbers)
        return closed(jnp.matmul(deltas, self.weight.T), lengths), gradient

    def _carried(self, x: Any) -> Float[Array, "N T"]:
        """1 where δ goes on to the step before, 0 where truncation stops it."""
        present = present_steps(x)
        if self.truncate is None:
            return jnp.ones_like(present)
        steps = jnp.arange(present.shape[1])
        passed = jnp.sum(present, axis=1, keepdims=True) - 1 - steps if self.reverse else steps
        return jnp.broadcast_to(passed % self.truncate != 0, present.shape).astype(present.dtype)
