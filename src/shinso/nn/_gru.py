"""Gated recurrent units."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from shinso._numbers import device_array
from shinso.nn._recurrence import Cell, Gates, Recurrent, State
from shinso.nn._recurrent_layer import RecurrentLayer
from shinso.nn._tap import Site, Use


def _gru_step(state: State, inputs: Gates, products: Gates) -> State:
    r = jax.nn.sigmoid(inputs[0] + products[0])
    z = jax.nn.sigmoid(inputs[1] + products[1])
    n = jnp.tanh(inputs[2] + r * products[2])
    return (n + z * (state[0] - n),)


_GRU = Cell(_gru_step, 1)


class GRU(RecurrentLayer):
    """Gated recurrent unit; the reset gate acts *after* the recurrent product, as in PyTorch and cuDNN.

    With x_t W + b split into x_r, x_z, x_n and h_{t−1} U into u_r, u_z, u_n (PyTorch's order):

        r = σ(x_r + u_r),  z = σ(x_z + u_z),  n = tanh(x_n + r ⊙ (u_n + c)),  h_t = (1 − z) ⊙ n + z ⊙ h_{t−1},  h_0 = 0.

    Cho et al. (2014) write (r ⊙ h_{t−1}) U_n instead. `recurrent_bias` is c; PyTorch's other recurrent biases are part of
    `bias` here.

    Args:
        inputs: numbers a step, at least 1.
        units: numbers in h, at least 1.
        key: random key.
        **options: the arguments of `RecurrentLayer`.

    Raises:
        ValueError: a size below 1, or an unknown initializer.

    Source: Cho et al. (2014), with the reset gate of cuDNN and PyTorch; lecture on deep learning (gates).
    """

    gates: ClassVar[int] = 3
    recurrent_bias: Float[Array, " units"]
    sites: ClassVar[tuple[Site, ...]] = (*RecurrentLayer.sites, Site(None, "recurrent_bias"))

    def __init__(self, inputs: int, units: int, *, key: PRNGKeyArray, **options: Any):
        super().__init__(inputs, units, key=key, **options)
        self.recurrent_bias = device_array(np.zeros(units), self.bias.dtype)

    @property
    def _cell(self) -> Cell:
        return _GRU

    @property
    def _recurrent(self) -> Recurrent:
        return Recurrent(self._split(self.recurrent_weight), (None, None, self.recurrent_bias))

    def tapped(self, x: Any, probe: Array) -> tuple[Any, Use]:
        """As every recurrent layer; `recurrent_bias` has only the 1 that multiplies a bias for rows."""
        outputs, use = super().tapped(x, probe)
        return outputs, use._replace(rows=(*use.rows, jnp.zeros((len(use.present), 0), use.probe.dtype)))

    def product_gradients(self, use: Use, gradient: Float[Array, "R g"]) -> tuple[Float[Array, "R g"], ...]:
        """The reset gate stands between the product of the third gate and its pre-activation."""
        x, state, _ = use.rows
        units = self.units
        products = x @ self.weight[:, :units] + self.bias[:units] + state @ self.recurrent_weight[:, :units]
        third = jax.nn.sigmoid(products) * gradient[:, 2 * units :]
        return gradient, jnp.concatenate([gradient[:, : 2 * units], third], axis=-1), third
