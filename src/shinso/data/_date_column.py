"""A column of dates or times ↔ features."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
from jaxtyping import Float64, Integer

from shinso.data._dates import read_dates
from shinso.data._number_column import NumberColumn

_PERIODS = {"month": 12, "weekday": 7, "hour": 24}


@dataclass(frozen=True)
class DateColumn:
    """A column of dates: how long ago (trend), the year, and what returns (month, weekday, hour) as angles.

    Of what returns with period p, a value v becomes sin(2πv/p) and cos(2πv/p), so that December stands beside
    January. Parts that do not vary in training are left out. A missing date has the median trend and year, and 0 for
    the angles.

    Attributes:
        name: name of the column.
        numbers: the trend, in days since 1970, and the year, standardized.
        cycles: which of month, weekday and hour are features.
        indicator: whether a feature says that the date was missing; it exists when a training value was.
        month_first: whether text such as 1/2/2024 is January 2nd; `None` where training did not tell.
    """

    type: ClassVar[str] = "date"
    name: str
    numbers: tuple[NumberColumn, ...]
    cycles: tuple[str, ...]
    indicator: bool
    month_first: bool | None = None

    @classmethod
    def fit(
        cls,
        values: pl.Series,
        training: Integer[np.ndarray, " A"],
        *,
        standardize: bool,
        month_first: bool | None = None,
    ) -> "DateColumn":
        """Choose the parts that vary on training rows, and scale them."""
        linear, cyclic = _parts(values)
        rows = np.asarray(training)
        numbers = tuple(
            NumberColumn.fit(pl.Series(f"{values.name} {part}", column), rows, standardize=standardize)
            for part, column in linear.items()
            if _varies(column[rows])
        )
        cycles = tuple(part for part, column in cyclic.items() if _varies(column[rows]))
        plain = tuple(NumberColumn(n.name, n.median, n.mean, n.std, False, n.low, n.high) for n in numbers)
        return cls(values.name, plain, cycles, values[training].null_count() > 0, month_first)

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features made of the column."""
        angles = [f"{self.name} {part} {wave}" for part in self.cycles for wave in ("sin", "cos")]
        missing = (f"{self.name} is missing",) if self.indicator else ()
        return (*(number.name for number in self.numbers), *angles, *missing)

    def encode(self, values: pl.Series) -> tuple[Float64[np.ndarray, "N F"], tuple[str, ...]]:
        """Return the features of a column and what should be told about it.

        Raises:
            ValueError: a value is no date.
        """
        dates, notes = self._dates(values)
        linear, cyclic = _parts(dates)
        missing = dates.is_null().to_numpy()
        columns = []
        for number in self.numbers:
            part = number.name.removeprefix(f"{self.name} ")
            column = linear.get(part, np.full(len(dates), np.nan))
            encoded, told = number.encode(pl.Series(number.name, np.where(np.isnan(column), number.median, column)))
            columns.append(encoded)
            notes += told if part == "trend" else ()
        for part in self.cycles:
            angle = 2 * np.pi * cyclic.get(part, np.zeros(len(dates))) / _PERIODS[part]
            waves = np.stack([np.sin(angle), np.cos(angle)], axis=1)
            columns.append(np.where(missing[:, None], 0.0, waves))
        if self.indicator:
            columns.append(missing[:, None].astype(np.float64))
        if missing.any():
            notes.append(f"column {self.name!r}: {int(missing.sum())} of {len(dates)} dates missing")
        return np.concatenate([np.zeros((len(dates), 0)), *columns], axis=1), tuple(notes)

    def _dates(self, values: pl.Series) -> tuple[pl.Series, list[str]]:
        """Return dates, and which of two readings of text was taken."""
        if values.dtype.is_temporal() or values.dtype == pl.Null:
            return values, []
        if not (values.dtype == pl.String or values.dtype.is_integer()):
            raise ValueError(f"column {self.name!r} must hold dates, as in training; it holds {values.dtype}.")
        text = values.cast(pl.String)
        read = read_dates(text, self.month_first)
        dates = pl.Series(self.name, [None] * len(text), dtype=pl.Date) if read is None else read.values
        strange = (text.is_not_null() & dates.is_null()).arg_true()
        if len(strange):
            place = int(strange[0])
            raise ValueError(
                f"column {self.name!r} must hold dates, as in training; got {text[place]!r} in data row {place + 1}."
            )
        return dates, [f"column {self.name!r}: {read.note}"] if read is not None and read.note else []

    def to_dict(self) -> dict[str, Any]:
        """Return a description of plain values."""
        numbers = [number.to_dict() for number in self.numbers]
        rest = {
            "name": self.name,
            "cycles": list(self.cycles),
            "indicator": self.indicator,
            "month_first": self.month_first,
        }
        return {"type": self.type, "numbers": numbers, **rest}

    @classmethod
    def from_dict(cls, description: dict[str, Any]) -> "DateColumn":
        """Rebuild what `to_dict` described."""
        numbers = tuple(NumberColumn.from_dict(one) for one in description["numbers"])
        rest = description["indicator"], description["month_first"]
        return cls(description["name"], numbers, tuple(description["cycles"]), *rest)


def _parts(dates: pl.Series) -> tuple[dict[str, Float64[np.ndarray, " N"]], dict[str, Float64[np.ndarray, " N"]]]:
    """Return the linear and the cyclic parts of dates, NaN (linear) where they are missing."""

    def numbers(values: pl.Series) -> Float64[np.ndarray, " N"]:
        return values.cast(pl.Float64).to_numpy()

    cyclic, linear = {}, {}
    if dates.dtype in (pl.Date, pl.Datetime):
        moments = dates.cast(pl.Datetime("us"))
        linear = {"trend": numbers(moments.dt.epoch("us")) / 86_400e6, "year": numbers(dates.dt.year())}
        cyclic = {"month": numbers(dates.dt.month()) - 1, "weekday": numbers(dates.dt.weekday()) - 1}
    if dates.dtype in (pl.Datetime, pl.Time):
        cyclic["hour"] = numbers(dates.dt.hour()) + numbers(dates.dt.minute()) / 60
    return linear, cyclic


def _varies(column: Float64[np.ndarray, " N"]) -> bool:
    present = column[~np.isnan(column)]
    return len(present) > 0 and bool(np.ptp(present) > 0)
