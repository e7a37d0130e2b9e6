"""A diagnosis in the folder of its run, so that pages need not make it again."""

import hashlib
import json
from pathlib import Path
from typing import Any

from shinso._files import write_atomically
from shinso.diagnose._finding import Diagnosis
from shinso.training import ENSEMBLE, RUN

NAME = "diagnosis.json"


def store_diagnosis(folder: Path, diagnosis: Diagnosis) -> None:
    """Write a diagnosis into the folder of its run.

    Raises:
        OSError: it cannot be written.
    """
    plain = {"of": _state(folder), **diagnosis.to_dict()}
    write_atomically(folder / NAME, json.dumps(plain, indent=1, allow_nan=False).encode())


def stored_diagnosis(folder: Path | None) -> Diagnosis | None:
    """Return the diagnosis that a folder has of its run as it is now; None where there is none, or the run went on."""
    if folder is None or not (folder / NAME).is_file():
        return None
    try:
        plain: dict[str, Any] = json.loads((folder / NAME).read_bytes())
        return Diagnosis.from_dict(plain) if plain.pop("of") == _state(folder) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # what cannot be read is made again
        return None


def _state(folder: Path) -> str:
    """Return what changes when the run goes on."""
    path = next((folder / name for name in (RUN, ENSEMBLE) if (folder / name).is_file()), None)
    return "" if path is None else hashlib.sha256(path.read_bytes()).hexdigest()
