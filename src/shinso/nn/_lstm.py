"""Long short-term memory."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from shinso import _checks
from shinso.nn._recurrence import Cell, Gates, State
from shinso.nn._recurrent_layer import RecurrentLayer


def _lstm_step(state: State, inputs: Gates, products: Gates) -> State:
    i, f, g, o = (x + z for x, z in zip(inputs, products, strict=True))
    c = jax.nn.sigmoid(f) * state[1] + jax.nn.sigmoid(i) * jnp.tanh(g)
    return jax.nn.sigmoid(o) * jnp.tanh(c), c


_LSTM = Cell(_lstm_step, 2)


class LSTM(RecurrentLayer):
    """Long short-term memory: a cell state c behind an input, a forget and an output gate.

    With a = x_t W + h_{t−1} U + b split into a_i, a_f, a_g, a_o (PyTorch's order):

        c_t = σ(a_f) ⊙ c_{t−1} + σ(a_i) ⊙ tanh(a_g),  h_t = σ(a_o) ⊙ tanh(c_t),  h_0 = c_0 = 0.

    The output is h. PyTorch's two biases are one here, their sum.

    Args:
        inputs: numbers a step, at least 1.
        units: numbers in h, at least 1.
        forget_bias: added to the forget gate's biases at the start, so that the cell remembers until it has learned.
        key: random key.
        **options: the arguments of `RecurrentLayer`.

    Raises:
        ValueError: a size below 1, an unknown initializer, or a `forget_bias` that is not finite.

    Source: lecture on deep learning (LSTM); Goodfellow et al., §8.4 (forget bias 1); Hochreiter and Schmidhuber (1997);
    Gers et al. (2000).
    """

    gates: ClassVar[int] = 4

    def __init__(self, inputs: int, units: int, *, forget_bias: float = 1.0, key: PRNGKeyArray, **options: Any):
        super().__init__(inputs, units, key=key, **options)
        self.bias = self.bias.at[units : 2 * units].add(_checks.real("forget_bias", forget_bias))

    @property
    def _cell(self) -> Cell:
        return _LSTM
