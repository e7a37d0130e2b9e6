"""How and why training ended."""

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Stop:
    """How training ended.

    Attributes:
        reason: ``"epochs"`` (all done), ``"stalled"`` (early stopping), ``"converged"``, ``"evaluations"``,
            ``"no_descent"`` (as far as a line search gets), ``"not_finite"``, ``"interrupted"``, ``"stopped"`` (by
            `progress`).
        epoch: completed epochs.
        step: optimizer updates made.
        message: the same in a sentence, with the likely cause and the remedy where something went wrong.
        best_epoch: the epoch whose parameters the model has; None where those are the last ones.
    """

    reason: str
    epoch: int
    step: int
    message: str
    best_epoch: int | None = None


def stop_of_all(stops: Sequence[Stop]) -> Stop:
    """Return how networks trained side by side ended, in the words of the first."""
    return replace(
        stops[0],
        epoch=max(stop.epoch for stop in stops),
        step=max(stop.step for stop in stops),
        message=f"{len(stops)} networks; the first: {stops[0].message}",
        best_epoch=None,
    )
