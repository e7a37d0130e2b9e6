"""What a model is made of, layer by layer."""

from collections.abc import Sequence
from typing import Any

from shinso.nn._activations import Activation
from shinso.nn._basis import GaussianBasis, PolynomialBasis, SigmoidBasis
from shinso.nn._convolution import Conv2d
from shinso.nn._dropout import Dropout
from shinso.nn._layer import Layer, parameter_count
from shinso.nn._per_example import PerExample
from shinso.nn._pooling import Pool2d
from shinso.nn._recurrent import BothDirections
from shinso.nn._sequential import Sequential
from shinso.nn._steps import EveryStep


def summary(model: Layer, input_shape: Sequence[int]) -> list[dict[str, Any]]:
    """One row for each layer of `model`.

    Args:
        model: a `Sequential`, or any other layer (one row).
        input_shape: shape of one example.

    Returns:
        Rows with `layer` (its class and what distinguishes it), `output_shape` (a list, without N), `parameters` and
        `multiply_adds` (of one example's forward pass).

    Raises:
        ValueError: a layer does not accept the shape that reaches it.
    """
    model = model if isinstance(model, Sequential) else Sequential([model])
    shapes = model.shapes(tuple(input_shape))
    return [
        {
            "layer": describe(layer),
            "output_shape": list(after),
            "parameters": parameter_count(layer),
            "multiply_adds": layer.multiply_adds(before),
        }
        for layer, before, after in zip(model.layers, shapes[:-1], shapes[1:], strict=True)
    ]


def describe(layer: Layer) -> str:
    """A layer in a few words: its class and what distinguishes it."""
    name = type(layer).__name__
    match layer:
        case Activation():
            return f"{name} {layer.name}"
        case Dropout():
            return f"{name} {layer.rate:g}"
        case Conv2d():
            kernel = f"{name} {layer.weight.shape[0]}×{layer.weight.shape[1]}"
            return kernel if layer.pool is None else f"{kernel}, {describe(layer.pool)}"
        case PolynomialBasis():
            return f"{name} of degree {layer.degree}"
        case GaussianBasis() | SigmoidBasis():
            return f"{name} of {len(layer.centres)} centres"
        case Pool2d():
            return f"{name} {layer.size[0]}×{layer.size[1]}"
        case BothDirections():
            return f"{name} {describe(layer.forward)}"
        case EveryStep():
            return f"{name} {describe(layer.layer)}"
        case PerExample():
            return f"{name} {type(layer.module).__name__}"
    return name
