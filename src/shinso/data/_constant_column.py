"""A column that told nothing in training, remembered so that a value it never had is pointed out."""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
from jaxtyping import Float64

from shinso.data._typed import as_words, canonical


@dataclass(frozen=True)
class ConstantColumn:
    """A column with one value in every row, or with none: it makes no feature.

    Attributes:
        name: name of the column.
        value: its value as text; `None` where every row was empty.
    """

    type: ClassVar[str] = "constant"
    name: str
    value: str | None
    features: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def fit(cls, values: pl.Series) -> "ConstantColumn":
        """Remember the value."""
        present = as_words(values).drop_nulls()
        return cls(values.name, present[0] if len(present) else None)

    def encode(self, values: pl.Series) -> tuple[Float64[np.ndarray, "N 0"], tuple[str, ...]]:
        """Return no feature, and how many values are others than in training."""
        text = as_words(values).drop_nulls()
        known = canonical([self.value]) if self.value is not None else []
        others = [
            word for word, same in zip(text.to_list(), canonical(text.to_list()), strict=True) if same not in known
        ]
        empty = np.zeros((len(values), 0))
        if not others:
            return empty, ()
        only = "empty" if self.value is None else f"always {self.value}"
        note = f"{len(others)} of {len(values)} values (such as {others[0]}) are not used: it was {only} in training"
        return empty, (f"column {self.name!r}: {note}",)

    def to_dict(self) -> dict[str, Any]:
        """Return a description of plain values."""
        return {"type": self.type, **asdict(self)}

    @classmethod
    def from_dict(cls, description: dict[str, Any]) -> "ConstantColumn":
        """Rebuild what `to_dict` described."""
        return cls(description["name"], description["value"])
