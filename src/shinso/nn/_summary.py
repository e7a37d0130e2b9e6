"""What a model is made of, layer by layer."""

from collections.abc import Sequence
from typing import Any

from shinso.nn._buffers import parameter_count
from shinso.nn._layer import Layer, Shape
from shinso.nn._sequential import Sequential


def summary(model: Layer, input_shape: Sequence[int]) -> list[dict[str, Any]]:
    """Return one row for each layer of `model`.

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
    inside = [{**row, "layer": f"· {row['layer']}"} for row in _inside(layer, shape)]
    own = {
        "layer": label + layer.description,
        "output_shape": list(layer.output_shape(shape)),
        "parameters": parameter_count(layer) - sum(row["parameters"] for row in inside),
        "multiply_adds": layer.multiply_adds(shape) - sum(row["multiply_adds"] for row in inside),
    }
    return [*inside, own]


def _inside(layer: Layer, shape: Shape) -> list[dict[str, Any]]:
    """Rows of what is inside a layer."""
    if isinstance(layer, Sequential):
        return _chain(layer, shape)
    rows = []
    for label, part, reached in layer.inside(shape):
        rows += _chain(part, reached, label) if isinstance(part, Sequential) else _rows(part, reached, label)
    return rows
