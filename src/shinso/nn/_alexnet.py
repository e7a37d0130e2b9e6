"""The network of Krizhevsky, Sutskever and Hinton (KSH), known as AlexNet."""

from collections.abc import Iterator, Sequence

from jaxtyping import PRNGKeyArray

from shinso import _checks, _threefry
from shinso.nn._activations import Activation
from shinso.nn._dense import Dense
from shinso.nn._dropout import Dropout
from shinso.nn._flatten import Flatten
from shinso.nn._grouped_convolution import GroupedConv2d
from shinso.nn._image_shape import checked_image_shape
from shinso.nn._initializers import Initializer
from shinso.nn._layer import Layer
from shinso.nn._pooling import MaxPool2d
from shinso.nn._recipe import builder
from shinso.nn._response_norm import LocalResponseNorm
from shinso.nn._sequential import Sequential

_WEIGHTS: Initializer = {"name": "standard_normal", "gain": 0.01}
_ONES: Initializer = {"name": "constant", "value": 1.0}


@builder()
def alexnet(
    image_shape: Sequence[int] = (224, 224, 3),
    outputs: int = 1000,
    *,
    groups: int = 2,
    dropout: float = 0.5,
    key: PRNGKeyArray,
) -> Sequential:
    """Return AlexNet: five convolutions, three pooled, and three dense layers; 60,965,224 parameters for 1,000 classes.

    Convolutions of 96 maps 11×11 with stride 4, 256 of 5×5, 384, 384 and 256 of 3×3; after the 1st, 2nd and 5th a 3×3 max
    pooling with stride 2; local response normalization after the 1st and 2nd; 4096, 4096 and `outputs` dense units; ReLU.
    The second, fourth and fifth convolution see only the maps of their own half, as the maps lay on two processors; with
    one group they see all (62,378,344 parameters). Weights start from N(0, 0.01²), biases of the 2nd, 4th and 5th
    convolution and of the hidden dense layers from 1. Zeros around a 224×224 image make the first maps 55×55, as published.

    GoogLeNet, which the book names next, goes deeper still by blocks of parallel convolutions with auxiliary classifiers on
    the way; `Heads` has the auxiliary classifiers, `resnet` the depth.

    Args:
        image_shape: (height, width, input maps), at least 63×63.
        outputs: number of classes.
        groups: 2 as published, or 1.
        dropout: drop probability on the inputs of the two hidden dense layers, 0 ≤ p < 1.
        key: random key.

    Raises:
        ValueError: a number out of range, or an image too small.

    Source: Nielsen, chapter 6 ("The 2012 KSH paper"); Krizhevsky, Sutskever and Hinton (2012), §3 and §5.
    """
    shape = checked_image_shape(image_shape)
    keys = iter(_threefry.split(key, 8))
    relu, pool, norm = Activation("relu"), MaxPool2d((3, 3), (2, 2)), LocalResponseNorm()
    drop = Dropout(_checks.real("dropout", dropout, least=0.0, below=1.0))

    def convolution(
        inputs: int, maps: int, size: int, *, groups: int = 1, ones: bool = True, stride: int = 1
    ) -> Iterator[Layer]:
        yield GroupedConv2d(
            inputs,
            maps,
            size,
            groups=groups,
            stride=stride,
            padding=((1, 2), (1, 2)) if stride > 1 else size // 2,
            weight_init=_WEIGHTS,
            bias_init=_ONES if ones else "zeros",
            key=next(keys),
        )
        yield relu

    layers: list[Layer] = [
        *convolution(shape[-1], 96, 11, ones=False, stride=4),
        *(norm, pool),
        *convolution(96, 256, 5, groups=groups),
        *(norm, pool),
        *convolution(256, 384, 3, ones=False),
        *convolution(384, 384, 3, groups=groups),
        *convolution(384, 256, 3, groups=groups),
        *(pool, Flatten()),
    ]
    (width,) = Sequential(layers).output_shape(shape)
    for before in (width, 4096):
        layers += [drop, Dense(before, 4096, weight_init=_WEIGHTS, bias_init=_ONES, key=next(keys)), relu]
    layers.append(Dense(4096, outputs, weight_init=_WEIGHTS, key=next(keys)))
    return Sequential(layers)
