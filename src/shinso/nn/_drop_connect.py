"""DropConnect."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from shinso import _checks
from shinso.nn._dense import Dense
from shinso.nn._dropout import MASKS, dropped
from shinso.nn._layer import Layer, Operation, Shape


class DropConnect(Layer):
    """In training, z = x (M ⊙ W) + b: each weight of a dense layer is cut with probability p, the others times 1/(1 − p).

    Dropout of x cuts whole rows of W; here each connection is cut by itself. In prediction (`key=None`) it is the dense
    layer, whose z is the mean over masks.

    Args:
        dense: the layer whose weights are dropped; its bias stays.
        rate: p, the probability of being cut; 0 ≤ p < 1, rounded to a multiple of 1/65,536.
        mask: a fresh mask "per_example", which draws and multiplies N × inputs × outputs numbers, or one "per_batch",
            which costs what W costs.

    Raises:
        TypeError: `dense` is something else.
        ValueError: `rate` lies outside [0, 1), or `mask` is something else.

    Source: notes on neural networks, §2.3.2; Wan et al. (2013), with the mean network for prediction.
    """

    dense: Dense
    rate: float = eqx.field(static=True)
    mask: str = eqx.field(static=True)

    def __init__(self, dense: Dense, rate: float, mask: str = "per_example"):
        if not isinstance(dense, Dense):
            raise TypeError(f"dense must be a Dense layer; got {type(dense).__name__}.")
        self.dense = dense
        self.rate = _checks.real("rate", rate, least=0.0, below=1.0)
        self.mask = _checks.one_of("mask", mask, MASKS)

    @property
    def uses_key(self) -> bool:
        """False for rate 0."""
        return self.rate > 0.0

    def __call__(self, x: Float[Array, "N inputs"], *, key: PRNGKeyArray | None = None) -> Float[Array, "N outputs"]:
        """Return z.

        Raises:
            ValueError: `x` is not `[N, inputs]`.
        """
        if key is None or not self.uses_key:
            return self.dense(x)
        self.output_shape(x.shape[1:])
        weight = self.dense.weight
        if self.mask == "per_batch":
            return jnp.matmul(x, dropped(weight, weight.shape, self.rate, key)) + self.dense.bias
        weights = dropped(weight, (x.shape[0], *weight.shape), self.rate, key)
        return jnp.einsum("ni,nio->no", x, weights) + self.dense.bias

    @property
    def description(self) -> str:
        """The class and the rate, and how the mask is drawn."""
        return f"{type(self).__name__} {self.rate:g}{'' if self.mask == 'per_example' else ', one mask a batch'}"

    def output_shape(self, input_shape: Shape) -> Shape:
        """The dense layer's."""
        return self.dense.output_shape(input_shape)

    def multiply_adds(self, input_shape: Shape) -> int:
        """The dense layer's."""
        return self.dense.multiply_adds(input_shape)

    def operations(self, input_shape: Shape) -> list[Operation]:
        """The dense layer's."""
        return self.dense.operations(input_shape)
