"""What one seed of an entry came to: one JSON file."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

from shinso._files import write_atomically

DIGITS = 6
"""Significant digits that a record keeps."""


class Result(NamedTuple):
    """What an experiment measures for one seed.

    Attributes:
        curves: by training and column, a number for each epoch; accuracies in per cent.
        values: single numbers by name.
    """

    curves: dict[str, dict[str, list[float]]]
    values: dict[str, float]


@dataclass(frozen=True)
class Record:
    """A finished seed.

    Attributes:
        entry: id of the entry.
        seed: of first weights and order.
        steps: what was run, as plain data; a record of other steps is not taken for this entry's.
        curves: see `Result`.
        values: see `Result`.
        seconds: wall-clock time, an even share of it where seeds ran side by side.
        processor_seconds: the same of processor time, which other programs on the machine leave as it is.
        together: the seeds that ran side by side, which saw the mini-batches in one order.
        command: how to run it again.
        environment: versions, platform, cores and device.
    """

    entry: str
    seed: int
    steps: list[Any]
    curves: dict[str, dict[str, list[float]]]
    values: dict[str, float]
    seconds: float
    processor_seconds: float
    together: list[int]
    command: str
    environment: dict[str, Any]


def record_path(folder: Path, entry: str, seed: int) -> Path:
    """Return where the record of a seed lies."""
    return folder / entry / f"seed-{seed}.json"


def write_record(folder: Path, record: Record) -> None:
    """Write the record, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    path = record_path(folder, record.entry, record.seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    rounded = {name: _rounded(getattr(record, name)) for name in ("curves", "values", "seconds", "processor_seconds")}
    write_atomically(path, (json.dumps({**asdict(record), **rounded}, ensure_ascii=False) + "\n").encode())


def read_records(folder: Path, entry: str) -> list[Record]:
    """Return the records of an entry, by seed.

    Raises:
        ValueError: a file is no record.
    """
    return sorted((_read(path) for path in (folder / entry).glob("seed-*.json")), key=lambda record: record.seed)


def _read(path: Path) -> Record:
    try:
        plain = json.loads(path.read_text(encoding="utf-8"), parse_constant=float)
        if set(plain) != {field.name for field in fields(Record)}:
            raise ValueError("it has other fields")
    except ValueError as error:
        raise ValueError(
            f"{path} must be a record of shinso reproduce: {error}; delete it to run its seed again."
        ) from error
    return Record(**_numbers(plain))


def _rounded(value: Any) -> Any:
    """Return numbers rounded, and null for those that JSON does not have."""
    if isinstance(value, Mapping):
        return {key: _rounded(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(one) for one in value]
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None


def _numbers(plain: dict[str, Any]) -> dict[str, Any]:
    """Return the record's fields with NaN for null among its numbers."""
    curves = {
        name: {column: [math.nan if x is None else x for x in curve] for column, curve in columns.items()}
        for name, columns in plain["curves"].items()
    }
    values = {name: math.nan if value is None else value for name, value in plain["values"].items()}
    return {**plain, "curves": curves, "values": values}
