"""What linear fits in closed form have in common: the problem, its centring, float64, and the way back into a model."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from shinso import nn

Fit = TypeVar("Fit", bound=tuple[Any, ...])


class Readout(NamedTuple):
    """A linear readout y = φW + b: `weight` `[M, K]` and `bias` `[K]`, as `shinso.nn.Dense` has them."""

    weight: Float[Array, "M K"]
    bias: Float[Array, " K"]


class Centred(NamedTuple):
    """Features and targets times √w_n, after their weighted means were taken off if a bias is to be fitted."""

    features: Float[Array, "N M"]
    targets: Float[Array, "N K"]
    feature_means: Float[Array, " M"]
    target_means: Float[Array, " K"]

    def bias(self, weight: Float[Array, "M K"]) -> Float[Array, " K"]:
        """Return b = ȳ − φ̄W, the unpenalized minimum over b."""
        return self.target_means - self.feature_means @ weight


def with_readout(model: nn.Sequential, readout: Any) -> nn.Sequential:
    """Return `model` with the weight and bias of its last layer replaced by a fit on that layer's inputs.

    Args:
        model: a `Sequential` that ends in a `Dense` of M inputs and K outputs.
        readout: `weight` `[M, K]` and `bias` `[K]`, as `least_squares`, `ridge` and `lasso` return them.

    Raises:
        TypeError: the model does not end in a `Dense`.
        ValueError: the shapes differ.
    """
    last = model.layers[-1] if isinstance(model, nn.Sequential) and model.layers else None
    if not isinstance(last, nn.Dense):
        raise TypeError(f"model must be a Sequential that ends in Dense; got {type(model).__name__}.")
    if readout.weight.shape != last.weight.shape or readout.bias.shape != last.bias.shape:
        raise ValueError(
            f"readout must have a weight of shape {list(last.weight.shape)} and a bias of shape {list(last.bias.shape)}; "
            f"got {list(readout.weight.shape)} and {list(readout.bias.shape)}."
        )
    fitted = (readout.weight.astype(last.weight.dtype), readout.bias.astype(last.bias.dtype))
    filled: nn.Sequential = eqx.tree_at(lambda m: (m.layers[-1].weight, m.layers[-1].bias), model, fitted)
    return filled


def centred(features: Array, targets: Array, weights: Array, *, bias: bool) -> Centred:
    """Return the problem in which the bias no longer appears."""
    share = weights / jnp.sum(weights)
    means = (share @ features, share @ targets) if bias else (jnp.zeros_like(features[0]), jnp.zeros_like(targets[0]))
    root = jnp.sqrt(weights)[:, None]
    return Centred(root * (features - means[0]), root * (targets - means[1]), *means)


def in_double(
    solve: Callable[..., Fit],
    features: ArrayLike,
    targets: ArrayLike,
    weights: ArrayLike | None,
    strength: ArrayLike,
) -> Fit:
    """Return `solve(features, targets, weights, strength)`, computed in float64 and rounded to JAX's default real type.

    Inside `jit`, `vmap` or `grad` the arrays' own type is all there is, and is used.

    Raises:
        ValueError: shapes that do not fit, values that are not finite, or weights that are negative or all 0.
    """
    shapes = np.shape(features), np.shape(targets)
    if len(shapes[0]) != 2 or len(shapes[1]) not in (1, 2) or shapes[0][0] != shapes[1][0] or 0 in shapes[0]:
        raise ValueError(f"features must be [N, M] and targets [N] or [N, K]; got shapes {shapes[0]} and {shapes[1]}.")
    weights = np.ones(shapes[0][0]) if weights is None else weights
    if np.shape(weights) != shapes[0][:1]:
        raise ValueError(f"weights must have shape [{shapes[0][0]}]; got {list(np.shape(weights))}.")
    given = (features, targets, weights)
    if any(isinstance(array, jax.core.Tracer) for array in (*given, strength)):
        real = jnp.result_type(float, *given)
        return solve(*(_columns(jnp.asarray(array, real)) for array in given[:2]), jnp.asarray(weights, real), strength)
    for name, array in zip(("features", "targets", "weights"), given, strict=True):
        if not np.isfinite(np.asarray(array, dtype=float)).all():
            raise ValueError(f"{name} must be finite; got NaN or infinity.")
    if np.min(np.asarray(weights)) < 0 or not np.sum(np.asarray(weights)) > 0:
        raise ValueError("weights must be ≥ 0 and not all 0.")
    real = jnp.result_type(float)
    with jax.enable_x64(True):
        wide = [jnp.asarray(np.asarray(array, dtype=np.float64)) for array in given]
        fit = solve(_columns(wide[0]), _columns(wide[1]), wide[2], strength)
        host = [np.asarray(part) for part in fit]
    parts = [jnp.asarray(part, real if part.dtype.kind == "f" else jnp.int32) for part in host]
    return type(fit)(*parts)


def _columns(array: Array) -> Array:
    return array[:, None] if array.ndim == 1 else array
