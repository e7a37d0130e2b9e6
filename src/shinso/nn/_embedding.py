"""A vector for each symbol."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from shinso import _checks, _threefry
from shinso._numbers import device_array
from shinso._sequences import Sequences
from shinso.nn._layer import Layer, Shape


class Embedding(Layer):
    """z = W[s]: the row of W that belongs to the symbol s, as a dense layer gives for a one-hot input.

    It takes symbols `[N, T, 1]`, whole numbers from 0 below `symbols` in an array of any number type, or `Sequences` of
    such, and returns `[N, T, features]`. Symbols outside that range are taken for the nearest one in it.

    Args:
        symbols: how many there are, at least 1.
        features: numbers in each vector, at least 1.
        key: random key. W is N(0, 1/features).

    Raises:
        ValueError: a size below 1.
    """

    weight: Float[Array, "symbols features"]

    def __init__(self, symbols: int, features: int, *, key: PRNGKeyArray):
        symbols = _checks.whole_number("symbols", symbols, least=1)
        features = _checks.whole_number("features", features, least=1)
        self.weight = device_array(_threefry.normal(key, (symbols, features)) / features**0.5)

    def __call__(self, x: Array | Sequences, *, key: PRNGKeyArray | None = None) -> Any:
        """Return the vectors, as `Sequences` if `x` is.

        Raises:
            ValueError: `x` is not `[N, T, 1]`.
        """
        if isinstance(x, Sequences):
            return Sequences(self(x.values), x.lengths)
        self.output_shape(x.shape[1:])
        return jnp.take(self.weight, x[..., 0].astype(jnp.int32), axis=0, mode="clip")

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(T, features)`, if `input_shape` is `(T, 1)`."""
        if len(input_shape) != 2 or input_shape[1] != 1:
            raise ValueError(f"Embedding takes sequences of shape (T, 1), one symbol a step; got {tuple(input_shape)}.")
        return (input_shape[0], self.weight.shape[1])
