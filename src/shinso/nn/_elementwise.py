"""Functions of every element, with what others need to know of them."""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array

Slope = Callable[..., Array]


class Elementwise:
    """φ as a function of an array of any shape, which keeps shape and dtype; it answers for itself.

    Args:
        function: φ of an array, and of keyword-only numbers, its arguments.
        monotone: φ never decreases, so that it commutes with taking a maximum.
        rectifier: φ passes positive inputs and squashes negative ones: He initialization is made for it.
        slope: φ′ written out, of the same arguments; None leaves it to automatic differentiation.
    """

    def __init__(
        self, function: Callable[..., Array], *, monotone: bool, rectifier: bool = False, slope: Slope | None = None
    ) -> None:
        functools.update_wrapper(self, function)
        self._function, self._slope = function, slope
        self.monotone, self.rectifier = monotone, rectifier

    def __call__(self, x: Array, **arguments: float) -> Array:
        """Return φ(x)."""
        return self._function(x, **arguments)

    @property
    def written_out(self) -> bool:
        """Whether φ′ is written out."""
        return self._slope is not None

    def slope(self, x: Array, **arguments: float) -> Array:
        """Return φ′(x)."""
        if self._slope is not None:
            return self._slope(x, **arguments)
        along: Array = jax.jvp(functools.partial(self._function, **arguments), (x,), (jnp.ones_like(x),))[1]
        return along


def elementwise(
    *, monotone: bool, rectifier: bool = False, slope: Slope | None = None
) -> Callable[[Callable[..., Array]], Elementwise]:
    """Make an `Elementwise` of a function."""
    return lambda function: Elementwise(function, monotone=monotone, rectifier=rectifier, slope=slope)
