"""Convolutions over the steps of sequences."""

from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from shinso import _checks, _threefry
from shinso._sequences import Sequences
from shinso.nn._initializers import Fans, Initializer, initialize
from shinso.nn._layer import Layer, Shape
from shinso.nn._lowerings import convolve
from shinso.nn._sequences import closed, opened, present_steps
from shinso.nn._step_windows import windows_of
from shinso.nn._tap import Site, Use

PADDINGS = ("valid", "same", "causal")


class Conv1d(Layer):
    """Feature maps S_t = Σ_a x_(st+a−p) W_a + bias over steps: `[N, T, inputs]` or `Sequences` to the same with `outputs`.

    A cross-correlation; `weight` is `[kernel_size, inputs, outputs]`, `bias` is `[outputs]`. Outside of a sequence stand
    zeros, so each has the maps that it has alone, whatever it is padded to.

    Args:
        inputs: numbers a step, at least 1.
        outputs: number of feature maps, at least 1.
        kernel_size: k steps.
        stride: s.
        padding: "valid": whole windows only, ⌊(T − k)/s⌋ + 1 of them, for a sequence shorter than the kernel one; "same":
            p = ⌊(k − 1)/2⌋ steps of zeros before each sequence and as many as are needed behind it, ⌈T/s⌉ windows; "causal":
            p = k − 1, so that no map sees a later step, ⌈T/s⌉ windows.
        weight_init: initializer of the weights; n_in and n_out count maps × k.
        bias_init: initializer of the biases.
        key: random key.

    Raises:
        ValueError: a size below 1, an unknown padding or initializer.

    Source: Goodfellow et al., §9.1 and §9.5; Waibel et al. (1989).
    """

    weight: Float[Array, "k inputs outputs"]
    bias: Float[Array, " outputs"]
    stride: int = eqx.field(static=True)
    padding: str = eqx.field(static=True)
    sites: ClassVar[tuple[Site, ...]] = (Site("weight", "bias"),)

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel_size: int,
        *,
        stride: int = 1,
        padding: str = "valid",
        weight_init: Initializer = "glorot_uniform",
        bias_init: Initializer = "zeros",
        key: PRNGKeyArray,
    ):
        inputs = _checks.whole_number("inputs", inputs, least=1)
        outputs = _checks.whole_number("outputs", outputs, least=1)
        k = _checks.whole_number("kernel_size", kernel_size, least=1)
        fans = Fans(inputs * k, outputs * k)
        weight_key, bias_key = _threefry.split(key)
        self.weight = initialize(weight_init, weight_key, (k, inputs, outputs), fans, argument="weight_init")
        self.bias = initialize(bias_init, bias_key, (outputs,), fans, argument="bias_init")
        self.stride = _checks.whole_number("stride", stride, least=1)
        self.padding = _checks.one_of("padding", padding, PADDINGS)

    def __call__(self, x: Float[Array, "N T inputs"] | Sequences, *, key: PRNGKeyArray | None = None) -> Any:
        """Return the feature maps, as `Sequences` if `x` is; 0 in the padding.

        Raises:
            ValueError: `x` is not `[N, T, inputs]`.
        """
        return self._convolved(x, self.weight, self.bias)

    def _convolved(self, x: Any, weight: Array, bias: Array) -> Any:
        values, lengths = opened(x)
        self.output_shape(values.shape[1:])
        k, steps = weight.shape[0], values.shape[1]
        before = {"valid": 0, "same": (k - 1) // 2, "causal": k - 1}[self.padding]
        reached = self.stride * (self._windows(steps) - 1) + k
        padded = jnp.pad(values, ((0, 0), (before, max(reached - before - steps, 0)), (0, 0)))
        maps = convolve(padded[:, :, None], weight[:, None], (self.stride, 1))[:, :, 0] + bias
        return closed(maps, None if lengths is None else self._windows(lengths))

    def _windows(self, steps: Any) -> Any:
        """How many windows sequences of so many steps have."""
        return windows_of(steps, self.weight.shape[0] if self.padding == "valid" else 1, self.stride)

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(windows, outputs)`, if `input_shape` is `(T, inputs)`."""
        _, inputs, outputs = self.weight.shape
        if len(input_shape) != 2 or input_shape[1] != inputs:
            raise ValueError(f"Conv1d takes sequences of shape (T, {inputs}); got {tuple(input_shape)}.")
        return self._windows(input_shape[0]), outputs

    def multiply_adds(self, input_shape: Shape) -> int:
        """Windows × k × inputs × outputs."""
        return self.output_shape(input_shape)[0] * self.weight.size

    @property
    def description(self) -> str:
        """The class and the kernel's size."""
        return f"{type(self).__name__} {self.weight.shape[0]}"

    def tapped(self, x: Any, probe: Array) -> tuple[Any, Use]:
        """Return the maps + probe, and the windows of every step."""
        maps, lengths = opened(self(x))
        area = self.weight.size // self.weight.shape[-1]
        identity = jnp.eye(area, dtype=maps.dtype).reshape(*self.weight.shape[:-1], area)
        windows = opened(self._convolved(x, identity, jnp.zeros(area, maps.dtype)))[0].reshape(-1, area)
        sums = closed(maps + probe, lengths)
        return sums, Use((windows,), present_steps(sums).reshape(-1), jnp.broadcast_to(probe, maps.shape))
