"""Sequences ↔ what a recurrent network reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from shinso._sequences import STEPS, Sequences, check_sequences, pad
from shinso.data._array_inputs import VectorInputs
from shinso.data._frames import frame_of, is_frame, require_columns
from shinso.data._npz import read_npz
from shinso.data._options import Options
from shinso.data._steps import Steps, steps_of_archive, steps_of_table
from shinso.data._table_inputs import TableInputs
from shinso.data._typed import typed_frame

_STEP_TYPES: dict[str, type[TableInputs] | type[VectorInputs]] = {cls.type: cls for cls in (TableInputs, VectorInputs)}


@dataclass(frozen=True)
class SequenceInputs:
    """Turns rows of steps into padded sequences.

    Attributes:
        steps: how the columns or numbers of a step become D features, fitted on the steps of training sequences.
        longest: T, the padded length of training.
        sequence: of tables, the column that says whose a step is.
        time: of tables, the column that says when a step was.
    """

    type: ClassVar[str] = "sequence"
    steps: TableInputs | VectorInputs
    longest: int
    sequence: str | None = None
    time: str | None = None

    @property
    def feature_names(self) -> tuple[str, ...] | None:
        """Name of each of the D features of a step, or None."""
        return self.steps.feature_names

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one padded example of training, `(T, D)`."""
        return (self.longest, *self.steps.shape)

    def encode(self, raw: Any) -> tuple[Sequences, tuple[str, ...]]:
        """Return padded sequences, and what should be told of their steps.

        Args:
            raw: a table of steps, `Steps`, `Sequences`, a list of arrays `[T_i, D]`, or an array `[N, T, D]`.

        Raises:
            TypeError, ValueError: it does not fit what the encoder was fitted on.
        """
        steps = self.steps_of(raw)
        vectors, notes = self.steps.encode(steps.values)
        return pad((vectors[part] for part in steps.parts), multiple=STEPS), notes

    def steps_of(self, raw: Any) -> Steps:
        """Return what `encode` takes as `Steps`."""
        if isinstance(raw, Steps):
            return raw
        if self.sequence is not None:
            frame = frame_of(raw)
            apart = [name for name in (self.sequence, self.time) if name is not None]
            require_columns("column", apart, frame.columns, "the table")
            typed = typed_frame(frame.select(apart), Options.of(self._reading))[0]
            return steps_of_table(frame.with_columns(typed), self.sequence, self.time)
        if is_frame(raw):
            raise TypeError("inputs must be sequences of arrays, as in training; got a table.")
        if isinstance(raw, Sequences):
            check_sequences("inputs", raw)
            raw = [values[:length] for values, length in zip(*map(np.asarray, raw), strict=True)]
        raw = [raw] if np.ndim(raw[0]) == 1 else raw
        padded = pad(raw)
        parts = np.split(np.arange(int(padded.lengths.sum())), np.cumsum(padded.lengths)[:-1])
        rows = np.concatenate([values[:length] for values, length in zip(*padded, strict=True)])
        return Steps(rows, tuple(parts), tuple(range(len(parts))))

    @property
    def _reading(self) -> Mapping[str, Any]:
        return self.steps.reading if isinstance(self.steps, TableInputs) else {}

    def read(self, path: str | Path, *, resize: bool = False) -> Any:
        """Read a table of steps, or an NPZ archive of sequences, for `encode`; `resize` concerns images only.

        Raises:
            ValueError: the file cannot be read, or is of another type.
        """
        if self.sequence is not None:
            return self.steps.read(path)
        if Path(path).suffix.lower() != ".npz":
            raise ValueError(f"{path} must be .npz, as the model reads sequences of arrays.")
        return steps_of_archive(read_npz(path), path)

    def to_dict(self) -> dict[str, Any]:
        """Return a description of plain values that JSON keeps exactly."""
        return {
            "type": self.type,
            "steps": self.steps.to_dict(),
            "longest": self.longest,
            "sequence": self.sequence,
            "time": self.time,
        }

    @classmethod
    def from_dict(cls, description: dict[str, Any]) -> "SequenceInputs":
        """Rebuild what `to_dict` described."""
        steps = description["steps"]
        rest = {name: description[name] for name in ("longest", "sequence", "time")}
        return cls(_STEP_TYPES[steps["type"]].from_dict(steps), **rest)
