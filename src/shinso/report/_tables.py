"""Data, model, settings and surroundings of a run as rows of text."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from shinso import nn
from shinso._words import called, count, listing, seconds, shortened
from shinso.training import Run, general_notes

_NETWORKS = {"mlp": "multilayer perceptron", "cnn": "convolutional network", "linear": "linear model"}
_SIZES = ("parameters", "multiply_adds")
_LONGEST = 400  # characters of one setting


@dataclass(frozen=True)
class Layer:
    """One layer: its name, output shape, number of parameters and multiply-adds of one example (empty for none)."""

    name: str
    shape: str
    parameters: str
    multiply_adds: str


def network_name(run: Run) -> str:
    """Return what kind of network was trained, in words."""
    recipe = getattr(run.model, "recipe", None)
    builder = getattr(recipe, "builder", None)
    return _NETWORKS.get(str(builder), "network")


def layers(run: Run) -> tuple[list[Layer], Layer]:
    """Return the layers of the model with their sizes, and a row for all of them together.

    A model that `shinso.nn.summary` cannot follow layer by layer, or a run that does not know the shape of its inputs,
    gives no layers.
    """
    rows = _summary(run)
    together = {"layer": "Together", "output_shape": [], **{key: sum(row[key] for row in rows) for key in _SIZES}}
    return [_layer(row) for row in rows], _layer(together)


def outputs(run: Run) -> int | None:
    """Return how many outputs the model has, if it can be told."""
    rows = _summary(run)
    return math.prod(rows[-1]["output_shape"]) if rows else None


def _summary(run: Run) -> list[dict[str, Any]]:
    shape = run.data.get("input_shape")
    if shape is None:
        return []
    try:
        return nn.summary(cast("nn.Layer", run.model), tuple(shape))
    except (AttributeError, TypeError, ValueError):  # a module of the user's own says neither shapes nor multiply-adds
        return []


def _layer(row: Mapping[str, Any]) -> Layer:
    shape = " × ".join(str(size) for size in row["output_shape"])
    parameters, multiply_adds = (count(row[key]) if row[key] else "" for key in _SIZES)
    return Layer(row["layer"], shape, parameters, multiply_adds)


def data_rows(run: Run) -> list[tuple[str, str]]:
    """Return what the run was given: sizes, classes, inputs, notes."""
    data = run.data
    parts = [(part, data.get(f"n_{part}") or 0) for part in ("training", "validation", "test")]
    if "test" in run.evaluations:
        parts[2] = ("test", run.evaluations["test"].n)
    rows = [(part.capitalize(), count(n, "example")) for part, n in parts if n]
    if data.get("input_shape") is not None:
        rows.append(("One input", " × ".join(str(size) for size in data["input_shape"])))
    targets = [shortened(str(name), 40) for name in data.get("target_names") or ()]
    if targets:
        rows.append(("Target" if len(targets) == 1 else count(len(targets), "target"), listing(targets, most=20)))
    if data.get("classes") is not None:
        names = [shortened(str(name), 40) for name in data["classes"]]
        rows.append((count(len(names), "class", "classes").capitalize(), listing(names, most=20)))
    if data.get("feature_names") is not None:
        names = [shortened(str(name), 40) for name in data["feature_names"]]
        rows.append((count(len(names), "feature").capitalize(), listing(names, most=20)))
    rows.extend(("Note", note) for note in general_notes(data))
    return rows


def column_rows(run: Run) -> list[dict[str, str]]:
    """Return what each column of a table was taken for: `name`, `kind`, `role`, `missing`, `values`, `note`."""
    names = ("name", "kind", "role", "missing", "values", "note")
    columns = run.data.get("columns") or ()
    return [{name: shortened(str(column.get(name, "")), _LONGEST) for name in names} for column in columns]


def flat(settings: Mapping[str, object], prefix: str = "") -> list[tuple[str, str]]:
    """Return nested settings as `("stopping.patience", "20")`, in their order; what was not set is left out."""
    rows: list[tuple[str, str]] = []
    for key, value in settings.items():
        if isinstance(value, Mapping):
            rows.extend(flat(value, f"{prefix}{key}."))
        elif isinstance(value, list | tuple) and any(isinstance(item, Mapping) for item in value):
            rows.extend(flat({str(i): item for i, item in enumerate(value, start=1)}, f"{prefix}{key}."))
        elif value not in (None, [], ()):
            rows.append((f"{prefix}{key}", shortened(_text(value), _LONGEST)))
    return rows


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if isinstance(value, Sequence) and all(isinstance(item, int | float | str) for item in value):
        return ", ".join(_text(item) for item in value)
    return json.dumps(value, ensure_ascii=False, default=str)


def timing_rows(run: Run) -> list[tuple[str, str]]:
    """Return where the time went; compilation is apart from training."""
    timing = run.timing
    rows = [("Compilation", seconds(timing.compile_seconds)), ("Training", seconds(timing.train_seconds))]
    rows.append(("Steps", count(timing.steps)))
    if timing.train_seconds > 0.0:
        rows.append(("Speed", f"{count(timing.examples / timing.train_seconds, 'example')} per second"))
        if timing.steps:
            rows.append(("One step", seconds(timing.train_seconds / timing.steps)))
    return rows


def environment_rows(run: Run) -> list[tuple[str, str]]:
    """Return the seed, versions and machine."""
    return [("seed", str(run.seed)), *flat(run.environment)]


def metric_name(name: str) -> str:
    """Return a metric as the field writes it at the head of a column: `r2` → R², `log_loss` → Log loss."""
    written = called(name)
    return written[0].upper() + written[1:]
