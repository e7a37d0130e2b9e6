"""What run.json and ensemble.json say: checked against a schema before anything is made of it."""

import dataclasses
import functools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from shinso._checks import one_line
from shinso._manifest import lists, read_listed
from shinso.training._evaluation import Evaluation
from shinso.training._folder import CHECKPOINT, ENSEMBLE, FORMAT, RUN
from shinso.training._stop import Stop
from shinso.training._timing import Timing

Recipe = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Description:
    """Everything about a run but its parameters and its history."""

    format: int
    model: Recipe | None
    objective: Recipe | None
    optimizer: Recipe
    stop: Stop
    settings: dict[str, Any]
    timing: Timing
    environment: dict[str, Any]
    seed: int
    data: dict[str, Any]
    evaluations: dict[str, Evaluation]
    averaged: bool = False
    layers: list[dict[str, Any]] | None = None


@dataclasses.dataclass(frozen=True)
class EnsembleDescription:
    """What an ensemble adds to its members."""

    format: int
    members: int
    data: dict[str, Any]
    evaluations: dict[str, Evaluation]


def to_json(plain: dict[str, Any]) -> bytes:
    """Return plain data as JSON; what JSON lacks, NaN and infinities, as strings."""
    return (json.dumps(_jsonable({"format": FORMAT, **plain}), indent=1, allow_nan=False) + "\n").encode()


def _jsonable(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _jsonable(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(entry) for entry in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    return value


def read_run_json(folder: Path) -> dict[str, Any]:
    """Return what run.json says.

    Raises:
        FileNotFoundError: `folder` is not a run folder.
        ValueError: run.json is damaged, or of a newer format than this version reads.
    """
    return read_description(folder)[0]


def read_description(folder: Path, within: str = "") -> tuple[dict[str, Any], Description]:
    """Return what the run.json of a folder, or of the run `within` it, says: as plain data, and as what it stands for."""
    if not lists(folder, within + RUN):
        raise FileNotFoundError(_why_no_run(folder))
    path = folder / (within + RUN)
    plain = _plain(read_listed(folder, within + RUN), path)
    return plain, _checked(Description, plain, path)


def read_ensemble_json(folder: Path) -> EnsembleDescription:
    """Return what ensemble.json says; raises as `read_run_json`."""
    path = folder / ENSEMBLE
    found: EnsembleDescription = _checked(EnsembleDescription, _plain(read_listed(folder, ENSEMBLE), path), path)
    if found.members < 1:
        raise ValueError(f"{path} is damaged: members: an ensemble has at least one; got {found.members}.")
    return found


def _why_no_run(folder: Path) -> str:
    if not folder.is_dir():
        return f"{folder} is not a run folder: {'it is a file' if folder.exists() else 'it does not exist'}."
    if lists(folder, CHECKPOINT):
        return f"{folder} holds an unfinished run: it has a {CHECKPOINT} but no {RUN}; resume it."
    return f"{folder} is not a run folder: it has no {RUN}."


def _plain(content: bytes, path: Path) -> dict[str, Any]:
    try:
        plain = json.loads(content.decode(), object_hook=_restore_float)
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"{path} is damaged: {one_line(error)}.") from None
    if not isinstance(plain, dict) or not isinstance(plain.get("format"), int):
        raise ValueError(f"{path} is not the description of a run.")
    if plain["format"] > FORMAT:
        raise ValueError(
            f"{path.parent} has format {str(plain['format'])[:9]}, made by a newer shinso; "
            f"this version reads up to {FORMAT}: upgrade."
        )
    return plain


def _restore_float(entry: dict[str, Any]) -> Any:
    return float(entry["float"]) if entry.keys() == {"float"} else entry


def _checked(kind: type, plain: dict[str, Any], path: Path) -> Any:
    from pydantic import ValidationError

    try:
        return _schema(kind).validate_python(plain)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(f"{path} is damaged: {place}: {first['msg']}.") from None


@functools.cache
def _schema(kind: type) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)
