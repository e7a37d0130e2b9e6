"""Mean and standard deviation for standardization, and limits for values far outside those of training."""

import numpy as np
from jaxtyping import Bool, Float, Float64


def scale_of(values: Float[np.ndarray, "..."], weights: Float[np.ndarray, "..."] | None = None) -> tuple[float, float]:
    """Return the mean and the standard deviation (divisor N), the latter 1 where the values are constant.

    With weights they are those of the weighted values. Values whose deviation is no more than the rounding of their mean
    count as constant, as in scikit-learn's `StandardScaler`; so do those whose deviation is below the smallest 32-bit
    float, which dividing by it would blow up.
    """
    if weights is None:
        mean, std = float(np.mean(values, dtype=np.float64)), float(np.std(values, dtype=np.float64))
    else:
        mean = float(np.average(values, weights=weights))
        std = float(np.sqrt(np.average(np.square(values.astype(np.float64) - mean), weights=weights)))
    rounding = float(np.finfo(values.dtype).eps) * abs(mean)
    return mean, std if std > max(10 * rounding, float(np.finfo(np.float32).tiny)) else 1.0


def drawn_in(
    values: Float64[np.ndarray, "*N"], low: Float64[np.ndarray, "*D"] | float, high: Float64[np.ndarray, "*D"] | float
) -> tuple[Float64[np.ndarray, "*N"], Bool[np.ndarray, "*N"]]:
    """Draw values outside a range in, smoothly, and tell which are far outside.

    With w = high − low, a value d above the range becomes high + w·tanh(d / w), and likewise below: as it is within
    the range and near it, and never further out than w.

    Returns:
        The values drawn in, and whether each was more than w outside.
    """
    edge = np.clip(values, low, high)
    width = np.broadcast_to(np.subtract(high, low), values.shape)
    beyond = values - edge
    some = width > 0
    drawn = edge + width * np.tanh(np.divide(beyond, width, out=np.zeros_like(beyond), where=some))
    return np.where(beyond == 0, values, drawn), np.abs(beyond) > width
