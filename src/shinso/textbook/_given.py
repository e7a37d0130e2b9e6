"""Networks whose numbers are given rather than drawn."""

import itertools
from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, PRNGKeyArray

from shinso import _threefry
from shinso.nn import Activation, Dense, Layer, Sequential, Spec


def given_network(
    weights: Sequence[ArrayLike],
    biases: Sequence[ArrayLike],
    activation: Spec = "sigmoid",
    *,
    output: Spec | None = None,
) -> Sequential:
    """Return the network a = φ(a W + b), layer by layer, of given weights and biases.

    Args:
        weights: W of each layer, `[inputs, outputs]`: the transpose of the matrix in Nielsen's (22).
        biases: b of each layer, `[outputs]`.
        activation: φ of the layers before the last.
        output: φ of the last layer; "identity" leaves it affine; None means `activation`.

    Returns:
        A network from `[N, inputs]` to `[N, outputs]`, in JAX's default real type.

    Raises:
        ValueError: the shapes do not follow each other, or an activation is unknown.

    Source: Nielsen, chapter 1, "Implementing our network to classify digits", (22).
    """
    matrices, vectors = [np.asarray(weight) for weight in weights], [np.asarray(bias) for bias in biases]
    _check_shapes([matrix.shape for matrix in matrices], [vector.shape for vector in vectors])
    layers: list[Layer] = []
    for matrix, vector in zip(matrices, vectors, strict=True):
        layers += [given_dense(matrix, vector), Activation(activation)]
    last = activation if output is None else output
    return Sequential(layers[:-1] if last == "identity" else [*layers[:-1], Activation(last)])


def _check_shapes(weights: list[tuple[int, ...]], biases: list[tuple[int, ...]]) -> None:
    good = len(weights) > 0 and all(len(shape) == 2 for shape in weights)
    good = good and biases == [shape[1:] for shape in weights]
    if not good or any(before[1] != after[0] for before, after in itertools.pairwise(weights)):
        raise ValueError(
            f"weights must be [inputs, outputs] and biases [outputs], layer after layer; got {weights} and {biases}."
        )


def given_dense(weight: np.ndarray, bias: np.ndarray) -> Dense:
    """Build the dense layer with this weight `[inputs, outputs]` and bias `[outputs]`."""

    def given(numbers: np.ndarray) -> object:
        def initializer(key: PRNGKeyArray, shape: tuple[int, ...], dtype: jnp.dtype) -> Array:
            return jnp.asarray(numbers, dtype).reshape(shape)

        return initializer

    inputs, outputs = weight.shape
    return Dense(inputs, outputs, weight_init=given(weight), bias_init=given(bias), key=_threefry.key_of(0))  # type: ignore[arg-type]
