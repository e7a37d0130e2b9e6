"""scikit-learn's stopping rule in the training loop's terms, and its counters read back from a run's history."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from shinso.training import Start, Stopping

SMALLEST_RATE = 1e-6
"""``adaptive`` stops at a stall once the learning rate is this small."""

DIVISOR = 5.0
"""What ``adaptive`` divides the learning rate by at a stall."""


@dataclasses.dataclass
class Progress:
    """How the watched value, training loss or validation score, has fared; a warm start goes on with it.

    An epoch stalls unless the value is better than the best so far by at least `tolerance`. After more than `patience`
    stalls in a row training stops; under ``adaptive`` the learning rate is divided by 5 instead, until it is at most 1e-6.
    Source: scikit-learn 1.9, user guide §1.17.

    Attributes:
        best: best value so far.
        stalled: epochs in a row without improvement.
        higher_is_better: True for a score, False for a loss.
    """

    best: float
    stalled: int
    higher_is_better: bool

    def rule(self, monitor: str, tolerance: float, patience: float, *, adaptive: bool, rate: float) -> Stopping:
        """Return the rule for the training loop. A score also chooses the parameters to keep."""
        slower = {"factor": 1 / DIVISOR, "smallest": SMALLEST_RATE / rate} if adaptive and rate > SMALLEST_RATE else {}
        return Stopping(
            monitor,
            patience=patience + 1,
            min_delta=tolerance,
            restore_best=self.higher_is_better,
            **slower,
        )

    def start(self, optimizer: Sequence[np.ndarray] | None) -> Start:
        """Return what training takes over: the state of the `optimizer` and these counts."""
        best = self.best if math.isfinite(self.best) else None
        return Start(optimizer=optimizer, best=best, unimproved=self.stalled)

    def follow(
        self, values: Sequence[float], tolerance: float, patience: float, *, adaptive: bool, rate: float
    ) -> float:
        """Count through the values of further epochs and return the learning rate that the next epoch would have."""
        sign = -1.0 if self.higher_is_better else 1.0
        for value in values:
            stalls = sign * value > sign * self.best - tolerance
            self.stalled = self.stalled + 1 if stalls else 0
            self.best = value if sign * value < sign * self.best else self.best
            if adaptive and self.stalled > patience and rate > SMALLEST_RATE:
                self.stalled, rate = 0, rate / DIVISOR
        return rate
