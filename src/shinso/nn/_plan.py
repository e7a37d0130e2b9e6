"""What builders share: initializers and keys handed out layer by layer, stacks of dense layers, convolutions with pools."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jaxtyping import PRNGKeyArray

from shinso import _threefry
from shinso.nn._convolution import Conv2d, Padding
from shinso.nn._dense import Dense
from shinso.nn._hidden_units import HiddenUnits
from shinso.nn._initializers import Initializer, check_initializer
from shinso.nn._layer import Layer
from shinso.nn._pooling import MaxPool2d, Pool2d
from shinso.nn._sizes import as_list

Initializers = Initializer | Sequence[Initializer]


class Plan:
    """Hands each layer of a network its own initializers and key, in order."""

    def __init__(self, weight_init: Initializers | None, bias_init: Initializers, *, layers: int, key: PRNGKeyArray):
        self._weights = _one_each("weight_init", weight_init, layers)
        self._biases = _one_each("bias_init", bias_init, layers)
        self._keys = iter(_threefry.split(key, layers))

    def for_layer(self, rectifier: bool) -> dict[str, Any]:
        """Initializers and key of the next layer; `rectifier`: one takes what it gives."""
        weight_init = next(self._weights)
        usual = "he_normal" if rectifier else "glorot_uniform"
        if weight_init is None:
            weight_init = usual
        elif isinstance(weight_init, Mapping):
            weight_init = {"name": usual, **weight_init}
        return {"weight_init": weight_init, "bias_init": next(self._biases), "key": next(self._keys)}

    def dense(self, inputs: int, outputs: int, *, rectifier: bool = False) -> Dense:
        """A dense layer, and whether a rectifier takes its outputs."""
        return Dense(inputs, outputs, **self.for_layer(rectifier))

    def dense_stack(
        self, inputs: int, outputs: int, hidden: list[int], units: HiddenUnits, *, noisy_inputs: bool
    ) -> list[Layer]:
        """Hidden dense layers and the linear output, with noise before each but, unless asked, the first."""
        noise, phi = units.noise(), units.phi()
        layers: list[Layer] = [*noise] if noisy_inputs else []
        for before, after in zip((inputs, *hidden), hidden, strict=False):
            features = after * phi.pieces
            dense = units.connected(self.dense(before, features, rectifier=phi.rectifier))
            layers += [dense, *units.normalized(features), phi, *noise]
        last = self.dense(hidden[-1] if hidden else inputs, outputs)
        return [*layers, units.connected(last)]

    def convolution(
        self,
        inputs: int,
        outputs: int,
        kernel_size: int | tuple[int, int],
        padding: Padding,
        pool: Pool2d,
        units: HiddenUnits,
    ) -> list[Layer]:
        """A convolution, normalization, activation and pooling, the pooling as early as it may come."""
        phi = units.phi()
        features = outputs * phi.pieces
        early = isinstance(pool, MaxPool2d) and phi.monotone
        normalization = units.normalized(features)
        layer = Conv2d(
            inputs,
            features,
            kernel_size,
            padding=padding,
            pool=pool if isinstance(pool, MaxPool2d) and early and not normalization else None,
            **self.for_layer(phi.rectifier),
        )
        if layer.pool is not None:
            return [layer, phi]
        return [layer, *normalization, *([pool, phi] if early else [phi, pool])]


def _one_each(argument: str, inits: Initializers | None, layers: int) -> Iterator[Initializer | None]:
    listed = as_list(inits)
    if isinstance(inits, Sequence) and not isinstance(inits, str) and len(listed) != layers:
        raise ValueError(f"{argument} must be one initializer or one for each of {layers} layers; got {len(listed)}.")
    for init in listed:
        if init is not None:
            check_initializer(argument, {"name": "he_normal", **init} if isinstance(init, Mapping) else init)
    return iter(listed if len(listed) == layers else listed * layers)
