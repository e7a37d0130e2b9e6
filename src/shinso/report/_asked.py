"""What was asked for: the settings of an experiment, or the arguments of a call, and how to get the run again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shinso.experiment import SETTINGS, read_experiment
from shinso.report._tables import flat
from shinso.settings import Settings
from shinso.training import Run

_OF_TRAINING = ("optimizer", "objective", "stopping")


@dataclass(frozen=True)
class Asked:
    """What was asked for.

    Attributes:
        rows: names and values.
        made: what training made of it, where that is more: the optimizer and the objective with all their numbers.
        command: that trains the same again, in the folder of the run; None where Python code did.
    """

    rows: list[tuple[str, str]]
    made: list[tuple[str, str]]
    command: str | None


def asked(run: Run) -> Asked:
    """Return the settings of a run: those of its folder, else the arguments of `shinso.train`, and data and network."""
    settings = _experiment(run)
    if settings is None:
        recipe = getattr(run.model, "recipe", None)
        network: Mapping[str, Any] = {} if recipe is None else {"network": recipe.to_dict()}
        data = {"data": run.data.get("name"), "target": _target(run)}
        return Asked(flat({**data, **network, **run.settings}), [], None)
    made = {name: value for name, value in run.settings.items() if name in _OF_TRAINING}
    return Asked(flat(settings.to_dict()), flat(made), f"shinso train --config {SETTINGS}")


def _target(run: Run) -> str:
    return ", ".join(map(str, run.data.get("target_names") or ()))


def _experiment(run: Run) -> Settings | None:
    """Return the settings that the folder of the run has; None for one that Python code trained."""
    if run.folder is None:
        return None
    try:
        return read_experiment(run.folder)
    except (OSError, TypeError, ValueError):  # none, or changed since: then the run itself says what it knows
        return None
