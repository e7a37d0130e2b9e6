"""A column of numbers ↔ features."""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
from jaxtyping import Float64, Integer

from shinso._checks import one_of
from shinso.data._columns import as_numbers
from shinso.data._numerals import READABLE, read_numbers
from shinso.data._scaling import drawn_in, scale_of


@dataclass(frozen=True)
class NumberColumn:
    """A column of numbers: `(x − mean) / std`, missing values replaced by the median.

    Values outside the range of the training values are drawn in smoothly (`drawn_in`).

    Attributes:
        name: name of the column.
        median: median of the training values, which stands for missing ones.
        mean: what is subtracted (0 where nothing is standardized).
        std: what divides (1 where nothing is standardized, or the column is constant).
        indicator: whether a second feature says that the value was missing (1) or not (0); it exists when a training
            value was missing.
        low: least training value.
        high: greatest training value.
        decimal: the mark before decimals of values that come as text.
        words: text that counted as missing in training.
    """

    type: ClassVar[str] = "number"
    name: str
    median: float
    mean: float
    std: float
    indicator: bool
    low: float
    high: float
    decimal: str = "."
    words: tuple[str, ...] = ()

    @classmethod
    def fit(
        cls,
        values: pl.Series,
        training: Integer[np.ndarray, " A"],
        *,
        standardize: bool,
        decimal: str | None = None,
        words: tuple[str, ...] = (),
    ) -> "NumberColumn":
        """Fit median, mean, standard deviation and range on training rows."""
        numbers = as_numbers(values)[training]
        missing = np.isnan(numbers)
        present = numbers[~missing]
        median = float(np.median(present)) if len(present) else 0.0
        mean, std = scale_of(np.where(missing, median, numbers)) if standardize else (0.0, 1.0)
        low, high = (float(present.min()), float(present.max())) if len(present) else (0.0, 0.0)
        return cls(values.name, median, mean, std, bool(missing.any()), low, high, decimal or ".", words)

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features made of the column."""
        return (self.name, f"{self.name} is missing") if self.indicator else (self.name,)

    def encode(self, values: pl.Series) -> tuple[Float64[np.ndarray, "N F"], tuple[str, ...]]:
        """Return the features of a column and what should be told about it.

        Raises:
            ValueError: a value is infinite, or more than 5 % of the values are text that is no number.
        """
        numbers, notes = self._numbers(values)
        missing = np.isnan(numbers)
        count = int(missing.sum())
        if count:
            notes.append(f"{count} of {len(numbers)} values missing, replaced by the training median {self.median:g}")
        filled, far = drawn_in(np.where(missing, self.median, numbers), self.low, self.high)
        if far.any():
            furthest = numbers[far][np.argmax(np.abs(numbers[far] - self.median))]
            seen = (
                f"those of training, {self.low:g} to {self.high:g}"
                if self.high > self.low
                else f"training's only value {self.low:g}"
            )
            notes.append(f"{int(far.sum())} of {len(numbers)} values far from {seen} (such as {furthest:g}), drawn in")
        scaled = (filled - self.mean) / self.std
        columns = [scaled, missing.astype(np.float64)] if self.indicator else [scaled]
        return np.stack(columns, axis=1), tuple(f"column {self.name!r}: {note}" for note in notes)

    def _numbers(self, values: pl.Series) -> tuple[Float64[np.ndarray, " N"], list[str]]:
        """Return the numbers, NaN where missing; the few texts that are none count as missing and are told."""
        if values.dtype != pl.String:
            return as_numbers(values), []
        values = values.set(values.is_in(list(self.words)).fill_null(False), None)
        read = read_numbers(values, self.decimal).values
        strange = (values.is_not_null() & read.is_null()).arg_true()
        if len(strange) > (1 - READABLE) * len(values):
            other = "," if self.decimal == "." else "."
            if read_numbers(values, other).values.null_count() == values.null_count():
                return as_numbers(values, other), [f"read with a decimal {'comma' if other == ',' else 'point'}"]
        if len(strange) == 0 or len(strange) > (1 - READABLE) * len(values):
            return as_numbers(values, self.decimal), []
        place = int(strange[0])
        told = f"{len(strange)} values are no numbers and count as missing ({values[place]!r} in data row {place + 1})"
        return as_numbers(read.alias(self.name)), [told]

    def to_dict(self) -> dict[str, Any]:
        """Return a description of plain values."""
        return {"type": self.type, **asdict(self), "words": list(self.words)}

    @classmethod
    def from_dict(cls, description: dict[str, Any]) -> "NumberColumn":
        """Rebuild what `to_dict` described."""
        one_of("decimal", description["decimal"], (".", ","))
        fields = {key: value for key, value in description.items() if key not in ("type", "words")}
        return cls(**fields, words=tuple(description.get("words", ())))
