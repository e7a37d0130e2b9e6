"""What a model is made of, layer by layer."""

from collections.abc import Sequence
from typing import Any

from shinso.nn._activations import Activation
from shinso.nn._autoencoder import AutoencoderModel
from shinso.nn._basis import GaussianBasis, PolynomialBasis, SigmoidBasis
from shinso.nn._buffers import parameter_count
from shinso.nn._convolution import Convolution
from shinso.nn._corruption import MaskingNoise
from shinso.nn._drop_connect import DropConnect
from shinso.nn._dropout import Dropout
from shinso.nn._gaussian_noise import GaussianNoise
from shinso.nn._heads import Heads
from shinso.nn._layer import Layer, Shape
from shinso.nn._maxout import Maxout
from shinso.nn._per_example import PerExample
from shinso.nn._pooling import Pool2d
from shinso.nn._recurrent import Bidirectional
from shinso.nn._residual import Residual
from shinso.nn._sequential import Sequential
from shinso.nn._steps import TimeDistributed


def summary(model: Layer, input_shape: Sequence[int]) -> list[dict[str, Any]]:
    """One row for each layer of `model`.

    A layer with layers inside (`Residual`, `Heads`, a `Sequential` within a `Sequential`) has a row for each of these,
    marked by "·", before its own row, whose parameters and multiply-adds are those that the rows before it do not count.
    So columns add up, and the last row has the model's output shape.

    Args:
        model: a `Sequential`, or any other layer.
        input_shape: shape of one example.

    Returns:
        Rows with `layer` (its class and what distinguishes it), `output_shape` (a list, without N), `parameters` and
        `multiply_adds` (of one example's forward pass).

    Raises:
        ValueError: a layer does not accept the shape that reaches it.
    """
    shape = tuple(input_shape)
    return _chain(model, shape) if isinstance(model, Sequential) else _rows(model, shape)


def _chain(model: Sequential, shape: Shape, label: str = "") -> list[dict[str, Any]]:
    """Rows of layers one after another."""
    shapes = model.shapes(shape)[:-1]
    return [row for layer, before in zip(model.layers, shapes, strict=True) for row in _rows(layer, before, label)]


def _rows(layer: Layer, shape: Shape, label: str = "") -> list[dict[str, Any]]:
    """Rows of what is inside a layer, and its own."""
    inside = [
        {**row, "layer": f"· {row['layer']}"}
        for name, part, reached in _inside(layer, shape)
        for row in (_chain(part, reached, name) if isinstance(part, Sequential) else _rows(part, reached, name))
    ]
    own = {
        "layer": label + describe(layer),
        "output_shape": list(layer.output_shape(shape)),
        "parameters": parameter_count(layer) - sum(row["parameters"] for row in inside),
        "multiply_adds": layer.multiply_adds(shape) - sum(row["multiply_adds"] for row in inside),
    }
    return [*inside, own]


def _inside(layer: Layer, shape: Shape) -> list[tuple[str, Layer, Shape]]:
    """The layers inside a layer: what to call each one's rows, the layer, and the shape that reaches it."""
    match layer:
        case Sequential():
            return [("", layer, shape)]
        case Residual():
            shortcut = [] if layer.shortcut is None else [("shortcut: ", layer.shortcut, shape)]
            return [("", layer.block, shape), *shortcut]
        case Heads():
            reached = layer.trunk.shapes(shape)
            heads = zip(layer.names, layer.heads, layer.taps, strict=True)
            return [
                ("", layer.trunk, shape),
                *((f"head {name}: ", head, reached[tap]) for name, head, tap in heads),
            ]
        case AutoencoderModel():
            statistics = layer.encoder.output_shape(shape)
            z = statistics if layer.code is None else layer.code.output_shape(statistics)
            code = [] if layer.code is None else [("code: ", layer.code, statistics)]
            return [("encoder: ", layer.encoder, shape), *code, ("decoder: ", layer.whole_decoder, z)]
    return []


def describe(layer: Layer) -> str:
    """A layer in a few words: its class and what distinguishes it."""
    name = type(layer).__name__
    match layer:
        case Activation():
            return f"{name} {layer.name}"
        case Dropout() | DropConnect():
            return f"{name} {layer.rate:g}{'' if layer.mask == 'per_example' else ', one mask a batch'}"
        case AutoencoderModel():
            return f"{name}{', tied weights counted once' if layer.tied else ''}"
        case MaskingNoise():
            return f"{name} {layer.rate:g}"
        case GaussianNoise():
            return f"{name} {layer.deviation:g}, {layer.kind}"
        case Maxout():
            return f"{name} of {layer.pieces}"
        case Convolution():
            kernel = f"Conv2d {layer.weight.shape[0]}×{layer.weight.shape[1]}"
            groups = f", {layer.groups} groups" if layer.groups > 1 else ""
            bias = "" if layer.bias is not None else ", no bias"
            return kernel + groups + bias + ("" if layer.pool is None else f", {describe(layer.pool)}")
        case Heads():
            return f"{name} {', '.join(layer.names)}"
        case PolynomialBasis():
            return f"{name} of degree {layer.degree}"
        case GaussianBasis() | SigmoidBasis():
            return f"{name} of {len(layer.centres)} centres"
        case Pool2d():
            return f"{name} {layer.size[0]}×{layer.size[1]}"
        case Bidirectional():
            return f"{name} {describe(layer.forward)}"
        case TimeDistributed():
            return f"{name} {describe(layer.layer)}"
        case PerExample():
            return f"{name} {type(layer.module).__name__}"
    return name
