"""Fixed basis functions φ(x): what makes a linear model curved without a parameter of its own."""

import abc
import inspect
from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, PRNGKeyArray

from shinso import _checks
from shinso._kinds import BASES
from shinso.nn import _spec
from shinso.nn._layer import Layer, Shape

Point = float | tuple[float, ...]


class Basis(Layer):
    """φ(x) ∈ ℝᴹ, the same for ever: y = Wᵀφ(x) + b is `Sequential([basis, Dense(M, K)])`.

    Centres, width and degree are part of the model's structure, not arrays: no optimizer moves them and no penalty
    touches them. The constant function φ₀ = 1 is left to the bias of the dense layer.

    Source: notes on neural networks, §2.1.1–2.1.2; Bishop, PRML (3.3)–(3.6).
    """

    @abc.abstractmethod
    def functions(self, inputs: int) -> int:
        """M, the number of basis functions of `inputs` inputs."""

    def output_shape(self, input_shape: Shape) -> Shape:
        """`(M,)`, if `input_shape` is `(D,)`."""
        if len(input_shape) != 1:
            raise ValueError(f"{type(self).__name__} takes vectors of shape (D,); got {tuple(input_shape)}.")
        return (self.functions(*input_shape),)


class PolynomialBasis(Basis):
    """φ(x) = (x, x², …, xᴹ) for every input: `[N, D]` to `[N, D·M]`, all first powers first; no mixed products.

    Inputs should lie within about [−1, 1]: beyond it the powers differ by orders of magnitude.

    Args:
        degree: M, at least 1.

    Raises:
        ValueError: a degree below 1.

    Source: notes on neural networks, §2.1.2 (whose M counts the constant too).
    """

    degree: int = eqx.field(static=True)

    def __init__(self, degree: int):
        self.degree = _checks.whole_number("degree", degree, least=1)

    def __call__(self, x: Float[Array, "N D"], *, key: PRNGKeyArray | None = None) -> Float[Array, "N M"]:
        """Return the powers.

        Raises:
            ValueError: `x` is not `[N, D]`.
        """
        self.output_shape(x.shape[1:])
        return jnp.concatenate([x**power for power in range(1, self.degree + 1)], axis=-1)

    def functions(self, inputs: int) -> int:
        """D·M."""
        return inputs * self.degree

    @property
    def description(self) -> str:
        """The class and the degree."""
        return f"{type(self).__name__} of degree {self.degree}"


class GaussianBasis(Basis):
    """φ_j(x) = exp(−‖x − μ_j‖² / 2s²): `[N, D]` to `[N, J]`, values in (0, 1].

    Args:
        centres: μ, J points `[J, D]`, or J numbers for one input.
        width: s > 0, in the inputs' units.

    Raises:
        ValueError: no centre, centres that are not finite, or a width that is not positive.

    Source: notes on neural networks, §2.1.2; Bishop, PRML (3.4).
    """

    centres: tuple[Point, ...] = eqx.field(static=True)
    width: float = eqx.field(static=True)

    def __init__(self, centres: ArrayLike | Sequence[Point], width: float):
        self.centres = _centres(centres, axes=(1, 2))
        self.width = _checks.real("width", width, above=0.0)

    def __call__(self, x: Float[Array, "N D"], *, key: PRNGKeyArray | None = None) -> Float[Array, "N J"]:
        """Return φ(x). The differences `[N, J, D]` are formed, so that nothing cancels far from the origin.

        Raises:
            ValueError: `x` is not `[N, D]`.
        """
        self.output_shape(x.shape[1:])
        centres = jnp.asarray(self.centres, x.dtype).reshape(len(self.centres), -1)
        scaled = (x[:, None, :] - centres) / self.width
        return jnp.exp(-0.5 * jnp.sum(scaled * scaled, axis=-1))

    def functions(self, inputs: int) -> int:
        """J, if the centres have as many coordinates as there are inputs."""
        first = self.centres[0]
        coordinates = len(first) if isinstance(first, tuple) else 1
        if inputs != coordinates:
            raise ValueError(f"GaussianBasis has centres of {coordinates} coordinates; got {inputs} inputs.")
        return len(self.centres)

    def multiply_adds(self, input_shape: Shape) -> int:
        """J·D, for the squared distances."""
        (functions,) = self.output_shape(input_shape)
        return functions * input_shape[0]

    @property
    def description(self) -> str:
        """The class and J."""
        return f"{type(self).__name__} of {len(self.centres)} centres"


class SigmoidBasis(Basis):
    """φ_j(x) = σ((x − μ_j)/s) for every input: `[N, D]` to `[N, D·J]`, the first input's J functions first.

    Args:
        centres: μ, J numbers.
        width: s > 0, in the inputs' units.

    Raises:
        ValueError: no centre, centres that are not finite, or a width that is not positive.

    Source: notes on neural networks, §2.1.2; Bishop, PRML (3.5)–(3.6).
    """

    centres: tuple[float, ...] = eqx.field(static=True)
    width: float = eqx.field(static=True)

    def __init__(self, centres: ArrayLike | Sequence[float], width: float):
        self.centres = _centres(centres, axes=(1,))
        self.width = _checks.real("width", width, above=0.0)

    def __call__(self, x: Float[Array, "N D"], *, key: PRNGKeyArray | None = None) -> Float[Array, "N M"]:
        """Return φ(x).

        Raises:
            ValueError: `x` is not `[N, D]`.
        """
        (functions,) = self.output_shape(x.shape[1:])
        centres = jnp.asarray(self.centres, x.dtype)
        return jax.nn.sigmoid((x[:, :, None] - centres) / self.width).reshape(x.shape[0], functions)

    def functions(self, inputs: int) -> int:
        """D·J."""
        return inputs * len(self.centres)

    @property
    def description(self) -> str:
        """The class and J."""
        return f"{type(self).__name__} of {len(self.centres)} centres"


def polynomial(*, degree: Any) -> Basis:
    """Return the polynomial basis."""
    return PolynomialBasis(degree)


def gaussian(*, centres: Any, width: Any) -> Basis:
    """Return the Gaussian basis."""
    return GaussianBasis(centres, width)


def sigmoid(*, centres: Any, width: Any) -> Basis:
    """Return the sigmoid basis."""
    return SigmoidBasis(centres, width)


def basis(spec: _spec.Spec) -> Basis:
    """Return the basis that `spec` describes.

    Args:
        spec: `{"name": "polynomial", "degree": 9}`, `{"name": "gaussian", "centres": […], "width": 0.2}`, or the same
            with the name "sigmoid".

    Raises:
        ValueError: an unknown name or argument, one that is missing, or a number out of range.
    """
    name, arguments = _spec.parse("basis", spec, BASES)
    for needed in inspect.signature(BASES[name]).parameters:
        if needed not in arguments:
            raise ValueError(f"basis {name!r} needs {needed}; got {', '.join(arguments) or 'no arguments'}.")
    made: Basis = BASES[name](**arguments)
    return made


def plain_spec(spec: _spec.Spec) -> dict[str, Any]:
    """The same spec as JSON types: arrays become lists."""
    name, arguments = _spec.parse("basis", spec, BASES)
    return {"name": name, **{key: np.asarray(value).tolist() for key, value in arguments.items()}}


def _centres(value: object, *, axes: tuple[int, ...]) -> tuple[Any, ...]:
    """Numbers as a tuple, points as a tuple of tuples: hashable, so that they are structure."""
    wanted = " or ".join({1: "J numbers", 2: "J points [J, D]"}[count] for count in axes)
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"centres must be {wanted}; got {value!r}.") from None
    if array.ndim not in axes or array.size == 0:
        raise ValueError(f"centres must be {wanted}, at least one; got an array of shape {array.shape}.")
    if not np.isfinite(array).all():
        raise ValueError(f"centres must be finite; got {value!r}.")
    listed = array.tolist()
    return tuple(listed) if array.ndim == 1 else tuple(tuple(point) for point in listed)
