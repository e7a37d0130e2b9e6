"""Several outputs on one trunk: tasks side by side, and auxiliary outputs on the way."""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from shinso import _checks
from shinso.nn._keys import keys_for
from shinso.nn._layer import Layer, Shape
from shinso.nn._sequential import Sequential


class Heads(Layer):
    """a = [a¹, …, aᴹ], aᵐ = headᵐ(what the trunk holds where the head is tapped): `[N, …]` to `[N, K¹ + … + Kᴹ]`.

    Several tasks share a trunk; or an auxiliary head, tapped at an intermediate layer, brings its gradient closer to the
    first layers. `shinso.objectives.Joint` gives each head its own cost and weight, by slices of the outputs in the order
    in which the heads are given.

    Args:
        trunk: the shared layers.
        heads: a layer by name, each of which gives a vector; at least one.
        taps: how many of the trunk's layers come before a head, by the head's name; all of them unless given.

    Raises:
        TypeError: the trunk or a head is no layer.
        ValueError: no head, a tap for no head, or one beyond the trunk.

    Source: Goodfellow et al., §8.7.5 (auxiliary heads) and §7.7 (several tasks).
    """

    trunk: Sequential
    heads: tuple[Layer, ...]
    names: tuple[str, ...] = eqx.field(static=True)
    taps: tuple[int, ...] = eqx.field(static=True)

    def __init__(self, trunk: Layer, heads: Mapping[str, Layer], taps: Mapping[str, int] | None = None):
        for name, layer in {"trunk": trunk, **{f"head {name}": head for name, head in heads.items()}}.items():
            if not isinstance(layer, Layer):
                raise TypeError(f"{name} must be a layer; got {type(layer).__name__}.")
        if not heads:
            raise ValueError("heads must name at least one head; got none.")
        for name in taps or {}:
            _checks.one_of("each head of taps", name, heads)
        self.trunk = trunk if isinstance(trunk, Sequential) else Sequential([trunk])
        self.heads = tuple(heads.values())
        self.names = tuple(heads)
        end = len(self.trunk.layers)
        self.taps = tuple(_checks.whole_number(f"tap of {name}", (taps or {}).get(name, end)) for name in heads)
        for name, tap in zip(self.names, self.taps, strict=True):
            if tap > end:
                raise ValueError(f"tap of {name} must be at most {end}, the trunk's layers; got {tap}.")

    @property
    def uses_key(self) -> bool:
        """Whether the trunk or a head draws random numbers in training."""
        return any(layer.uses_key for layer in (*self.trunk.layers, *self.heads))

    def __call__(self, x: Float[Array, "N *shape"], *, key: PRNGKeyArray | None = None) -> Float[Array, "N K"]:
        """Return the heads' outputs beside each other.

        Raises:
            ValueError: a layer does not accept the shape that reaches it, or a head gives no vector.
        """
        outputs: Array = self.call_and_update(x, key=key)[0]
        return outputs

    def call_and_update(self, x: Any, *, key: PRNGKeyArray | None = None) -> tuple[Any, "Heads"]:
        """Return the outputs, and the layer with the buffers of trunk and heads brought up to date."""
        keys = keys_for((*self.trunk.layers, *self.heads), key)
        reached, layers = [x], []
        for layer, layer_key in zip(self.trunk.layers, keys[: len(self.trunk.layers)], strict=True):
            x, updated = layer.call_and_update(x, key=layer_key)
            reached.append(x)
            layers.append(updated)
        outputs, heads = [], []
        for name, head, tap, head_key in zip(self.names, self.heads, self.taps, keys[len(layers) :], strict=True):
            output, updated = head.call_and_update(reached[tap], key=head_key)
            _check_vector(name, output.shape[1:])
            outputs.append(output)
            heads.append(updated)
        taps = dict(zip(self.names, self.taps, strict=True))
        after = Heads(Sequential(layers, self.trunk.recipe), dict(zip(self.names, heads, strict=True)), taps)
        return jnp.concatenate(outputs, axis=-1), after

    def sizes(self, input_shape: Shape) -> dict[str, int]:
        """K of each head, by name.

        Raises:
            ValueError: a layer does not accept the shape that reaches it, or a head gives no vector.
        """
        reached = self.trunk.shapes(input_shape)
        heads = zip(self.names, self.heads, self.taps, strict=True)
        return {name: _check_vector(name, head.output_shape(reached[tap])) for name, head, tap in heads}

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(K¹ + … + Kᴹ,)`."""
        return (sum(self.sizes(input_shape).values()),)

    @property
    def description(self) -> str:
        """The class and the heads' names."""
        return f"{type(self).__name__} {', '.join(self.names)}"

    def inside(self, input_shape: Shape) -> list[tuple[str, Layer, Shape]]:
        """The trunk and the heads."""
        reached = self.trunk.shapes(input_shape)
        heads = zip(self.names, self.heads, self.taps, strict=True)
        return [("", self.trunk, input_shape), *((f"head {name}: ", head, reached[tap]) for name, head, tap in heads)]

    def multiply_adds(self, input_shape: Shape) -> int:
        """The trunk's and the heads'."""
        reached = self.trunk.shapes(input_shape)
        heads = zip(self.heads, self.taps, strict=True)
        return self.trunk.multiply_adds(input_shape) + sum(head.multiply_adds(reached[tap]) for head, tap in heads)


def _check_vector(name: str, shape: Shape) -> int:
    if len(shape) != 1:
        raise ValueError(f"head {name} must give a vector for each example; it gives shape {tuple(shape)}.")
    return shape[0]
