"""What one seed of an entry came to: one JSON file."""

import functools
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from shinso._checks import one_line
from shinso._files import make_folder, write_atomically

DIGITS = 6
"""Significant digits that a record keeps."""
_DIGEST = "sha256"
"""Of a record in its file: found damaged where it does not suit the rest."""


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
    make_folder(path.parent)
    rounded = {name: _rounded(getattr(record, name)) for name in ("curves", "values", "seconds", "processor_seconds")}
    plain = {**asdict(record), **rounded}
    write_atomically(path, f"{_text({**plain, _DIGEST: _digest(plain)})}\n".encode())


def _text(plain: dict[str, Any]) -> str:
    return json.dumps(plain, ensure_ascii=False)


def _digest(plain: dict[str, Any]) -> str:
    """Return the SHA-256 of a record's other fields, in the text and order in which they stand."""
    return hashlib.sha256(_text(plain).encode()).hexdigest()


def read_records(folder: Path, entry: str) -> list[Record]:
    """Return the records of an entry, by seed.

    Raises:
        ValueError: a file is no record, or was damaged or changed since it was written.
    """
    return sorted((_read(path) for path in (folder / entry).glob("seed-*.json")), key=lambda record: record.seed)


def _read(path: Path) -> Record:
    try:
        plain = dict(json.loads(path.read_bytes(), parse_constant=float))
        digest = plain.pop(_DIGEST, None)
        if digest is not None and digest != _digest(plain):  # records of earlier versions have none
            raise ValueError(f"it was damaged or changed, for its {_DIGEST} is another")
        if plain.keys() != {field.name for field in fields(Record)}:
            raise ValueError("it has other fields")
        return _schema().validate_python(_numbers(plain))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        why = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        why = one_line(error)
    raise ValueError(f"{path} must be a record of shinso reproduce: {why}; delete it to run its seed again.")


@functools.cache
def _schema() -> TypeAdapter[Record]:
    return TypeAdapter(Record)


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
