"""The history of a run: one plain row an epoch."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from shinso._checks import one_of

_WHOLE = ("epoch", "step")


@dataclass
class History:
    """One row of metrics for each completed epoch.

    Columns: ``epoch`` (1, 2, …), ``step`` (optimizer updates so far), ``seconds`` (training time so far, compilation
    apart), ``cost`` (mean over the epoch's mini-batches of what is minimized, penalties included, each taken before its
    update), ``loss`` (the same without penalties), the score (``accuracy``, ``squared_error``, …), ``gradient_norm``
    (mean of ‖∂cost/∂θ‖), ``learning_rate``, and ``NAME_loss``, ``NAME_<score>`` for validation and monitored data,
    evaluated without noise at the epoch's end. For a `shinso.optim.averaged` optimizer also ``averaged_NAME_loss``, …: the
    same of the averaged parameters. Where the model of the best training figure is kept (`Stopping`) also
    ``training_cost``, ``training_loss`` and ``training_<score>``: those of the parameters at the epoch's end.
    """

    rows: list[dict[str, float]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, float]]:
        """Iterate over the rows, so that ``pandas.DataFrame(history)`` and ``polars.DataFrame(history)`` work."""
        return iter(self.rows)

    @property
    def columns(self) -> list[str]:
        """The names of the columns, in order."""
        return list(self.rows[0]) if self.rows else []

    def __contains__(self, column: str) -> bool:
        return column in self.columns

    def __getitem__(self, column: str) -> np.ndarray:
        """Return one column, an array with an entry for each epoch.

        Raises:
            ValueError: there is no such column.
        """
        one_of("column", column, self.columns)
        return np.array([row[column] for row in self.rows])

    def to_csv(self) -> str:
        """Return the rows as CSV with a header."""
        text = io.StringIO()
        writer = csv.DictWriter(text, self.columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        return text.getvalue()

    @classmethod
    def from_csv(cls, text: str) -> "History":
        """Return the history that `to_csv` wrote.

        Raises:
            ValueError: a row has too few or too many entries, or one that is no number.
        """
        rows: list[dict[str, float]] = []
        try:
            for number, row in enumerate(csv.DictReader(io.StringIO(text), strict=True), start=1):
                if None in row or None in row.values():
                    raise ValueError(f"row {number} has not as many entries as there are columns")
                rows.append({name: int(entry) if name in _WHOLE else float(entry) for name, entry in row.items()})
                if any(name not in row for name in _WHOLE):
                    raise ValueError(f"it has no columns {' and '.join(_WHOLE)}")
        except csv.Error as error:
            raise ValueError(str(error)) from None
        return cls(rows)


def mean_history(histories: Sequence[History]) -> History:
    """Return the mean of each column, epoch by epoch, over the histories that have the epoch."""
    longest = max(histories, key=len)
    if any(history.columns not in ([], longest.columns) for history in histories):
        raise ValueError("histories of networks trained side by side must have the same columns; these have not.")
    rows = [[history.rows[index] for history in histories if index < len(history)] for index in range(len(longest))]
    means = [{name: sum(row[name] for row in each) / len(each) for name in each[0]} for each in rows]
    return History(
        [{**mean, **{name: each[0][name] for name in _WHOLE}} for mean, each in zip(means, rows, strict=True)]
    )
