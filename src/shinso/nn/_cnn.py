"""The builder of convolutional networks."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from jaxtyping import PRNGKeyArray

from shinso import _checks
from shinso.nn import _spec
from shinso.nn._convolution import Padding
from shinso.nn._flatten import Flatten
from shinso.nn._hidden_units import HiddenUnits
from shinso.nn._image_shape import checked_image_shape
from shinso.nn._layer import Layer
from shinso.nn._plan import Initializers, Plan
from shinso.nn._pooling import L2Pool2d, MaxPool2d, MeanPool2d, Pool2d
from shinso.nn._recipe import builder
from shinso.nn._sequential import Sequential
from shinso.nn._sizes import as_list, sizes

POOLS: Mapping[str, type[Pool2d]] = MappingProxyType({"max": MaxPool2d, "mean": MeanPool2d, "l2": L2Pool2d})


@builder(channels=as_list, hidden=as_list)
def cnn(
    image_shape: Sequence[int],
    outputs: int,
    channels: int | Sequence[int] = (32, 64),
    *,
    kernel_size: int | tuple[int, int] = 3,
    padding: Padding = "same",
    pool: str = "max",
    pool_size: int | tuple[int, int] = 2,
    hidden: int | Sequence[int] = (128,),
    activation: _spec.Spec = "relu",
    normalization: str | None = None,
    dropout: float = 0.0,
    drop_connect: float = 0.0,
    gaussian_noise: float = 0.0,
    mask: str = "per_example",
    weight_init: Initializers | None = None,
    bias_init: Initializers = "zeros",
    key: PRNGKeyArray,
) -> Sequential:
    """Return a network of (convolution, φ, pooling) for each of `channels`, then dense layers, then a linear output.

    Bias and φ act after the pooling wherever that changes nothing (max with a φ that never decreases), which is also
    the order of the book's ConvPoolLayer.

    Args:
        image_shape: (height, width, input maps) of one image.
        outputs: number of outputs.
        channels: feature maps of each convolution, at least one convolution.
        kernel_size: of every convolution, one number or (height, width).
        padding: of every convolution; see `Conv2d`.
        pool: "max", "mean" or "l2".
        pool_size: window and stride of every pooling; 1 pools nothing.
        hidden: units of each dense hidden layer; may be `()`.
        activation: φ of convolutions and dense hidden layers; see `activation`. "maxout" too.
        normalization: of what φ takes: "batch" (`BatchNorm`), "layer" (`LayerNorm`) or None.
        dropout: drop probability on the inputs of every dense layer in training, 0 ≤ p < 1; convolutions drop nothing.
        drop_connect: drop probability of every dense layer's weights in training, 0 ≤ p < 1; see `DropConnect`.
        gaussian_noise: s ≥ 0 of the factor N(1, s²) on the inputs of every dense layer in training; see `GaussianNoise`.
        mask: dropout and drop_connect draw "per_example" or "per_batch".
        weight_init: one initializer for all layers, or a list with one for each convolution and dense layer. None is He
            normal where φ is a rectifier, Glorot uniform elsewhere, the output layer included; `{"gain": 2}`
            is that with another gain.
        bias_init: the same for biases.
        key: random key.

    Raises:
        ValueError: a size below 1, an unknown name, a probability outside [0, 1), or an image too small for its kernels and
            pools; the sentence names the layer.

    Source: notes on neural networks, §2.4.1; Nielsen, chapter 6.
    """
    shape = checked_image_shape(image_shape)
    maps = sizes("channels", channels, least=1)
    widths = sizes("hidden", hidden)
    plan = Plan(weight_init, bias_init, layers=len(maps) + len(widths) + 1, key=key)
    pooling = POOLS[_checks.one_of("pool", pool, POOLS)](pool_size)
    units = HiddenUnits(activation, normalization, dropout, drop_connect, gaussian_noise, mask)
    layers: list[Layer] = []
    for before, after in zip((shape[2], *maps), maps, strict=False):
        layers += plan.convolution(before, after, kernel_size, padding, pooling, units)
    layers.append(Flatten())
    (width,) = Sequential(layers).output_shape(shape)
    layers += plan.dense_stack(width, outputs, widths, units, noisy_inputs=True)
    return Sequential(layers)
