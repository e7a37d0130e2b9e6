"""The folder of a search."""

import json
from pathlib import Path
from typing import Any

from shinso._checks import one_line
from shinso._manifest import commit, is_bookkeeping, lists, read_listed
from shinso.tuning._result import TUNING
from shinso.tuning._trials import TrialLog


def opened(place: Path | None, identity: dict[str, Any], *, resume: bool) -> float:
    """Make the folder, or make sure that it holds the same search; return the seconds that this one has taken before."""
    if place is None:
        if resume:
            raise ValueError("resume=True needs the folder of the search to resume.")
        return 0.0
    if resume and not place.is_dir():
        raise FileNotFoundError(f"{place} is not the folder of a search: it does not exist.")
    if not resume and place.exists() and not _unstarted(place):
        raise FileExistsError(f"{place} is not empty; choose a new folder for the search, or resume it.")
    if not resume or _unstarted(place):
        commit(place, {TUNING: json.dumps({"identity": identity, "result": None}, indent=1).encode()})
        return 0.0
    if not lists(place, TUNING):
        raise FileNotFoundError(f"{place} is not the folder of a search: it has no {TUNING}.")
    stored = _identity(place)
    other = [name for name, value in json.loads(json.dumps(identity)).items() if stored.get(name) != value]
    if other:
        raise FileExistsError(f"{place} belongs to another search: {', '.join(other)} differ; choose a new folder.")
    return TrialLog(place).seconds


def _unstarted(place: Path) -> bool:
    """Return whether a folder has nothing but what a process left that was killed before its first file was there."""
    return place.is_dir() and not lists(place, TUNING) and all(is_bookkeeping(one.name) for one in place.iterdir())


def _identity(place: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = dict(json.loads(read_listed(place, TUNING))["identity"])
        return found
    except FileNotFoundError:
        raise
    except (KeyError, TypeError, RecursionError, ValueError) as error:
        damaged = f"{place / TUNING} is damaged"
        raise ValueError(str(error) if damaged in str(error) else f"{damaged}: {one_line(error)}.") from None
