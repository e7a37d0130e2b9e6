"""The columns of a history that the report shows."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from shinso.training import Run


@dataclass(frozen=True)
class Series:
    """One curve: its label and its values at the epochs of the history; not-finite values are gaps."""

    label: str
    values: Float[np.ndarray, "rows"]


def column(run: Run, key: str) -> Float[np.ndarray, "rows"]:
    """Return the values under `key`; rows that lack it are NaN."""
    values = [row.get(key) for row in run.history.rows]
    return np.array([np.nan if value is None else float(value) for value in values], dtype=np.float64)


def epochs(run: Run) -> Float[np.ndarray, "rows"]:
    """Return the epoch of each row."""
    return column(run, "epoch")


def score_name(run: Run) -> str:
    """Return the name of the likelihood's score, e.g. `accuracy`."""
    return str(run.objective.likelihood.score_name)


def series(run: Run, quantity: str) -> list[Series]:
    """Return training, validation and monitored curves of `quantity` (`"loss"`, …) that have a finite value."""
    keys = dict.fromkeys(key for row in run.history.rows for key in row)
    found = []
    for key in sorted(keys, key=lambda key: (key != quantity, key != f"validation_{quantity}")):
        if key == quantity:
            label = "training" if f"training_{quantity}" not in keys else "training, as it went"
        elif key.endswith(f"_{quantity}"):
            label = key[: -len(quantity) - 1].replace("_", " ")
        else:
            continue
        values = column(run, key)
        if np.isfinite(values).any():
            found.append(Series(label, values))
    return found


def monitor(run: Run) -> str:
    """Return the key of the history that decides which epoch is the best one."""
    stopping = run.settings.get("stopping")
    if isinstance(stopping, Mapping) and isinstance(stopping.get("monitor"), str):
        return str(stopping["monitor"])
    return "validation_loss"


def best_row(run: Run) -> int | None:
    """Return the row of the best epoch: the one whose parameters were kept, else the one with the best monitored value.

    None if nothing but training data was watched.
    """
    kept = np.flatnonzero(epochs(run) == run.stop.best_epoch) if run.stop.best_epoch is not None else np.empty(0)
    if kept.size:
        return int(kept[0])
    key = monitor(run)
    values = column(run, key)
    if not key.startswith("validation") or not np.isfinite(values).any():
        return None
    upwards = key.endswith(score_name(run)) and run.objective.likelihood.higher_is_better
    finite = np.where(np.isfinite(values), values, np.nan)
    return int(np.nanargmax(finite) if upwards else np.nanargmin(finite))


def first_broken_row(run: Run) -> int | None:
    """Return the first row whose training loss or gradient norm is not finite."""
    for index, row in enumerate(run.history.rows):
        if any(key in row and not np.isfinite(row[key]) for key in ("loss", "gradient_norm")):
            return index
    return None
