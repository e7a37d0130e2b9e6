"""Pooling: one number for every window of a feature map."""

import functools
from collections.abc import Callable
from typing import Any, ClassVar, Self

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from shinso.nn import _windows
from shinso.nn._layer import Layer, Operation, Shape


class Pool2d(Layer):
    """What the poolings share: windows of `size` every `stride` pixels, `[N, H, W, C]` to `[N, h, w, C]`.

    h = ⌊(H − height)/stride⌋ + 1: an incomplete window at the lower or right edge is dropped.

    Args:
        size: window, one number or (height, width).
        stride: step between windows; the window's size (no overlap) unless given.

    Raises:
        ValueError: a size or stride below 1.
    """

    size: _windows.Pair = eqx.field(static=True)
    stride: _windows.Pair = eqx.field(static=True)
    kind: eqx.AbstractClassVar[str]

    def __init__(self, size: int | tuple[int, int] = 2, stride: int | tuple[int, int] | None = None):
        self.size = _windows.pair("pool size", size, least=1)
        self.stride = self.size if stride is None else _windows.pair("pool stride", stride, least=1)

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(h, w, C)`."""
        name, (height, width) = type(self).__name__, self.size
        if len(input_shape) != 3:
            raise ValueError(f"{name} takes images of shape (height, width, maps); got {tuple(input_shape)}.")
        if input_shape[0] < height or input_shape[1] < width:
            got = f"{input_shape[0]}×{input_shape[1]}"
            raise ValueError(f"{name} with a {height}×{width} window needs an image at least that large; got {got}.")
        rows = _windows.count(input_shape[0], height, self.stride[0])
        return rows, _windows.count(input_shape[1], width, self.stride[1]), input_shape[2]

    def operations(self, input_shape: Shape) -> list[Operation]:
        """One `pool`."""
        return [{"operation": "pool", "kind": self.kind, "size": self.size, "stride": self.stride}]

    @property
    def description(self) -> str:
        """The class and the window's size."""
        return f"{type(self).__name__} {self.size[0]}×{self.size[1]}"

    def _combine(self, combine: Callable[[Array, Array], Array], x: Float[Array, "N H W C"]) -> Float[Array, "N h w C"]:
        """Combine the elements of every window: first down each column of it, then across."""
        self.output_shape(x.shape[1:])
        rows = functools.reduce(combine, _windows.shifts(x, _windows.ROWS, self.size[0], self.stride[0]))
        return functools.reduce(combine, _windows.shifts(rows, _windows.COLUMNS, self.size[1], self.stride[1]))


class MaxPool2d(Pool2d):
    """max of the window. A derivative goes to the largest element; elements that tie for it share it.

    Source: lecture on deep learning (pooling); Nielsen, chapter 6.
    """

    kind: ClassVar[str] = "max"
    operations = Pool2d.operations

    def __call__(self, x: Float[Array, "N H W C"], *, key: PRNGKeyArray | None = None) -> Float[Array, "N h w C"]:
        """Return the largest element of every window."""
        return self._combine(jnp.maximum, x)

    def backpropagate(self, x: Any, delta: Any, *, key: PRNGKeyArray | None = None) -> tuple[Array, Self]:
        """Return δ at the largest element of its window; elements that tie share it equally."""
        copies = _windows.copied(x, self.size, self.stride)
        largest = copies == jnp.max(copies, axis=(3, 4), keepdims=True)
        shares = largest / jnp.sum(largest, axis=(3, 4), keepdims=True, dtype=delta.dtype)
        return _windows.added(shares * delta[:, :, :, None, None], x.shape, self.stride), self


class MeanPool2d(Pool2d):
    """Mean of the window.

    Source: lecture on deep learning (pooling).
    """

    kind: ClassVar[str] = "mean"
    operations = Pool2d.operations

    def __call__(self, x: Float[Array, "N H W C"], *, key: PRNGKeyArray | None = None) -> Float[Array, "N h w C"]:
        """Return the mean of every window."""
        return self._combine(jnp.add, x) * (1.0 / (self.size[0] * self.size[1]))

    def backpropagate(self, x: Any, delta: Any, *, key: PRNGKeyArray | None = None) -> tuple[Array, Self]:
        """Return δ over the window's area at every element of it."""
        each = delta[:, :, :, None, None] / (self.size[0] * self.size[1])
        copies = jnp.broadcast_to(each, (*delta.shape[:3], *self.size, x.shape[3]))
        return _windows.added(copies, x.shape, self.stride), self


class L2Pool2d(Pool2d):
    """√Σa² over the window, with derivative 0 where the whole window is 0.

    Source: Nielsen, chapter 6.
    """

    kind: ClassVar[str] = "l2"
    operations = Pool2d.operations

    def __call__(self, x: Float[Array, "N H W C"], *, key: PRNGKeyArray | None = None) -> Float[Array, "N h w C"]:
        """Return the Euclidean norm of every window."""
        squares = self._combine(jnp.add, x * x)
        silent = squares == 0
        # √ has an infinite derivative at 0, which the chain rule would multiply by 0: keep it away from there.
        return jnp.where(silent, jnp.zeros_like(squares), jnp.sqrt(jnp.where(silent, jnp.ones_like(squares), squares)))

    def backpropagate(self, x: Any, delta: Any, *, key: PRNGKeyArray | None = None) -> tuple[Array, Self]:
        """Return δ a / √Σa², 0 where the whole window is 0."""
        copies = _windows.copied(x, self.size, self.stride)
        norms = jnp.sqrt(jnp.sum(copies**2, axis=(3, 4), keepdims=True))
        shares = copies / jnp.where(norms == 0, 1, norms)
        return _windows.added(shares * delta[:, :, :, None, None], x.shape, self.stride), self
