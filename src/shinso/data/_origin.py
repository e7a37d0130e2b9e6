"""Where an example comes from, as a person finds it again."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from jaxtyping import Integer

_LONGEST = 80


@dataclass(frozen=True, eq=False)
class Origin:
    """Where the examples of a source come from.

    Attributes:
        kept: the row that each example is, from 0, among those that were read; None where examples are no rows.
        shown: what stood there: the columns of a row as they were read, or the file of a picture.
    """

    kept: Integer[np.ndarray, " N"] | None = None
    shown: pl.DataFrame | None = None

    def of(self, example: int) -> tuple[int | None, dict[str, str]]:
        """Return the row of an example, counted from 1 behind the header, and its columns as words."""
        row = None if self.kept is None else int(self.kept[example]) + 1
        if self.shown is None:
            return row, {}
        return row, {name: _word(value) for name, value in self.shown.row(example, named=True).items()}


def _word(value: object) -> str:
    """Return a value as it is written in a table; nothing for one that is missing."""
    text = "" if value is None else f"{value:.10g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
