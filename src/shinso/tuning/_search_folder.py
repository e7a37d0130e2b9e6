"""The folder of a search."""

import json
from pathlib import Path
from typing import Any

from shinso._files import write_atomically
from shinso.tuning._result import TUNING
from shinso.tuning._trials import TrialLog


def opened(place: Path | None, identity: dict[str, Any], *, resume: bool) -> float:
    """Make the folder, or make sure that it holds the same search; return the seconds that this one has taken before."""
    if place is None:
        if resume:
            raise ValueError("resume=True needs the folder of the search to resume.")
        return 0.0
    if not resume:
        if place.exists() and (not place.is_dir() or any(place.iterdir())):
            raise FileExistsError(f"{place} is not empty; choose a new folder for the search, or resume it.")
        place.mkdir(parents=True, exist_ok=True)
        write_atomically(place / TUNING, json.dumps({"identity": identity, "result": None}, indent=1).encode())
        return 0.0
    if not (place / TUNING).is_file():
        raise FileNotFoundError(f"{place} is not the folder of a search: it has no {TUNING}.")
    stored = json.loads((place / TUNING).read_text(encoding="utf-8"))["identity"]
    other = [name for name, value in json.loads(json.dumps(identity)).items() if stored.get(name) != value]
    if other:
        raise FileExistsError(f"{place} belongs to another search: {', '.join(other)} differ; choose a new folder.")
    return TrialLog(place).seconds
