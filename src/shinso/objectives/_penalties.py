"""Penalties on parameters, and which parameters they touch."""

import abc
import fnmatch
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, Int, PyTree

from shinso._checks import one_of
from shinso._numbers import number_leaf, plain_number
from shinso._paths import leaves_by_path
from shinso._reductions import sum_of
from shinso.nn import parameters

Where = str | Sequence[str] | Callable[[str, Array], bool]


def weights(path: str, leaf: Array) -> bool:
    """Return whether a parameter is a weight: at least two axes, and not called `bias`."""
    return leaf.ndim >= 2 and path.rpartition(".")[2] != "bias"


def parameter_paths(model: PyTree[Any]) -> dict[str, Array]:
    """Return the model's real parameters by dotted path, such as `layers.0.weight`."""
    return leaves_by_path(parameters(model)[0])


class Penalty(eqx.Module):
    """A cost on some of a model's parameters, added to the mean cost of the examples.

    Attributes:
        strength: λ ≥ 0, an array leaf: a new value compiles nothing.
        where: The parameters it touches: one or several glob patterns over dotted paths (`layers.*.weight`; `*` also
            matches dots), or a predicate of (path, leaf). The default, `weights`, leaves biases free.
        scale: "mean" adds the penalty as it stands; "batch" divides it by the batch's total weight, so that
            `L2(alpha, scale="batch")` is scikit-learn's α/(2n)‖w‖². The book's (λ/2n)Σw² is `L2(λ/n)`.
        name: The name `penalty` knows it by.
        convex: Whether it is convex, so that its second derivative is never negative.
        separable: Whether it is a sum over single numbers, so that its second derivative is diagonal.
        smooth: Whether it has that second derivative everywhere, and no corner.
    """

    strength: Float[Array, ""]
    where: tuple[str, ...] | Callable[[str, Array], bool] = eqx.field(static=True)
    scale: str = eqx.field(static=True)
    name: eqx.AbstractClassVar[str]
    convex: ClassVar[bool] = True
    separable: ClassVar[bool] = True
    smooth: ClassVar[bool] = True

    def __init__(self, strength: ArrayLike, where: Where = weights, scale: str = "mean"):
        self.strength = number_leaf("strength", strength, least=0.0)
        self.where = _patterns(where)
        self.scale = one_of("scale", scale, ("mean", "batch"))

    def __call__(self, model: PyTree[Any], total_weight: Float[Array, ""]) -> Float[Array, ""]:
        """Return the penalty of `model` on a batch whose weights sum to `total_weight`.

        Raises:
            ValueError: `where` matches no parameter of the model.
        """
        unscaled = jnp.asarray(sum(self.of_parameter(leaf) for leaf in self.touched(model).values()))
        penalty = self.strength.astype(unscaled.dtype) * unscaled
        return penalty / total_weight.astype(penalty.dtype) if self.scale == "batch" else penalty

    @abc.abstractmethod
    def of_parameter(self, parameter: Array) -> Float[Array, ""]:
        """Return one parameter array's share, before the strength."""

    @property
    def prior_precisions(self) -> Float[np.ndarray, "..."] | None:
        """α/n, one or one a group, of the Gaussian prior that it is −1/n of the logarithm of, at scale "mean"; else None."""
        return None

    def prior_groups(self, shape: tuple[int, ...]) -> Int[np.ndarray, "..."]:
        """Return which of the precisions belongs to each number of a parameter of a shape."""
        return np.zeros(shape, int)

    def with_prior_precisions(self, precisions: Float[np.ndarray, "..."]) -> "Penalty":
        """Return the penalty with other `prior_precisions`.

        Raises:
            TypeError: It is no Gaussian prior.
        """
        raise TypeError(f"penalty must be a Gaussian prior; got {type(self).__name__}.")

    def touched(self, model: PyTree[Any]) -> dict[str, Array]:
        """Return the parameters the penalty touches, by dotted path.

        Raises:
            ValueError: `where` matches no parameter of the model.
        """
        parameters = parameter_paths(model)
        chosen = {path: leaf for path, leaf in parameters.items() if self._matches(path, leaf)}
        if not chosen:
            wanted = " or ".join(self.where) if isinstance(self.where, tuple) else _name(self.where)
            there = ", ".join(parameters) or "none"
            raise ValueError(f"where must match a parameter; got {wanted}, and there are: {there}.")
        return chosen

    @property
    def recipe(self) -> dict[str, Any]:
        """The name, strength, scale and patterns (absent for all weights), which `objective_from_recipe` reads.

        Raises:
            ValueError: `where` is a predicate, which no dictionary can hold.
        """
        if not isinstance(self.where, tuple) and self.where is not weights:
            raise ValueError(f"where must be patterns over paths for a recipe; got the predicate {_name(self.where)}.")
        recipe = {"name": self.name, "strength": plain_number(self.strength), "scale": self.scale}
        return recipe | {"where": list(self.where)} if isinstance(self.where, tuple) else recipe

    def _matches(self, path: str, leaf: Array) -> bool:
        if isinstance(self.where, tuple):
            return any(fnmatch.fnmatchcase(path, pattern) for pattern in self.where)
        return self.where(path, leaf)


class L2(Penalty):
    """½λ Σ w², whose gradient is λw: weight decay, a Gaussian prior of precision nλ.

    Source: notes on neural networks (½λΣw²); Nielsen, chapter 3 ((λ/2n)Σw²).
    """

    name = "l2"

    @property
    def prior_precisions(self) -> Float[np.ndarray, ""]:
        """λ."""
        return np.asarray(self.strength, dtype=np.float64)

    def with_prior_precisions(self, precisions: Float[np.ndarray, ""]) -> "L2":
        """Return the penalty with another λ."""
        return L2(number_leaf("strength", float(precisions), least=0.0), self.where, self.scale)

    def of_parameter(self, parameter: Array) -> Float[Array, ""]:
        """Return ½Σw²."""
        return 0.5 * sum_of(jnp.square, parameter)


class L1(Penalty):
    """λ Σ|w|, whose gradient is λ sgn(w) with sgn(0) = 0.

    Source: notes on neural networks (λΣ|w|); Nielsen, chapter 3 ((λ/n)Σ|w|).
    """

    name = "l1"
    smooth: ClassVar[bool] = False

    def of_parameter(self, parameter: Array) -> Float[Array, ""]:
        """Return Σ|w|."""
        return sum_of(_size, parameter)


def _size(w: Array) -> Array:
    # JAX's derivative of |w| at 0 is 1, which would push parameters off 0; that of w·sgn(w) is sgn(0) = 0.
    return w * jnp.sign(w)


def _patterns(where: Where) -> tuple[str, ...] | Callable[[str, Array], bool]:
    if isinstance(where, str):
        return (where,)
    if callable(where):
        return where
    patterns = tuple(where) if isinstance(where, Sequence) else ()
    if not patterns or not all(isinstance(pattern, str) for pattern in patterns):
        raise ValueError(f"where must be patterns over parameter paths or a predicate of (path, leaf); got {where!r}.")
    return patterns


def _name(predicate: Callable[[str, Array], bool]) -> str:
    return getattr(predicate, "__name__", repr(predicate))
