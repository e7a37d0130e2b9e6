"""What recurrent layers have in common."""

from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from shinso import _checks, _threefry
from shinso._sequences import Sequences
from shinso.nn._initializers import Fans, Initializer, initialize
from shinso.nn._layer import Layer, Shape
from shinso.nn._recurrence import Cell, Gates, Order, Recurrent, State, recur
from shinso.nn._sequences import closed, opened, present_steps
from shinso.nn._tap import Site, Use


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
    sites: ClassVar[tuple[Site, ...]] = (Site("weight", "bias"), Site("recurrent_weight", None))

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
            keys = _threefry.split(key, self.gates)
            return jnp.concatenate([initialize(init, one, shape, fans, argument=argument) for one in keys], axis=-1)

        keys = _threefry.split(key, 3)
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

    def tapped(self, x: Any, probe: Array) -> tuple[Any, Use]:
        """Return the outputs, and each step's inputs and the state before it; the probe enters beside the inputs."""
        values, lengths = opened(x)
        width = self.weight.shape[1]
        probe = jnp.broadcast_to(probe, (*values.shape[:2], width)).astype(values.dtype)
        identity = jnp.eye(width, dtype=self.weight.dtype)
        wide = eqx.tree_at(lambda layer: layer.weight, self, jnp.concatenate([self.weight, identity]))
        outputs = wide(closed(jnp.concatenate([values, probe], axis=-1), lengths))
        before = self.states_before(opened(outputs)[0]).reshape(-1, self.units)
        return outputs, Use((values.reshape(-1, values.shape[-1]), before), present_steps(x).reshape(-1), probe)

    def states_before(self, outputs: Float[Array, "N T units"]) -> Float[Array, "N T units"]:
        """Return the output before each step, given the outputs, which are 0 in the padding."""
        start = jnp.zeros_like(outputs[:, :1])
        # Behind the end of a sequence the output is 0, which is where the reverse order starts.
        return jnp.concatenate([outputs[:, 1:], start] if self.reverse else [start, outputs[:, :-1]], axis=1)
