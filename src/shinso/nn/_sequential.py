"""Layers one after another."""

from collections.abc import Iterable
from typing import Any

import equinox as eqx
from jaxtyping import Array, Float, PRNGKeyArray

from shinso.nn._keys import keys_for
from shinso.nn._layer import Layer, Operation, Shape, written_out
from shinso.nn._recipe import Recipe


class Sequential(Layer):
    """Layers applied in order, each to the output of the one before.

    In training the key is split among those layers that draw random numbers, and only if there are any.

    Args:
        layers: the layers.
        recipe: how a builder made this model, so that `model_from_recipe` can make it again; None for a hand-made one.
    """

    layers: tuple[Layer, ...]
    recipe: Recipe | None = eqx.field(static=True)

    def __init__(self, layers: Iterable[Layer], recipe: Recipe | None = None):
        self.layers = tuple(layers)
        self.recipe = recipe

    @property
    def uses_key(self) -> bool:
        """Whether any layer draws random numbers in training."""
        return any(layer.uses_key for layer in self.layers)

    def __call__(self, x: Float[Array, "N *shape"], *, key: PRNGKeyArray | None = None) -> Array:
        """Return the last layer's output."""
        output: Array = self.call_and_update(x, key=key)[0]
        return output

    def call_and_update(self, x: Any, *, key: PRNGKeyArray | None = None) -> tuple[Any, "Sequential"]:
        """Return the last layer's output, and the network with every layer's buffers brought up to date."""
        layers = []
        for layer, layer_key in zip(self.layers, keys_for(self.layers, key), strict=True):
            x, updated = layer.call_and_update(x, key=layer_key)
            layers.append(updated)
        return x, Sequential(layers, self.recipe)

    def shapes(self, input_shape: Shape) -> list[Shape]:
        """Shapes of one example before the first layer, between layers, and after the last.

        Raises:
            ValueError: a layer does not accept the shape that reaches it; the sentence names the layer.
        """
        shapes = [tuple(input_shape)]
        for number, layer in enumerate(self.layers, start=1):
            try:
                shapes.append(layer.output_shape(shapes[-1]))
            except ValueError as error:
                raise ValueError(f"layer {number} of {len(self.layers)}: {error}") from None
        return shapes

    def output_shape(self, input_shape: Shape) -> Shape:
        """Shape of one example after the last layer."""
        return self.shapes(input_shape)[-1]

    def multiply_adds(self, input_shape: Shape) -> int:
        """Sum over the layers."""
        shapes = self.shapes(input_shape)[:-1]
        return sum(layer.multiply_adds(shape) for layer, shape in zip(self.layers, shapes, strict=True))

    def operations(self, input_shape: Shape) -> list[Operation]:
        """Those of the layers, one after the other."""
        found: list[Operation] = []
        for layer, shape in zip(self.layers, self.shapes(input_shape), strict=False):
            if not written_out(layer, "operations"):
                raise TypeError(f"{type(layer).__name__} has no elementary operations of its prediction written out.")
            found += layer.operations(shape)
        return found
