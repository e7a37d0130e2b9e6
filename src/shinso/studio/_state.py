"""What the routes share: the start folder, the runs, the queue, the networks kept ready."""

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shinso._files import write_atomically
from shinso.settings import Settings
from shinso.studio._jobs import Job, Jobs
from shinso.studio._recognizer import Recognizer
from shinso.studio._shelf import Shelf, Standing, standing_of
from shinso.training import RUN, read_run_json

ACTIVE = ("waiting", "running", "stopping")
DEMO = {"source": "digits", "augmentation": "distortion", "epochs": 60}
"""Embedded digits, distorted, so that drawings are recognized too."""
_PATIENCE = 30


@dataclass
class Studio:
    """An open studio.

    Attributes:
        start: folder below which data may be named.
        shelf: run folders.
        jobs: the queue.
        recognizer: networks kept ready to read drawings.
    """

    start: Path
    shelf: Shelf
    jobs: Jobs
    recognizer: Recognizer
    _computing: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(2))

    @contextmanager
    def computing(self) -> Iterator[None]:
        """Let two computations run at a time; others wait a while.

        Raises:
            ValueError: it took too long.
        """
        if not self._computing.acquire(timeout=_PATIENCE):
            raise ValueError("The studio is busy; try again in a moment.")
        try:
            yield
        finally:
            self._computing.release()

    def train(self, settings: Settings, then: list[list[str]] | None = None, name: str = "") -> str:
        """Put a training into the queue and return the name of its run.

        Raises:
            ValueError: too many wait.
        """
        name = name or self.shelf.next_name(settings.source, set(self.jobs.all()))
        config = self.jobs.folder / f"{name}.toml"
        write_atomically(config, settings.to_toml().encode())
        folder = str(self.shelf.folder / name)
        self.jobs.add(name, ["train", "--config", str(config), "--out", folder, "--checkpoint-seconds", "1"], then)
        return name

    def demonstrate(self) -> str:
        """Train a network for the embedded digits, with its posterior, if there is none to draw for; return its name."""
        known = self.drawable()
        if known:
            return known[0]
        job = self.jobs.of("demo")
        if job is not None and job.state in ACTIVE:
            return "demo"
        name = "demo" if not (self.shelf.folder / "demo").exists() else ""
        posterior = ["posterior", str(self.shelf.folder / (name or "demo"))]
        return self.train(Settings.from_dict(dict(DEMO)), [posterior] if name else None, name)

    def resume(self, name: str) -> None:
        """Let a run go on, or begin anew where nothing of it is kept.

        Raises:
            FileNotFoundError, ValueError: there is no such run, or it has a job.
        """
        folder = self.folder(name)
        job = self.jobs.of(name)
        if not folder.is_dir() and job is not None:
            self.jobs.add(name, job.arguments)
        else:
            self.jobs.add(name, ["resume", str(self.shelf.path(name)), "--checkpoint-seconds", "1"])

    def folder(self, name: str) -> Path:
        """Return the folder of a run, which need not be there yet if it has a job.

        Raises:
            FileNotFoundError: there is no such run.
        """
        try:
            return self.shelf.path(name)
        except FileNotFoundError:
            if name in self.jobs.all():
                return self.shelf.folder / name
            raise

    def standing(self, name: str) -> Standing:
        """Return where a run stands, by its folder and its job."""
        folder, job = self.folder(name), self.jobs.of(name)
        found = standing_of(folder)
        if job is not None and job.state in ACTIVE:
            return Standing(job.state, _WORDS[job.state], found.epochs, found.score)
        if job is not None and job.message and found.state in ("gone", "new", "unfinished"):
            return Standing("failed" if job.state == "failed" else found.state, job.message)
        return found

    def runs(self) -> list[dict[str, Any]]:
        """Return name and standing of every run and job, the latest first."""
        names = [*(job.run for job in _newest(self.jobs.all())), *self.shelf.names()]
        return [{"name": name, "standing": self.standing(name)} for name in dict.fromkeys(names)]

    def drawable(self) -> list[str]:
        """Return the names of the finished runs that read drawings, the latest first."""
        return [name for name in self.shelf.names() if _reads_drawings(self.shelf.path(name))]


_WORDS = {
    "waiting": "It waits for another run to end.",
    "running": "It is being trained.",
    "stopping": "It is asked to stop; its work is kept.",
}


def _newest(jobs: dict[str, Job]) -> list[Job]:
    return [job for job in reversed(list(jobs.values())) if job.state in (*ACTIVE, "failed")]


def _reads_drawings(folder: Path) -> bool:
    path = folder / RUN
    try:
        return _square_grey_classes(folder, path.stat().st_mtime_ns)
    except OSError:
        return False


@functools.lru_cache(maxsize=512)
def _square_grey_classes(folder: Path, changed: int) -> bool:
    try:
        data = read_run_json(folder)["data"]
    except (OSError, ValueError):
        return False
    shape = data.get("input_shape") or []
    square = len(shape) == 3 and shape[0] == shape[1] and shape[2] == 1
    return square and data.get("kind") == "classification" and data.get("encoder") is not None
