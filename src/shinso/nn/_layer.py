"""What every layer promises: a batch in, a batch out, and a say about shapes before any array exists."""

import abc
from typing import Any, Self

import equinox as eqx
from jaxtyping import Array, Float, PRNGKeyArray

Shape = tuple[int, ...]


class Layer(eqx.Module):
    """A function of a batch: `layer(x, key=None)` with `x` of shape `[N, …]`.

    `key=None` means prediction, which is deterministic; a key means training, when dropout and the like are active.
    Shapes named by the methods below are those of one example, without `N`.
    """

    @abc.abstractmethod
    def __call__(self, x: Float[Array, "N *shape"], *, key: PRNGKeyArray | None = None) -> Array:
        """Return the layer's output for a batch."""

    def call_and_update(self, x: Any, *, key: PRNGKeyArray | None = None) -> tuple[Any, Self]:
        """Return the output, and the layer with its `Buffers` brought up to date; training calls it.

        A layer that has other layers inside, and lets them have buffers, hands their updates on.
        """
        return self(x, key=key), self

    @property
    def uses_key(self) -> bool:
        """Whether training draws random numbers in this layer; a layer that draws none gets no key."""
        return False

    def output_shape(self, input_shape: Shape) -> Shape:
        """Shape of one example's output, given the shape of its input.

        Raises:
            ValueError: the layer does not accept inputs of that shape.
        """
        return input_shape

    def multiply_adds(self, input_shape: Shape) -> int:
        """Multiplications followed by an addition that one example costs in the forward pass (0: only cheap work)."""
        return 0
