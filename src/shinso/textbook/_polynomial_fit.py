"""A polynomial through a few noisy points: the more exact on them, the less right between them."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import ArrayLike, Float

from shinso import _checks
from shinso.nn import PolynomialBasis
from shinso.optim import ridge


def polynomial_fit(
    x: Float[np.ndarray, " N"],
    y: Float[np.ndarray, " N"],
    degree: int,
    at: Float[np.ndarray, " P"],
    strength: ArrayLike = 0.0,
) -> Float[np.ndarray, " P"]:
    """Return the values at `at` of the polynomial of a degree that minimizes ½Σ(y − p(x))² + ½λΣw², the constant free.

    Numbers are scaled to −1 … 1 by the range of `x` first, so that λ means the same for every power.

    Args:
        x: where points are, at least two places.
        y: their values.
        degree: ≥ 1.
        at: where the fit is asked for.
        strength: λ ≥ 0.

    Raises:
        ValueError: the points are all at one place, or a number is out of range.

    Source: Nielsen, chapter 3, "Why does regularization help reduce overfitting?"; Bishop, PRML, §1.1, (1.4).
    """
    middle, half = (float(np.max(x)) + float(np.min(x))) / 2, (float(np.max(x)) - float(np.min(x))) / 2
    if half == 0:
        raise ValueError("x must have at least two places; all points are at one.")
    basis = PolynomialBasis(_checks.whole_number("degree", degree, least=1))

    def features(places: np.ndarray) -> np.ndarray:
        return np.asarray(basis(jnp.asarray((np.asarray(places) - middle) / half)[:, None]), np.float64)

    fit = ridge(features(x), np.asarray(y), strength)
    values: np.ndarray = features(at) @ np.asarray(fit.weight)[:, 0] + np.asarray(fit.bias)[0]
    return values
