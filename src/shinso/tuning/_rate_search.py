"""What a search for a learning rate found."""

from dataclasses import dataclass
from typing import Any

from shinso.training import Run


@dataclass(frozen=True)
class RateSearch:
    """What a search for a learning rate found.

    Attributes:
        method: ``"book"`` or ``"range"``.
        rate: the suggested learning rate.
        threshold: the largest rate at which the cost still falls (book), or the one at which it diverges (range; infinite
            where it never does).
        rows: the curves. Book: ``learning_rate``, ``epoch`` (0 before training), ``cost``. Range: ``step``,
            ``learning_rate``, ``cost``, ``smoothed``.
    """

    method: str
    rate: float
    threshold: float
    rows: list[dict[str, float]]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return vars(self).copy()


def whole(run: Run) -> Run:
    """Return the run; a training cut short by Ctrl-C says nothing about its rate.

    Raises:
        KeyboardInterrupt: it was cut short.
    """
    if run.stop.reason == "interrupted":
        raise KeyboardInterrupt
    return run
