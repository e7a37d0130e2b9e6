"""LeNet-5, the convolutional network that read handwritten digits."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from jaxtyping import PRNGKeyArray

from shinso import _checks, _threefry
from shinso.nn import _spec
from shinso.nn._activations import Activation
from shinso.nn._convolution import Conv2d
from shinso.nn._dense import Dense
from shinso.nn._flatten import Flatten
from shinso.nn._image_shape import checked_image_shape
from shinso.nn._layer import Layer
from shinso.nn._pooling import MaxPool2d, MeanPool2d, Pool2d
from shinso.nn._recipe import builder
from shinso.nn._sequential import Sequential


@builder(image_shape=list)
def lenet5(
    image_shape: Sequence[int] = (28, 28, 1),
    outputs: int = 10,
    *,
    activation: _spec.Spec = "tanh",
    pool: str = "mean",
    key: PRNGKeyArray,
) -> Sequential:
    """Return LeNet-5: 6 and 16 maps of 5×5, 2×2 pooling, 120, 84 and `outputs` units; 61,706 parameters for 10 classes.

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
    keys = iter(_threefry.split(key, 5))
    phi = Activation(activation)
    layers: list[Layer] = [
        Conv2d(maps, 6, 5, padding=(_around(height), _around(width)), key=next(keys)), phi, pooling,
        Conv2d(6, 16, 5, key=next(keys)), phi, pooling, Flatten(),
    ]  # fmt: skip
    (features,) = Sequential(layers).output_shape((height, width, maps))
    layers += list(_dense_stack(features, (120, 84), outputs, phi, keys))
    return Sequential(layers)


_LENET_POOLS: Mapping[str, type[Pool2d]] = MappingProxyType({"mean": MeanPool2d, "max": MaxPool2d})


def _around(size: int) -> tuple[int, int]:
    """Zeros on either side that make 32 of a smaller size."""
    missing = max(32 - size, 0)
    return missing // 2, missing - missing // 2


def _dense_stack(
    width: int, hidden: tuple[int, ...], outputs: int, phi: Activation, keys: Iterator[PRNGKeyArray]
) -> Iterator[Layer]:
    for size in hidden:
        yield Dense(width, size, key=next(keys))
        yield phi
        width = size
    yield Dense(width, outputs, key=next(keys))
