"""Mean and standard deviation for standardization."""

import numpy as np
from jaxtyping import Float


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
