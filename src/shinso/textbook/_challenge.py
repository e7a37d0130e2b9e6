"""The function that Nielsen's chapter 4 asks the reader to build from bumps, and how well it is met."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from shinso import _checks


def challenge(x: Any) -> Any:
    """Return f(x) = 0.2 + 0.4x² + 0.3 x sin(15x) + 0.05 cos(50x) on [0, 1].

    The print lacks the x before the sine; the figure beside it has it. The task: five bumps h whose sum under a sigmoid
    output has an average deviation of at most 0.40.

    Args:
        x: a number or an array.

    Source: Nielsen, chapter 4, (106).
    """
    return 0.2 + 0.4 * x**2 + 0.3 * x * np.sin(15 * x) + 0.05 * np.cos(50 * x)


def average_deviation(model: Callable[..., Any], f: Callable[[Any], Any], points: int = 1000) -> float:
    """Return the mean of |g(x) − f(x)| over the middles of `points` equal parts of [0, 1].

    Args:
        model: g, from `[P, 1]` to `[P, 1]`.
        f: a function of a number.
        points: ≥ 1.
    """
    count = _checks.whole_number("points", points, least=1)
    x = (np.arange(count) + 0.5) / count
    found = np.asarray(model(jnp.asarray(x[:, None])))[:, 0]
    return float(np.abs(found - np.array([float(f(value)) for value in x])).mean())
