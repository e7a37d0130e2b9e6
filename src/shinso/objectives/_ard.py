"""Automatic relevance determination: one precision for the weights of each input."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, Int

from shinso._checks import real
from shinso._numbers import device_array, plain_number
from shinso.objectives._penalties import Penalty, Where


class ARD(Penalty):
    """½λ Σ_d α_d ‖w_d‖², w_d the weights that leave input d: an input with a large α_d is shut out.

    Inputs are the axis before the last, as in `shinso.nn.Dense` (`[inputs, outputs]`) and `Conv2d` (HWIO); Equinox's own
    layers have outputs there.

    Args:
        precisions: α ≥ 0, one for each input, `[D]`: an array leaf, so that new values compile nothing.
        where: the parameters, usually the first layer's weight; see `Penalty`.
        strength: λ ≥ 0, a common factor: 1/n where α are the precisions of a prior and the cost is a mean of n.
        scale: see `Penalty`.

    Raises:
        TypeError: precisions that are not a list of numbers.
        ValueError: a precision or strength that is negative or not finite; when called, precisions that are not as many
            as a parameter has inputs.

    Source: Bishop, PRML, §7.2.2 (automatic relevance determination) and §5.5.1 (priors in groups).
    """

    precisions: Float[Array, " D"]
    name = "ard"

    def __init__(self, precisions: ArrayLike, where: Where, strength: ArrayLike = 1.0, scale: str = "mean"):
        super().__init__(strength, where, scale)
        self.precisions = precision_leaf("precisions", precisions)

    def of_parameter(self, parameter: Array) -> Float[Array, ""]:
        """Return ½ Σ_d α_d ‖w_d‖²."""
        inputs = parameter.shape[-2] if parameter.ndim >= 2 else None
        if inputs != self.precisions.shape[0]:
            raise ValueError(
                f"precisions must be one for each input of a weight; got {self.precisions.shape[0]} for a parameter of "
                f"shape {list(parameter.shape)}."
            )
        return 0.5 * jnp.vdot(parameter, self.precisions.astype(parameter.dtype)[:, None] * parameter)

    @property
    def prior_precisions(self) -> Float[np.ndarray, " D"]:
        """λα."""
        return float(self.strength) * np.asarray(self.precisions, dtype=np.float64)

    def prior_groups(self, shape: tuple[int, ...]) -> Int[np.ndarray, "..."]:
        """Return each number's input."""
        return np.broadcast_to(np.arange(shape[-2])[:, None], shape)

    def with_prior_precisions(self, precisions: Float[np.ndarray, " D"]) -> "ARD":
        """Return the penalty with other α."""
        factor = float(self.strength) or 1.0
        return ARD(precisions / factor, self.where, factor, self.scale)

    @property
    def recipe(self) -> dict[str, Any]:
        """The name, strength, scale, patterns and precisions, as a plain dictionary for `objective_from_recipe`."""
        return super().recipe | {"precisions": [plain_number(one) for one in self.precisions]}


def precision_leaf(argument: str, values: ArrayLike) -> Float[Array, " D"]:
    """Return numbers ≥ 0 as an array of JAX's default real type, checked unless they are being traced."""
    if isinstance(values, jax.core.Tracer):
        return values if jnp.issubdtype(values.dtype, jnp.floating) else values.astype(float)
    if np.ndim(values) != 1 or np.size(values) == 0:
        raise TypeError(f"{argument} must be a list of numbers, one for each input; got {values!r}.")
    checked = [real(argument, value, least=0.0) for value in np.asarray(values).tolist()]
    return device_array(np.array(checked))
