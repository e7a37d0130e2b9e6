"""What every layer promises, and what a layer may answer for itself."""

import abc
from typing import Any, ClassVar, NoReturn, Self

import equinox as eqx
from jaxtyping import Array, Float, PRNGKeyArray

from shinso.nn._tap import Site, Use

Shape = tuple[int, ...]

Operation = dict[str, Any]
"""One elementary step of a prediction: `operation`, its name, then numbers, names and arrays."""


class Layer(eqx.Module):
    """A function of a batch: `layer(x, key=None)` with `x` of shape `[N, …]`.

    `key=None` means prediction, which is deterministic; a key means training, when dropout and the like are active.
    Shapes named by the methods below are those of one example, without `N`.

    A layer has `__call__` and, where they differ from the input's, `output_shape` and `multiply_adds`. What curvature and
    explicit back-propagation need is written out where the layer can: `sites` with `tapped`, `backpropagate`,
    `backpropagate_diagonal`. A layer without them refuses by its name; `written_out` tells.
    """

    sites: ClassVar[tuple[Site, ...]] = ()
    """The matrices that the layer's parameters make, where `tapped` shows what they are multiplied with."""

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

    @property
    def description(self) -> str:
        """The layer in a few words: its class and what distinguishes it."""
        return type(self).__name__

    def inside(self, input_shape: Shape) -> list[tuple[str, "Layer", Shape]]:
        """The layers inside: what to put before the description of each, the layer, and the shape that reaches it."""
        return []

    def tapped(self, x: Any, probe: Array) -> tuple[Any, Use]:
        """Return the output with `probe` added to the pre-activations, and what each site was multiplied with.

        Args:
            x: a batch.
            probe: in the shape of the pre-activations; a number stands for all of them.

        Raises:
            TypeError: the layer does not show that.
        """
        self._refuse("rows that its weights are multiplied with")

    def product_gradients(self, use: Use, gradient: Float[Array, "R g"]) -> tuple[Float[Array, "R g"], ...]:
        """Return the gradient by each site's product, given that by the probe, one row for each of `use.rows`."""
        return (gradient,) * len(self.sites)

    def present_rows(self, x: Any) -> Float[Array, " R"]:
        """Return, for a layer that hands the steps of sequences on as rows, 1 for each row and 0 for those of the padding.

        Raises:
            TypeError: it is another layer.
        """
        self._refuse("rows of a padding")

    def backpropagate(self, x: Any, delta: Any, *, key: PRNGKeyArray | None = None) -> tuple[Any, Self]:
        """Return ∂C/∂x, and ∂C/∂θ as a layer that holds it in place of its parameters, without automatic differentiation.

        Args:
            x: what the layer was given.
            delta: δ = ∂C/∂y of what it gave.
            key: the key it was called with.

        Raises:
            TypeError: it is not written out.
        """
        self._refuse("back-propagation")

    def backpropagate_diagonal(self, x: Array, first: Array, second: Array) -> tuple[Array, Array, Self]:
        """Carry ∂C/∂y and the diagonal ∂²C/∂y² back in prediction, mixed second derivatives neglected.

        Returns:
            ∂C/∂x, the diagonal ∂²C/∂x², and the layer with the diagonal ∂²C/∂θ² in place of its parameters.

        Raises:
            TypeError: it is not written out.

        Source: Bishop, PRML (5.79)–(5.81).
        """
        self._refuse("diagonal of second derivatives")

    def operations(self, input_shape: Shape) -> list[Operation]:
        """Return what the layer does in prediction as elementary operations, for whoever runs it without JAX.

        They are, `[H, W, C]` in row-major order: `dense` (weight `[inputs, outputs]`, bias), `convolution` (weight
        `[kh, kw, inputs/groups, outputs]`, stride, pads, groups), `add` (bias of the last axis), `scale` (factor and
        shift of the last axis), `pool` (kind max, mean or l2, size, stride), `pad` (pads), `flatten`, `activation` (name,
        arguments), `maxout` (pieces) and `layer_norm` (scale, bias, epsilon).

        Raises:
            TypeError: it does something else.
        """
        self._refuse("elementary operations of its prediction")

    def _refuse(self, what: str) -> NoReturn:
        raise TypeError(f"{type(self).__name__} has no {what} written out.")


def written_out(layer: Any, method: str) -> bool:
    """Return whether `layer` answers to an optional method of `Layer` for what it computes.

    A subclass with a `__call__` of its own may compute something else: what it inherits is not taken for its answer.
    """
    for kind in type(layer).__mro__:
        if kind is Layer or ("__call__" in vars(kind) and method not in vars(kind)):
            return False
        if method in vars(kind):
            return True
    return False
