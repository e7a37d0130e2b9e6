"""Data augmentation on the fly: layers that move or distort every training image anew, and leave predictions alone."""

import abc
import dataclasses
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from shinso import _checks
from shinso.nn._layer import Layer, Operation, Shape


def _images(name: str, shape: Shape) -> tuple[int, int]:
    if len(shape) != 3:
        raise ValueError(f"{name} takes images of shape (height, width, maps); got {tuple(shape)}.")
    return shape[0], shape[1]


class Augmentation(Layer):
    """A layer that changes the images of training."""

    def operations(self, input_shape: Shape) -> list[Operation]:
        """None."""
        return []

    @property
    @abc.abstractmethod
    def spec(self) -> dict[str, Any]:
        """Its name in `AUGMENTATIONS` and its arguments, as plain data."""


class RandomShift(Augmentation):
    """In training, moves each image by whole pixels, drawn anew for every image in every step; zeros come in.

    Down and across are uniform on {−s, …, s}, independently. Place it before the first layer that learns. In prediction
    (`key=None`) it does nothing.

    Args:
        pixels: s ≥ 0.

    Source: Nielsen, chapters 3 and 6 (there: stored copies moved by one pixel; `shinso.data.augment_by_shifts`).
    """

    pixels: int = eqx.field(static=True)
    operations = Augmentation.operations

    def __init__(self, pixels: int = 1) -> None:
        self.pixels = _checks.whole_number("pixels", pixels)

    @property
    def uses_key(self) -> bool:
        """False for 0 pixels."""
        return self.pixels > 0

    @property
    def spec(self) -> dict[str, Any]:
        """The name and the pixels."""
        return {"name": "shift", "pixels": self.pixels}

    def output_shape(self, input_shape: Shape) -> Shape:
        """The input's shape; raises `ValueError` for anything but images."""
        _images("RandomShift", input_shape)
        return input_shape

    def __call__(self, x: Float[Array, "N H W C"], *, key: PRNGKeyArray | None = None) -> Float[Array, "N H W C"]:
        """Return the images, in training each one shifted."""
        if key is None or not self.uses_key:
            return x
        height, width = _images("RandomShift", x.shape[1:])
        s = self.pixels
        shifts = jax.random.randint(key, (2, len(x)), 0, 2 * s + 1)
        padded = jnp.pad(x, ((0, 0), (s, s), (s, s), (0, 0)))
        # Choosing rows and then columns gathers whole rows, and costs half of cutting one window out of every image.
        rows = shifts[0][:, None] + jnp.arange(height)
        columns = shifts[1][:, None] + jnp.arange(width)
        taken = jnp.take_along_axis(padded, rows[:, :, None, None], axis=1)
        return jnp.take_along_axis(taken, columns[:, None, :, None], axis=2)


class RandomDistortion(Augmentation):
    """In training, distorts each image smoothly: rotation, scaling, skew, translation and elastic displacement.

    The output at place p (measured from the image's centre) is the input, interpolated bilinearly with zeros outside, at

        A p + t + α G_σ * u(p),    A = s R(θ) [[1, k], [0, 1]],

    with θ, ln s, k, t uniform within the given bounds and u uniform on [−1, 1]² at every pixel, smoothed by a Gaussian
    G_σ of unit sum (Simard, Steinkraus & Platt, 2003). All are drawn anew for every image in every step; in prediction
    (`key=None`) the layer does nothing. Place it before the first layer that learns.

    Args:
        rotation: largest |θ| in degrees, 0 to 180.
        scale: largest |ln s|, ≥ 0: 0.1 is about ± 10 %.
        skew: largest |k|, ≥ 0.
        translation: largest |t| in pixels, ≥ 0, down and across.
        elastic: α in pixels, ≥ 0. Simard's 34 with σ = 4 suits 28×28 digits.
        smoothness: σ in pixels, > 0.

    Source: Nielsen, chapter 3 and chapter 6; Simard et al., §2.
    """

    rotation: float = eqx.field(static=True)
    scale: float = eqx.field(static=True)
    skew: float = eqx.field(static=True)
    translation: float = eqx.field(static=True)
    elastic: float = eqx.field(static=True)
    smoothness: float = eqx.field(static=True)
    operations = Augmentation.operations

    def __init__(
        self,
        *,
        rotation: float = 0.0,
        scale: float = 0.0,
        skew: float = 0.0,
        translation: float = 0.0,
        elastic: float = 0.0,
        smoothness: float = 4.0,
    ) -> None:
        self.rotation = _checks.real("rotation", rotation, least=0, most=180)
        self.scale = _checks.real("scale", scale, least=0)
        self.skew = _checks.real("skew", skew, least=0)
        self.translation = _checks.real("translation", translation, least=0)
        self.elastic = _checks.real("elastic", elastic, least=0)
        self.smoothness = _checks.real("smoothness", smoothness, above=0)

    @property
    def uses_key(self) -> bool:
        """False where every bound is 0."""
        return any((self.rotation, self.scale, self.skew, self.translation, self.elastic))

    @property
    def spec(self) -> dict[str, Any]:
        """The name and the bounds."""
        return {"name": "distortion", **{field.name: getattr(self, field.name) for field in dataclasses.fields(self)}}

    def output_shape(self, input_shape: Shape) -> Shape:
        """The input's shape; raises `ValueError` for anything but images."""
        _images("RandomDistortion", input_shape)
        return input_shape

    def __call__(self, x: Float[Array, "N H W C"], *, key: PRNGKeyArray | None = None) -> Float[Array, "N H W C"]:
        """Return the images, in training each one distorted."""
        if key is None or not self.uses_key:
            return x
        _images("RandomDistortion", x.shape[1:])
        affine_key, elastic_key = jax.random.split(key)
        places = self._affine(x, affine_key)
        if self.elastic:
            places = places + self._displacements(x, elastic_key)
        return bilinear(x, places)

    def _affine(self, x: Float[Array, "N H W C"], key: PRNGKeyArray) -> Float[Array, "2 N H W"]:
        n, height, width, _ = x.shape
        bounds = jnp.array([np.deg2rad(self.rotation), self.scale, self.skew, self.translation, self.translation])
        angle, log_scale, skew, down, across = (
            jax.random.uniform(key, (5, n, 1, 1), minval=-1) * bounds[:, None, None, None]
        )
        row, column = jnp.meshgrid(*(jnp.arange(size) - (size - 1) / 2 for size in (height, width)), indexing="ij")
        row, column = jnp.exp(log_scale) * (row + skew * column), jnp.exp(log_scale) * column
        turned = jnp.cos(angle) * row - jnp.sin(angle) * column, jnp.sin(angle) * row + jnp.cos(angle) * column
        return jnp.stack([turned[0] + down + (height - 1) / 2, turned[1] + across + (width - 1) / 2])

    def _displacements(self, x: Float[Array, "N H W C"], key: PRNGKeyArray) -> Float[Array, "2 N H W"]:
        n, height, width, _ = x.shape
        field = jax.random.uniform(key, (2, n, height, width), x.dtype, minval=-1)
        down, across = (gaussian_smoothing(size, self.smoothness) for size in (height, width))
        return self.elastic * jnp.einsum("ph,anhw,qw->anpq", down, field, across, optimize="optimal")


def gaussian_smoothing(size: int, sigma: float) -> Float[np.ndarray, "size size"]:
    """Return the matrix that convolves a line of `size` pixels with a Gaussian of unit sum, zeros outside the line."""
    distance = np.arange(size)[:, None] - np.arange(size)
    kernel = np.exp(-0.5 * (np.arange(-4 * size, 4 * size + 1) / sigma) ** 2)
    smoothing: np.ndarray = np.exp(-0.5 * (distance / sigma) ** 2) / kernel.sum()
    return smoothing


def bilinear(x: Float[Array, "N H W C"], places: Float[Array, "2 N p q"]) -> Float[Array, "N p q C"]:
    """Return the images at real-valued places (row, column), interpolated bilinearly; zero outside the image."""
    n, height, width, maps = x.shape
    # A frame of zeros makes what lies outside a neighbour like any other.
    framed = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))).reshape(n, -1, maps)
    row = jnp.clip(places[0] + 1, 0, height + 1)
    column = jnp.clip(places[1] + 1, 0, width + 1)
    above, left = jnp.minimum(row.astype(jnp.int32), height), jnp.minimum(column.astype(jnp.int32), width)
    down, across = (row - above)[..., None], (column - left)[..., None]

    def at(rows: Array, columns: Array) -> Array:
        index = (rows * (width + 2) + columns).reshape(n, -1, 1)
        return jnp.take_along_axis(framed, index, axis=1, mode="promise_in_bounds").reshape(*row.shape, maps)

    upper = (1 - across) * at(above, left) + across * at(above, left + 1)
    lower = (1 - across) * at(above + 1, left) + across * at(above + 1, left + 1)
    return ((1 - down) * upper + down * lower).astype(x.dtype)


AUGMENTATIONS: Mapping[str, Callable[..., Augmentation]] = MappingProxyType(
    {"shift": lambda *, pixels=1: RandomShift(pixels), "distortion": RandomDistortion}
)
"""Data augmentation by name."""
