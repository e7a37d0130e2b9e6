"""Slopes of penalties, in closed form for those of the sources."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from shinso import nn
from shinso.objectives import ARD, L1, L2, Penalty, parameter_paths


def with_penalty(
    gradient: nn.Sequential, penalty: Penalty, model: nn.Sequential, total: Float[Array, ""]
) -> nn.Sequential:
    """Return the gradient with λ × slope added for every parameter that the penalty touches.

    The slopes are w (L2), sgn(w) with sgn(0) = 0 (L1) and α_d w (ARD); those of any other penalty by automatic
    differentiation.

    Args:
        gradient: ∂C/∂θ so far.
        penalty: The penalty.
        model: The parameters.
        total: The batch's total weight, by which a penalty with `scale="batch"` is divided.
    """
    slope = SLOPES.get(type(penalty), _differentiated)
    strength = penalty.strength / total if penalty.scale == "batch" else penalty.strength
    parameters, rest = nn.parameters(gradient)
    slopes = parameter_paths(parameters)
    for path, parameter in penalty.touched(model).items():
        slopes[path] += strength.astype(parameter.dtype) * slope(penalty, parameter)
    added: nn.Sequential = eqx.combine(jax.tree.unflatten(jax.tree.structure(parameters), slopes.values()), rest)
    return added


def _differentiated(penalty: Any, w: Array) -> Array:
    slope: Array = jax.grad(penalty.of_parameter)(w)
    return slope


SLOPES: Mapping[type[Penalty], Callable[[Any, Array], Array]] = MappingProxyType(
    {
        L2: lambda penalty, w: w,
        L1: lambda penalty, w: jnp.sign(w),
        ARD: lambda penalty, w: penalty.precisions.astype(w.dtype)[:, None] * w,
    }
)
"""The slope of a penalty of strength 1 by one parameter array, as the sources write it."""
