"""Pooling over the steps of sequences."""

import abc
import functools
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from shinso import _checks
from shinso._sequences import Sequences
from shinso.nn import _windows
from shinso.nn._layer import Layer, Shape
from shinso.nn._sequences import closed, opened, present
from shinso.nn._step_windows import windows_of


class Pool1d(Layer):
    """What the poolings share: windows of `size` steps every `stride` steps, `[N, T, D]` or `Sequences` to the same.

    A sequence of T steps has ⌊(T − size)/stride⌋ + 1 windows: an incomplete one at its end is dropped. A sequence shorter
    than a window has one, of its own steps. So each has the numbers that it has alone, whatever it is padded to.

    Args:
        size: steps of a window.
        stride: step between windows; the window's size (no overlap) unless given.

    Raises:
        ValueError: a size or stride below 1.
    """

    size: int = eqx.field(static=True)
    stride: int = eqx.field(static=True)

    def __init__(self, size: int = 2, stride: int | None = None):
        self.size = _checks.whole_number("pool size", size, least=1)
        self.stride = self.size if stride is None else _checks.whole_number("pool stride", stride, least=1)

    def __call__(self, x: Float[Array, "N T D"] | Sequences, *, key: PRNGKeyArray | None = None) -> Any:
        """Return one number for every window and feature, as `Sequences` if `x` is; 0 in the padding.

        Raises:
            ValueError: `x` is not `[N, T, D]`.
        """
        values, lengths = opened(x)
        self.output_shape(values.shape[1:])
        n, steps, _ = values.shape
        values = jnp.pad(values, ((0, 0), (0, max(self.size - steps, 0)), (0, 0)))
        pooled = self._pooled(values, jnp.full(n, steps) if lengths is None else lengths)
        return closed(pooled, None if lengths is None else windows_of(lengths, self.size, self.stride))

    @abc.abstractmethod
    def _pooled(self, values: Float[Array, "N T D"], lengths: Int[Array, " N"]) -> Float[Array, "N t D"]:
        """One number for every window of sequences that are at least a window long and 0 behind their ends."""

    def _shifts(self, values: Float[Array, "N T D"]) -> list[Float[Array, "N t D"]]:
        return _windows.shifts(values, 1, self.size, self.stride)

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(windows, D)`, if `input_shape` is `(T, D)`."""
        if len(input_shape) != 2:
            raise ValueError(f"{type(self).__name__} takes sequences of shape (T, D); got {tuple(input_shape)}.")
        return windows_of(input_shape[0], self.size, self.stride), input_shape[1]

    @property
    def description(self) -> str:
        """The class and the window's size."""
        return f"{type(self).__name__} {self.size}"


class MaxPool1d(Pool1d):
    """max over the window's steps, of every feature.

    Source: Goodfellow et al., §9.3.
    """

    def _pooled(self, values: Float[Array, "N T D"], lengths: Int[Array, " N"]) -> Float[Array, "N t D"]:
        there = present(lengths, values.shape[1])[..., None]
        return functools.reduce(jnp.maximum, self._shifts(jnp.where(there, values, -jnp.inf)))


class MeanPool1d(Pool1d):
    """Mean over the window's steps, of every feature.

    Source: Goodfellow et al., §9.3.
    """

    def _pooled(self, values: Float[Array, "N T D"], lengths: Int[Array, " N"]) -> Float[Array, "N t D"]:
        sums = functools.reduce(jnp.add, self._shifts(values))
        starts = self.stride * jnp.arange(sums.shape[1])
        steps = jnp.clip(lengths[:, None] - starts, 1, self.size).astype(values.dtype)
        return sums / steps[..., None]


class GlobalMeanPool1d(Layer):
    """Mean of every feature over all steps of each sequence: `[N, T, D]` or `Sequences` to `[N, D]`."""

    def __call__(self, x: Float[Array, "N T D"] | Sequences, *, key: PRNGKeyArray | None = None) -> Float[Array, "N D"]:
        """Return the mean over each sequence's own steps.

        Raises:
            ValueError: `x` is not `[N, T, D]`.
        """
        values, lengths = opened(x)
        self.output_shape(values.shape[1:])
        sums = jnp.sum(values, axis=1)
        return sums / (values.shape[1] if lengths is None else lengths[:, None].astype(values.dtype))

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(D,)`, if `input_shape` is `(T, D)`."""
        if len(input_shape) != 2:
            raise ValueError(f"GlobalMeanPool1d takes sequences of shape (T, D); got {tuple(input_shape)}.")
        return (input_shape[1],)
