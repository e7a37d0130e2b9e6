"""Recurrent layers: Elman's network, LSTM, GRU, and two directions side by side."""

import functools
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from shinso import _checks
from shinso.nn import _spec
from shinso.nn._activations import Activation
from shinso.nn._activations import activation as activation_function
from shinso.nn._initializers import Fans, Initializer, initialize
from shinso.nn._layer import Layer, Shape
from shinso.nn._recurrence import Cell, Gates, Order, Recurrent, State, recur
from shinso.nn._sequences import Sequences, closed, opened


class RecurrentLayer(Layer):
    """What recurrent layers have in common: `[N, T, inputs]` or `Sequences` to the same with `units` numbers a step.

    G gates stand side by side: `weight` is `[inputs, G·units]`, `recurrent_weight` `[units, G·units]`, `bias`
    `[G·units]`. The state starts at zero. The products x_t W of all steps are one product.

    Args:
        inputs: numbers a step, at least 1.
        units: numbers in the output, at least 1.
        weight_init: initializer of the weights from the inputs, drawn gate by gate.
        recurrent_init: initializer of the recurrent weights, drawn gate by gate.
        bias_init: initializer of the biases.
        reverse: go from each sequence's own last step to its first.
        truncate: back-propagation through time goes back at most this many steps: the state that enters step 0, k, 2k,
            … counts as a constant. None goes back to the start.
        key: random key.

    Raises:
        ValueError: a size below 1, or an unknown initializer.
    """

    weight: Float[Array, "inputs gates_units"]
    recurrent_weight: Float[Array, "units gates_units"]
    bias: Float[Array, " gates_units"]
    reverse: bool = eqx.field(static=True)
    truncate: int | None = eqx.field(static=True)
    gates: ClassVar[int]

    def __init__(
        self,
        inputs: int,
        units: int,
        *,
        weight_init: Initializer = "glorot_uniform",
        recurrent_init: Initializer = "orthogonal",
        bias_init: Initializer = "zeros",
        reverse: bool = False,
        truncate: int | None = None,
        key: PRNGKeyArray,
    ):
        inputs = _checks.whole_number("inputs", inputs, least=1)
        units = _checks.whole_number("units", units, least=1)
        self.reverse = reverse
        self.truncate = None if truncate is None else _checks.whole_number("truncate", truncate, least=1)

        def drawn(argument: str, init: Initializer, key: PRNGKeyArray, shape: Shape, fans: Fans) -> Array:
            keys = jax.random.split(key, self.gates)
            return jnp.concatenate([initialize(init, one, shape, fans, argument=argument) for one in keys], axis=-1)

        keys = jax.random.split(key, 3)
        fans, inner = Fans(inputs, units), Fans(units, units)
        self.weight = drawn("weight_init", weight_init, keys[0], (inputs, units), fans)
        self.recurrent_weight = drawn("recurrent_init", recurrent_init, keys[1], (units, units), inner)
        self.bias = drawn("bias_init", bias_init, keys[2], (units,), fans)

    @property
    def units(self) -> int:
        """Numbers in the output of one step."""
        return self.recurrent_weight.shape[0]

    @property
    def _cell(self) -> Cell:
        raise NotImplementedError

    @property
    def _recurrent(self) -> Recurrent:
        return Recurrent(self._split(self.recurrent_weight), (None,) * self.gates)

    def _split(self, joined: Float[Array, "... gates_units"]) -> Gates:
        return tuple(jnp.split(joined, self.gates, axis=-1))

    def __call__(self, x: Float[Array, "N T inputs"] | Sequences, *, key: PRNGKeyArray | None = None) -> Any:
        """Return the output of every step, `[N, T, units]`, as `Sequences` if `x` is; 0 in the padding.

        Raises:
            ValueError: `x` is not `[N, T, inputs]`.
        """
        values, lengths = opened(x)
        self.output_shape(values.shape[1:])
        inputs = self._split(jnp.matmul(jnp.swapaxes(values, 0, 1), self.weight) + self.bias)
        outputs = recur(self._cell, Order(self.reverse, self.truncate), self._recurrent, inputs, lengths)
        return closed(jnp.swapaxes(outputs, 0, 1), lengths)

    def start(self, n: int) -> State:
        """Return the state before the first step of `n` sequences: zeros `[n, units]`."""
        return (jnp.zeros((n, self.units), self.weight.dtype),) * self._cell.states

    def step(self, state: State, x: Float[Array, "N inputs"]) -> State:
        """Return the state after one more step, for use step by step; its first array is the output."""
        inputs = self._split(jnp.matmul(x, self.weight) + self.bias)
        return self._cell.function(state, inputs, self._recurrent.products(state[0]))

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(T, units)`, if `input_shape` is `(T, inputs)`."""
        inputs = self.weight.shape[0]
        if len(input_shape) != 2 or input_shape[1] != inputs:
            raise ValueError(f"{type(self).__name__} takes sequences of shape (T, {inputs}); got {tuple(input_shape)}.")
        return (input_shape[0], self.units)

    def multiply_adds(self, input_shape: Shape) -> int:
        """T × gates × units × (inputs + units)."""
        return input_shape[0] * (self.weight.size + self.recurrent_weight.size)


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

    Source: S0 §2.4.2; Elman (1990).
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

    Source: S1 (LSTM); S3 §8.4 (forget bias 1); Hochreiter and Schmidhuber (1997); Gers et al. (2000).
    """

    gates: ClassVar[int] = 4

    def __init__(self, inputs: int, units: int, *, forget_bias: float = 1.0, key: PRNGKeyArray, **options: Any):
        super().__init__(inputs, units, key=key, **options)
        self.bias = self.bias.at[units : 2 * units].add(_checks.real("forget_bias", forget_bias))

    @property
    def _cell(self) -> Cell:
        return _LSTM


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

    Source: Cho et al. (2014), with the reset gate of cuDNN and PyTorch; S1 (gates).
    """

    gates: ClassVar[int] = 3
    recurrent_bias: Float[Array, " units"]

    def __init__(self, inputs: int, units: int, *, key: PRNGKeyArray, **options: Any):
        super().__init__(inputs, units, key=key, **options)
        self.recurrent_bias = jnp.zeros_like(self.bias[:units])

    @property
    def _cell(self) -> Cell:
        return _GRU

    @property
    def _recurrent(self) -> Recurrent:
        return Recurrent(self._split(self.recurrent_weight), (None, None, self.recurrent_bias))


class Bidirectional(Layer):
    """Two recurrent layers, one from each end: the outputs of `forward`, then those of `backward`, for every step.

    `backward` starts at each sequence's own last step, wherever the padding ends.

    Args:
        forward: a recurrent layer.
        backward: another with as many inputs and `reverse=True`.

    Raises:
        ValueError: `forward` goes backward, or `backward` does not.

    Source: Schuster and Paliwal (1997).
    """

    forward: RecurrentLayer
    backward: RecurrentLayer

    def __init__(self, forward: RecurrentLayer, backward: RecurrentLayer):
        if forward.reverse or not backward.reverse:
            raise ValueError(
                "forward must have reverse=False and backward reverse=True; "
                f"got {forward.reverse} and {backward.reverse}."
            )
        self.forward = forward
        self.backward = backward

    def __call__(self, x: Float[Array, "N T inputs"] | Sequences, *, key: PRNGKeyArray | None = None) -> Any:
        """Return `[N, T, units of both]`, as `Sequences` if `x` is."""
        pair = opened(self.forward(x)), opened(self.backward(x))
        return closed(jnp.concatenate([values for values, _ in pair], axis=-1), pair[0][1])

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(T, units of both)`, if `input_shape` is `(T, inputs)`."""
        steps, units = self.forward.output_shape(input_shape)
        return (steps, units + self.backward.output_shape(input_shape)[1])

    def multiply_adds(self, input_shape: Shape) -> int:
        """Sum of both."""
        return self.forward.multiply_adds(input_shape) + self.backward.multiply_adds(input_shape)
