"""Trainings as processes of their own, one after the other: what happens to them cannot hurt the server."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from shinso._files import write_atomically

MOST_WAITING = 20
_LOG = 200_000
# Whoever starts the studio in the background may have told its processes to ignore Ctrl-C.
_COMMAND = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from shinso.cli import main; main()"
)


@dataclass(frozen=True)
class Limits:
    """What one job may take.

    Attributes:
        seconds: of time; it is stopped then as by Ctrl-C, and can be resumed.
        memory: bytes; a job that takes more is ended.
    """

    seconds: float = 3600.0
    memory: int = 8 * 2**30


@dataclass(frozen=True)
class Job:
    """One command for one run.

    Attributes:
        run: name of the run.
        arguments: of `shinso`.
        state: "waiting", "running", "stopping", "done" or "failed".
        process: its number, while it runs.
        born: when the system says that process began, so that another one of the same number is not taken for it.
        started: seconds since 1970.
        message: why it failed or was stopped.
        then: commands to run after it, if it ends well.
    """

    run: str
    arguments: list[str]
    state: str = "waiting"
    process: int = 0
    born: str = ""
    started: float = 0.0
    message: str = ""
    then: list[list[str]] = field(default_factory=list)


class Jobs:
    """The queue: each job a JSON file in a folder, so that a studio started again finds it, also one still running.

    Args:
        folder: of those files and the jobs' output.
        limits: of each job.
    """

    def __init__(self, folder: Path, limits: Limits | None = None) -> None:
        self.folder = folder
        self.limits = limits or Limits()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        folder.mkdir(parents=True, exist_ok=True)
        self._thread = threading.Thread(target=self._watch, name="shinso-studio-jobs", daemon=True)

    def start(self) -> None:
        """Begin with the queue."""
        self._thread.start()

    def close(self) -> None:
        """Stop what runs as Ctrl-C does, which keeps its work; what waits stays in the queue."""
        self._ended.set()
        self._thread.join(5)
        for job in self.all().values():
            if job.state in ("running", "stopping"):
                _interrupt(job)
        for child in self._children.values():
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()

    def all(self) -> dict[str, Job]:
        """Return the latest job of each run, the oldest first."""
        found = []
        for path in self.folder.glob("*.json"):
            try:
                found.append((path.stat().st_mtime_ns, Job(**json.loads(path.read_text(encoding="utf-8")))))
            except (OSError, TypeError, ValueError):
                continue
        return {job.run: job for _, job in sorted(found, key=lambda one: one[0])}

    def of(self, run: str) -> Job | None:
        """Return the latest job of a run."""
        return self.all().get(run)

    def add(self, run: str, arguments: list[str], then: list[list[str]] | None = None) -> None:
        """Put a command for a run into the queue.

        Raises:
            ValueError: the run has a job already, or too many wait.
        """
        with self._lock:
            jobs = self.all()
            if run in jobs and jobs[run].state in ("waiting", "running", "stopping"):
                raise ValueError(f"{run} has a job already.")
            if sum(job.state == "waiting" for job in jobs.values()) >= MOST_WAITING:
                raise ValueError(f"{MOST_WAITING} jobs are waiting already; let some end first.")
            self._keep(Job(run, arguments, then=then or []))

    def stop(self, run: str) -> None:
        """Stop a run's job: one that runs as Ctrl-C does; one that waits leaves the queue.

        Raises:
            ValueError: it has none.
        """
        with self._lock:
            job = self.of(run)
            if job is None or job.state not in ("waiting", "running"):
                raise ValueError(f"{run} is not running.")
            if job.state == "waiting":
                (self.folder / f"{run}.json").unlink(missing_ok=True)
                return
            self._keep(replace(job, state="stopping"))
            _interrupt(job)

    def log(self, run: str) -> str:
        """Return the end of what a run's job printed."""
        try:
            with (self.folder / f"{run}.log").open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _LOG))
                return file.read().decode("utf-8", errors="replace")
        except OSError:
            return ""

    def _keep(self, job: Job) -> None:
        write_atomically(self.folder / f"{job.run}.json", json.dumps(asdict(job)).encode())

    def _watch(self) -> None:
        while not self._ended.wait(0.3):
            try:
                with self._lock:
                    self._look()
            except OSError:
                continue  # a full disk may have room again

    def _look(self) -> None:
        """See after what runs, and start the next job where nothing does."""
        jobs = self.all()
        busy = [job for job in jobs.values() if job.state in ("running", "stopping")]
        for job in busy:
            child = self._children.get(job.run)
            # Of a process that another studio began nobody knows how it ended: the run folder tells.
            code = child.poll() if child is not None else None if _alive(job) else 0
            if code is not None:
                self._children.pop(job.run, None)
                self._keep(self._over(job, code))
            else:
                self._bound(job)
        waiting = [job for job in jobs.values() if job.state == "waiting"]
        if waiting and not busy:
            self._begin(waiting[0])

    def _begin(self, job: Job) -> None:
        with (self.folder / f"{job.run}.log").open("wb") as log:
            child = subprocess.Popen(
                [sys.executable, "-c", _COMMAND, *job.arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1"},
            )
        self._children[job.run] = child
        self._keep(replace(job, state="running", process=child.pid, born=_born(child.pid), started=time.time()))

    def _over(self, job: Job, code: int) -> Job:
        if job.state == "stopping":
            return replace(job, state="done", process=0)
        if code == 0 and job.then and not job.message:
            return Job(job.run, job.then[0], then=job.then[1:])
        if code in (0, 130) and not job.message:
            return replace(job, state="done", process=0)
        told = [line for line in self.log(job.run).splitlines() if line.strip()]
        why = job.message or (told[-1][:500] if told and code > 0 else "The process was ended from outside.")
        return replace(job, state="failed", process=0, message=why)

    def _bound(self, job: Job) -> None:
        taken = _memory(job.process)
        if taken > self.limits.memory:
            gib = self.limits.memory / 2**30
            self._keep(replace(job, message=f"It took more than {gib:.1f} GiB of memory and was ended."))
            _end(job, signal.SIGKILL)
        elif time.time() - job.started > self.limits.seconds and job.state == "running":
            minutes = round(self.limits.seconds / 60)
            self._keep(replace(job, state="stopping", message=f"It was stopped after {minutes} minutes; it can go on."))
            _interrupt(job)


def _interrupt(job: Job) -> None:
    _end(job, signal.SIGINT)


def _end(job: Job, number: signal.Signals) -> None:
    if _alive(job):
        try:
            os.killpg(job.process, number)
        except (ProcessLookupError, PermissionError):
            return


def _alive(job: Job) -> bool:
    """Return whether the very process of the job is there, and not another one that got its number."""
    return job.process > 1 and job.born != "" and _born(job.process) == job.born


def _born(process: int) -> str:
    """Return when a process began, in the system's own count; empty where there is none, or where nobody says."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "" if Path("/proc/self/stat").exists() else _asked(process)
    return "" if fields[0] == "Z" else fields[19]


def _asked(process: int) -> str:
    done = subprocess.run(["ps", "-o", "lstart=", "-p", str(process)], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _memory(process: int) -> int:
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
