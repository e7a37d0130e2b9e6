"""Layers whose numbers are given rather than drawn."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PRNGKeyArray

from shinso.nn._dense import Dense
from shinso.nn._initializers import InitializerFunction
from shinso.nn._layer import Shape


def given_dense(weight: np.ndarray, bias: np.ndarray) -> Dense:
    """The dense layer with this weight `[inputs, outputs]` and bias `[outputs]`, in JAX's default real type."""
    inputs, outputs = weight.shape
    return Dense(inputs, outputs, weight_init=_always(weight), bias_init=_always(bias), key=jax.random.key(0))


def _always(numbers: np.ndarray) -> InitializerFunction:
    def initializer(key: PRNGKeyArray, shape: Shape, dtype: jnp.dtype) -> Array:
        return jnp.asarray(numbers, dtype).reshape(shape)

    return initializer
