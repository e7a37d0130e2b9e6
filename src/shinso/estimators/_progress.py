"""scikit-learn's stopping rule in the training loop's terms, and its counters read back from a run's history."""

import dataclasses
import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from shinso.training import Run, Start, Stopping, TrainingWarning, train

SMALLEST_RATE = 1e-6
"""``adaptive`` stops at a stall once the learning rate is this small."""

DIVISOR = 5.0
"""What ``adaptive`` divides the learning rate by at a stall."""

NOT_FINITE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and need to be preprocessed."
)


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


def warn_of_the_end(run: Run, estimator: Any, *, incremental: bool) -> None:
    """Warn or raise as the way training ended demands."""
    if run.stop.reason == "interrupted":
        warnings.warn(f"Training was interrupted after {estimator.n_iter_} epochs.", stacklevel=6)
    if run.stop.reason == "epochs" and not incremental:
        warnings.warn(
            f"max_iter={estimator.max_iter} epochs were made and training has not converged.",
            ConvergenceWarning,
            stacklevel=6,
        )
    if run.stop.reason == "not_finite":
        if not estimator.early_stopping:
            raise ValueError(f"{NOT_FINITE} {run.stop.message}")
        warnings.warn(run.stop.message, ConvergenceWarning, stacklevel=6)


def quietly_trained(*arguments: Any, **options: Any) -> Run:
    """Return `shinso.train`'s run, its warning left to the estimator, which says it in scikit-learn's words."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainingWarning)
        return train(*arguments, **options)
