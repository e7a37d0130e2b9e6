"""Residual networks."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from jaxtyping import PRNGKeyArray

from shinso import _checks, _threefry
from shinso.nn._activations import Activation
from shinso.nn._dense import Dense
from shinso.nn._flatten import Flatten
from shinso.nn._grouped_convolution import GroupedConv2d
from shinso.nn._hidden_units import NORMALIZATIONS
from shinso.nn._image_shape import checked_image_shape
from shinso.nn._layer import Layer
from shinso.nn._pooling import MaxPool2d, MeanPool2d
from shinso.nn._recipe import builder
from shinso.nn._residual import PaddedShortcut, Residual
from shinso.nn._sequential import Sequential
from shinso.nn._zero_pad import ZeroPad2d

LARGE: Mapping[int, tuple[int, ...]] = MappingProxyType(
    {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
)
"""Blocks in each stage of the networks for large images, by depth; from 50 on blocks have a bottleneck."""

_RELU = Activation("relu")


@builder()
def resnet(
    image_shape: Sequence[int],
    outputs: int,
    *,
    depth: int = 18,
    small_images: bool = False,
    normalization: str | None = "batch",
    key: PRNGKeyArray,
) -> Sequential:
    """Return a residual network: stages of blocks F(x) + x, each stage with half the places and twice the maps.

    For large images a 7×7 convolution of 64 maps and a 3×3 pooling, both with stride 2, then four stages of 64 to 512 maps;
    ResNet-18 has 11,689,512 parameters for 1,000 classes, ResNet-50 25,557,032. For small images a 3×3 convolution of 16
    maps, then three stages of 16, 32 and 64 maps with parameter-free shortcuts; ResNet-20 has 269,722 for 10 classes. At the
    end the mean over places and a dense layer.

    Args:
        image_shape: (height, width, input maps).
        outputs: number of outputs.
        depth: layers with weights on the longest way: 18, 34, 50, 101 or 152, or 6n + 2 for small images.
        small_images: the form for images of about 32×32.
        normalization: after every convolution, in place of its bias: "batch", "layer" or None (then with bias).
        key: random key.

    Raises:
        ValueError: a depth that the form does not have, an unknown normalization, or an image too small.

    Source: Goodfellow et al., §8.7.5; He, Zhang, Ren and Sun (2016), table 1 and §4.2.
    """
    shape = checked_image_shape(image_shape)
    if normalization is not None:
        _checks.one_of("normalization", normalization, NORMALIZATIONS)
    blocks = _Blocks(normalization, small_images, (_threefry.fold_in(key, i) for i in itertools.count()))
    layers, stages = _small(blocks, shape[-1], depth) if small_images else _large(blocks, shape[-1], depth)
    maps, bottleneck = stages[0][0], not small_images and depth >= 50
    for number, (width, repeats) in enumerate(stages):
        for repeat in range(repeats):
            after = 4 * width if bottleneck else width
            layers += blocks.block(maps, width, after, 2 if number > 0 and repeat == 0 else 1)
            maps = after
    height, width, maps = Sequential(layers).output_shape(shape)
    layers += [MeanPool2d((height, width), (1, 1)), Flatten(), Dense(maps, outputs, key=next(blocks.keys))]
    return Sequential(layers)


def _small(blocks: "_Blocks", inputs: int, depth: int) -> tuple[list[Layer], list[tuple[int, int]]]:
    repeats, rest = divmod(_checks.whole_number("depth", depth, least=8) - 2, 6)
    if rest:
        raise ValueError(f"depth must be 6n + 2 for small images: 8, 14, 20, …; got {depth}.")
    stem = [*blocks.convolution(inputs, 16, 3), _RELU]
    return stem, [(width, repeats) for width in (16, 32, 64)]


def _large(blocks: "_Blocks", inputs: int, depth: int) -> tuple[list[Layer], list[tuple[int, int]]]:
    if depth not in LARGE:
        raise ValueError(f"depth must be {', '.join(map(str, LARGE))} for large images; got {depth!r}.")
    stem = [*blocks.convolution(inputs, 64, 7, stride=2), _RELU, ZeroPad2d(1), MaxPool2d((3, 3), (2, 2))]
    return stem, list(zip((64, 128, 256, 512), LARGE[depth], strict=True))


class _Blocks(NamedTuple):
    """Makes convolutions with their normalization, and residual blocks of them."""

    normalization: str | None
    padded_shortcuts: bool
    keys: Iterator[PRNGKeyArray]

    def convolution(self, inputs: int, maps: int, size: int, *, stride: int = 1) -> list[Layer]:
        """A convolution that keeps the places but for its stride, and its normalization."""
        layer = GroupedConv2d(
            inputs,
            maps,
            size,
            stride=stride,
            padding=size // 2,
            weight_init="he_normal",
            bias_init="zeros" if self.normalization is None else None,
            key=next(self.keys),
        )
        return [layer] if self.normalization is None else [layer, NORMALIZATIONS[self.normalization](maps)]

    def block(self, inputs: int, width: int, outputs: int, stride: int) -> list[Layer]:
        """relu(F(x) + x): two 3×3 convolutions, or a bottleneck of `width` maps between two 1×1 convolutions."""
        if width == outputs:
            inside = [*self.convolution(inputs, width, 3, stride=stride), _RELU, *self.convolution(width, width, 3)]
        else:
            inside = [
                *self.convolution(inputs, width, 1),
                _RELU,
                *self.convolution(width, width, 3, stride=stride),
                _RELU,
                *self.convolution(width, outputs, 1),
            ]
        return [Residual(Sequential(inside), self._shortcut(inputs, outputs, stride)), _RELU]

    def _shortcut(self, inputs: int, outputs: int, stride: int) -> Layer | None:
        if stride == 1 and inputs == outputs:
            return None
        if self.padded_shortcuts:
            return PaddedShortcut(stride, outputs - inputs)
        return Sequential(self.convolution(inputs, outputs, 1, stride=stride))
