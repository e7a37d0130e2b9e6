"""Networks that the sources name: the book's on MNIST, and LeNet-5."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import jax
from jaxtyping import PRNGKeyArray

from shinso import _checks
from shinso.nn import _spec
from shinso.nn._activations import Activation
from shinso.nn._convolution import Conv2d
from shinso.nn._dense import Dense
from shinso.nn._dropout import Dropout
from shinso.nn._flatten import Flatten
from shinso.nn._image_shape import checked_image_shape
from shinso.nn._layer import Layer
from shinso.nn._pooling import MaxPool2d, MeanPool2d, Pool2d
from shinso.nn._recipe import Recipe
from shinso.nn._sequential import Sequential


class Configuration(NamedTuple):
    """Maps of each ConvPoolLayer, units of each FullyConnectedLayer, φ, and the drop probability before dense layers."""

    channels: tuple[int, ...]
    hidden: tuple[int, ...]
    activation: str
    dropout: float = 0.0


BOOK_NETWORKS: Mapping[str, Configuration] = MappingProxyType(
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


def book(
    image_shape: Sequence[int] = (28, 28, 1),
    outputs: int = 10,
    *,
    configuration: str = "conv-conv-fc1000-fc1000-relu-dropout",
    key: PRNGKeyArray,
) -> Sequential:
    """A network of the book's chapter 6: 5×5 convolutions with 2×2 max pooling, dense layers, and logits for a softmax.

    Weights and biases start as network3.py has them: convolutions N(0, 4/(maps·25)), dense layers N(0, 1/outputs), biases
    N(0, 1), the softmax layer 0; dropout stands before every dense layer, the softmax layer included.

    Args:
        image_shape: (height, width, input maps) of one image.
        outputs: number of classes.
        configuration: one of `BOOK_NETWORKS`.
        key: random key.

    Raises:
        ValueError: an unknown configuration, or an image too small for two convolutions.

    Source: Nielsen, chapter 6, L4500–4750.
    """
    shape = checked_image_shape(image_shape)
    chosen = BOOK_NETWORKS[_checks.one_of("configuration", configuration, BOOK_NETWORKS)]
    keys = iter(jax.random.split(key, len(chosen.channels) + len(chosen.hidden) + 1))
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
    arguments = {"image_shape": list(image_shape), "outputs": outputs, "configuration": configuration}
    return Sequential(layers, Recipe("book", arguments))


def _convolution(inputs: int, maps: int, key: PRNGKeyArray) -> Conv2d:
    scale = {"name": "fan_out_normal", "gain": 2.0}
    return Conv2d(
        inputs, maps, 5, pool=MaxPool2d((2, 2), (2, 2)), weight_init=scale, bias_init="standard_normal", key=key
    )


def lenet5(
    image_shape: Sequence[int] = (28, 28, 1),
    outputs: int = 10,
    *,
    activation: _spec.Spec = "tanh",
    pool: str = "mean",
    key: PRNGKeyArray,
) -> Sequential:
    """LeNet-5: 6 and 16 maps of 5×5 with 2×2 pooling, then 120, 84 and `outputs` units. 61,706 parameters for 10 classes.

    That is the form in use today: every map of the second convolution sees all 6 maps, pooling learns nothing, and the
    output is linear. As published it had about 60,000: a table of connections there (1,516 parameters for 2,416), two
    numbers a map in each pooling (12 and 32), and fixed radial basis functions for outputs (0 for 850).

    Args:
        image_shape: (height, width, input maps); zeros are put around images smaller than 32×32 up to that size.
        outputs: number of classes.
        activation: φ of all hidden units.
        pool: "mean" or "max".
        key: random key.

    Raises:
        ValueError: a size below 1 or an unknown name.

    Source: LeCun, Bottou, Bengio and Haffner (1998), §II.B; Nielsen, chapter 6.
    """
    pooling = _LENET_POOLS[_checks.one_of("pool", pool, _LENET_POOLS)](2)
    height, width, maps = checked_image_shape(image_shape)
    keys = iter(jax.random.split(key, 5))
    phi = Activation(activation)
    layers: list[Layer] = [
        Conv2d(maps, 6, 5, padding=(_around(height), _around(width)), key=next(keys)), phi, pooling,
        Conv2d(6, 16, 5, key=next(keys)), phi, pooling, Flatten(),
    ]  # fmt: skip
    (features,) = Sequential(layers).output_shape((height, width, maps))
    layers += list(_dense_stack(features, (120, 84), outputs, phi, keys))
    arguments = {
        "image_shape": list(image_shape),
        "outputs": outputs,
        "activation": activation,
        "pool": pool,
    }
    return Sequential(layers, Recipe("lenet5", arguments))


_LENET_POOLS: Mapping[str, type[Pool2d]] = MappingProxyType({"mean": MeanPool2d, "max": MaxPool2d})


def _around(size: int) -> tuple[int, int]:
    """Zeros on either side that make 32 of a smaller size."""
    missing = max(32 - size, 0)
    return missing // 2, missing - missing // 2


def _dense_stack(width: int, hidden: tuple[int, ...], outputs: int, phi: Activation, keys: Any) -> Iterator[Layer]:
    for size in hidden:
        yield Dense(width, size, key=next(keys))
        yield phi
        width = size
    yield Dense(width, outputs, key=next(keys))
