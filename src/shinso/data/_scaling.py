"""Mean and standard deviation for standardization."""

import numpy as np
from jaxtyping import Float


def scale_of(values: Float[np.ndarray, "..."]) -> tuple[float, float]:
    """Return the mean and the standard deviation (divisor N), the latter 1 where the values are constant.

    Values whose deviation is no more than the rounding of their mean count as constant, as in scikit-learn's
    `StandardScaler`.
    """
    mean, std = float(np.mean(values, dtype=np.float64)), float(np.std(values, dtype=np.float64))
    rounding = float(np.finfo(values.dtype).eps) * max(abs(mean), float(np.finfo(np.float64).tiny))
    return mean, std if std > 10 * rounding else 1.0
