"""A function's values at many points."""

from collections.abc import Callable
from typing import Any

import numpy as np


def values_of(f: Callable[..., Any], points: np.ndarray) -> np.ndarray:
    """F at points `[P, m]`, as `[P, K]`.

    Raises:
        ValueError: a value is not finite.
    """
    values = np.array([np.asarray(f(*map(float, point)), float) for point in points]).reshape(len(points), -1)
    if not np.isfinite(values).all():
        raise ValueError(f"f must be finite on the whole unit cube; got {values[~np.isfinite(values)][0]}.")
    return values
