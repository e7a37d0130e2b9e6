"""The run folders that the studio shows, and where each stands: read from the disk every time, nothing is remembered."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shinso.training import CHECKPOINT, RUN, history_so_far, is_unstarted, probes_so_far, read_run_json

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,99}")
BOOKS = ".studio"
"""Below the folder of runs: what the studio knows of its jobs."""


@dataclass(frozen=True)
class Standing:
    """Where a run stands.

    Attributes:
        state: "queued", "running", "finished", "interrupted", "unfinished" (cut short), "failed", "new" or "gone".
        sentence: the same in words.
        epochs: that were asked for, where that is known.
        score: of the test, else of the validation examples, by its name; empty before.
    """

    state: str
    sentence: str
    epochs: int | None = None
    score: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Shelf:
    """Run folders by name: those in one folder, and others that were given by path.

    Attributes:
        folder: whose folders are runs.
        others: further run folders by name.
    """

    folder: Path
    others: dict[str, Path] = field(default_factory=dict)

    def names(self) -> list[str]:
        """Return the names of all runs, the latest first."""
        found = {name: path for name, path in self.others.items() if path.is_dir()}
        if self.folder.is_dir():
            found |= {path.name: path for path in self.folder.iterdir() if self._is_run(path)}
        return sorted(found, key=lambda name: -_modified(found[name]))

    def path(self, name: str) -> Path:
        """Return the folder of a run.

        Raises:
            FileNotFoundError: there is no such run.
        """
        if name in self.others and self.others[name].is_dir():
            return self.others[name]
        path = self.folder / name
        if not _NAME.fullmatch(name) or not self._is_run(path):
            raise FileNotFoundError(f"There is no run {name[:100]!r}.")
        return path

    def next_name(self, source: str, taken: set[str]) -> str:
        """Return a name for a new run, `SOURCE-1`, `SOURCE-2`, …."""
        stem = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(source.partition("::")[0]).stem).strip("-")[:60] or "run"
        number = 1
        while (name := f"{stem}-{number}") in taken or (self.folder / name).exists():
            number += 1
        return name

    def _is_run(self, path: Path) -> bool:
        plain = _NAME.fullmatch(path.name) and not path.is_symlink() and path.is_dir()
        return bool(plain) and any(
            (path / name).is_file() for name in (RUN, CHECKPOINT, "ensemble.json", "settings.toml")
        )


def standing_of(folder: Path) -> Standing:
    """Return where a run folder stands, by its files alone."""
    if not folder.is_dir():
        return Standing("gone", "The folder of this run is no longer there.")
    try:
        if (folder / RUN).is_file():
            return _ended(read_run_json(folder))
        if (folder / "ensemble.json").is_file():
            return Standing("finished", "An ensemble: see its report.")
        if is_unstarted(folder):
            return Standing("new", "Nothing of this run is kept yet.")
    except (OSError, ValueError) as error:
        return Standing("failed", str(error))
    return Standing("unfinished", "Training was cut short; it can go on from its last checkpoint.")


def rows_of(folder: Path) -> list[dict[str, float]]:
    """Return the rows of a run's history so far; none where they cannot be read at this moment."""
    try:
        return history_so_far(folder).rows
    except (OSError, ValueError):
        return []


def probes_of(folder: Path) -> list[dict[str, float]]:
    """Return the rows of a run's probes so far; none where they cannot be read at this moment."""
    try:
        return probes_so_far(folder).rows
    except (OSError, ValueError):
        return []


def _ended(plain: dict[str, Any]) -> Standing:
    stop = plain["stop"]
    known = plain.get("evaluations") or {}
    name = next((name for name in ("test", "validation", "training") if name in known), None)
    score = {} if name is None else {"of": name, **{key: known[name].get(key) for key in ("score_name", "score", "n")}}
    state = {"interrupted": "interrupted", "not_finite": "failed"}.get(stop["reason"], "finished")
    return Standing(state, stop["message"], plain.get("settings", {}).get("epochs"), score)


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
