"""The convolutional networks of Nielsen's chapter 6, and their fully connected baseline."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from jaxtyping import PRNGKeyArray

from shinso import _checks, _threefry
from shinso.nn import (
    Activation,
    Conv2d,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPool2d,
    Sequential,
    builder,
    checked_image_shape,
)


class Configuration(NamedTuple):
    """Maps of each ConvPoolLayer, units of each FullyConnectedLayer, φ, and the drop probability before dense layers."""

    channels: tuple[int, ...]
    hidden: tuple[int, ...]
    activation: str
    dropout: float = 0.0


NIELSEN_NETWORKS: Mapping[str, Configuration] = MappingProxyType(
    {
        "fc100": Configuration((), (100,), "sigmoid"),
        "conv-fc100": Configuration((20,), (100,), "sigmoid"),
        "conv-conv-fc100": Configuration((20, 40), (100,), "sigmoid"),
        "conv-conv-fc100-relu": Configuration((20, 40), (100,), "relu"),
        "conv-conv-fc300-relu": Configuration((20, 40), (300,), "relu"),
        "conv-conv-fc1000-relu": Configuration((20, 40), (1000,), "relu"),
        "conv-conv-fc100-fc100-relu": Configuration((20, 40), (100, 100), "relu"),
        "conv-conv-fc300-fc300-relu": Configuration((20, 40), (300, 300), "relu"),
        "conv-conv-fc1000-fc1000-relu": Configuration((20, 40), (1000, 1000), "relu"),
        "conv-conv-fc1000-fc1000-relu-dropout": Configuration((20, 40), (1000, 1000), "relu", 0.5),
    }
)
"""The networks of Nielsen's chapter 6, in its order: 97.80, 98.78, 99.06, 99.23, …, and 99.60 % on MNIST."""


@builder(image_shape=list)
def nielsen(
    image_shape: Sequence[int] = (28, 28, 1),
    outputs: int = 10,
    *,
    configuration: str = "conv-conv-fc1000-fc1000-relu-dropout",
    key: PRNGKeyArray,
) -> Sequential:
    """Return a network of Nielsen's chapter 6: 5×5 convolutions, 2×2 max pooling, dense layers, and logits for a softmax.

    Weights and biases start as network3.py has them: convolutions N(0, 4/(maps·25)), dense layers N(0, 1/outputs), biases
    N(0, 1), the softmax layer 0; dropout stands before every dense layer, the softmax layer included.

    Args:
        image_shape: (height, width, input maps) of one image.
        outputs: number of classes.
        configuration: one of `NIELSEN_NETWORKS`.
        key: random key.

    Raises:
        ValueError: an unknown configuration, or an image too small for two convolutions.

    Source: Nielsen, chapter 6, "Convolutional neural networks in practice" and network3.py.
    """
    shape = checked_image_shape(image_shape)
    chosen = NIELSEN_NETWORKS[_checks.one_of("configuration", configuration, NIELSEN_NETWORKS)]
    keys = iter(_threefry.split(key, len(chosen.channels) + len(chosen.hidden) + 1))
    layers: list[Layer] = []
    before = shape[-1]
    for maps in chosen.channels:
        layers += [_convolution(before, maps, next(keys)), Activation(chosen.activation)]
        before = maps
    layers.append(Flatten())
    (width,) = Sequential(layers).output_shape(shape)
    drop = [Dropout(chosen.dropout)] if chosen.dropout else []
    for size in chosen.hidden:
        dense = Dense(width, size, weight_init="fan_out_normal", bias_init="standard_normal", key=next(keys))
        layers += [*drop, dense, Activation(chosen.activation)]
        width = size
    layers += [*drop, Dense(width, outputs, weight_init="zeros", key=next(keys))]
    return Sequential(layers)


def _convolution(inputs: int, maps: int, key: PRNGKeyArray) -> Conv2d:
    scale = {"name": "fan_out_normal", "gain": 2.0}
    return Conv2d(
        inputs, maps, 5, pool=MaxPool2d((2, 2), (2, 2)), weight_init=scale, bias_init="standard_normal", key=key
    )
