"""Commands of shinso in forked children: a fork takes milliseconds where a new process imports for seconds.

The parent imports everything and computes nothing, so each child is as a fresh process is. What a child does it does by the
command line's own entry, to its exit code.
"""

import dataclasses
import os
import re
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

LIMIT = 60.0
"""Seconds after which a child counts as hanging: 20 of its own time, on a machine that has other work."""
PROCESSOR = 20.0
"""Seconds of processor time that a child may take."""
_GO = signal.SIGUSR1
ROOMS = (
    "experiment",
    "bayes",
    "curvature",
    "data",
    "diagnose",
    "report",
    "tuning",
    "training",
    "optim",
    "nn",
    "studio",
)


def import_everything() -> None:
    """Import what commands import when they need it."""
    import importlib
    import pkgutil

    for name in ("matplotlib.backends.backend_svg", "rich.progress", "sklearn.metrics", "PIL.Image", "pandas"):
        try:
            importlib.import_module(name)
        except ImportError:
            continue
    for room in (*ROOMS, "cli"):
        package = importlib.import_module(f"shinso.{room}")
        for module in pkgutil.iter_modules(package.__path__, f"shinso.{room}."):
            importlib.import_module(module.name)


@dataclasses.dataclass(frozen=True)
class Ended:
    """How a child ended.

    Attributes:
        code: its exit code, negative for the signal that ended it.
        said: what it wrote on standard error.
        wrote: what it wrote on standard output.
        seconds: processor time it took.
        memory: MiB it came to beyond what its parent had.
        hung: whether it had to be ended.
    """

    code: int
    said: str
    wrote: str
    seconds: float
    memory: int
    hung: bool = False

    @property
    def fault(self) -> str:
        """What no child may do; "" if it did not."""
        if self.hung or self.seconds > PROCESSOR:
            return f"hung: {self.seconds:.0f} s of processor time"
        if self.code < 0:
            return f"ended by {signal.Signals(-self.code).name}"
        if "Traceback (most recent call last)" in self.said + self.wrote:
            return "traceback"
        if self.code not in (0, 1, 2, 130):
            return f"exit code {self.code}"
        if self.code in (1, 2) and not self.said.strip() and not self.wrote.strip():
            return f"exit code {self.code} without a word"
        return ""


def command(arguments: Sequence[object], within: Path, **how: object) -> Ended:
    """Run a command line of shinso; see `run`."""

    def work() -> None:
        sys.argv = ["shinso", *map(str, arguments)]
        from shinso.cli import main

        main()

    return run(work, within, **how)  # type: ignore[arg-type]


def run(
    work: Callable[[], object],
    within: Path,
    *,
    limit: float = LIMIT,
    kill_after: float | None = None,
    send: Sequence[tuple[float, int]] = (),
    strace: Sequence[str] = (),
) -> Ended:
    """Do something in a child.

    Args:
        work: what it does; its exit code is 0 if that returns, 70 after an exception.
        within: the folder it works in.
        limit: seconds after which it is ended.
        kill_after: seconds after which it is killed, whatever it does.
        send: signals it is sent, each so many seconds after the one before.
        strace: options of strace, under which it runs; nothing of its own is traced before `work` begins.
    """
    texts = [within / f".child-{os.getpid()}.{name}" for name in ("out", "err")]
    signal.pthread_sigmask(signal.SIG_BLOCK, {_GO})
    ready, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        _child(work, within, texts, tell)
    os.close(tell)
    os.read(ready, 1)
    os.close(ready)
    tracer = None if not strace else _attached(pid, strace)
    os.kill(pid, _GO)
    hung = _wait(pid, limit, kill_after, send)
    _, status, used = os.wait4(pid, 0)
    if tracer is not None:
        tracer.wait()
    out, err = (text.read_bytes().decode(errors="replace") for text in texts)
    for text in texts:
        text.unlink()
    memory = used.ru_maxrss - resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    code = os.waitstatus_to_exitcode(status)
    return Ended(code, err, out, used.ru_utime + used.ru_stime, max(0, memory) // 1024, hung)


def _child(work: Callable[[], object], within: Path, texts: list[Path], tell: int) -> NoReturn:
    code = 70
    try:
        for number, text in zip((1, 2), texts, strict=True):
            target = os.open(text, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(target, number)
            os.close(target)
        os.close(0)
        os.open(os.devnull, os.O_RDONLY)
        os.chdir(within)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.close(tell)  # which the parent waits for
        signal.sigwait({_GO})
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {_GO})
        work()
        code = 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _wait(pid: int, limit: float, kill_after: float | None, send: Sequence[tuple[float, int]]) -> bool:
    """Wait for a child's end; return whether it had to be ended because it did not."""
    watched = os.pidfd_open(pid)
    try:
        for seconds, number in send:
            if select.select([watched], [], [], seconds)[0]:
                return False
            os.kill(pid, number)
        if select.select([watched], [], [], limit if kill_after is None else kill_after)[0]:
            return False
        os.kill(pid, signal.SIGKILL)
        return kill_after is None
    finally:
        os.close(watched)


def _attached(pid: int, options: Sequence[str]) -> "subprocess.Popen[bytes]":
    """Return the strace of a child, which it is not let go without."""
    tracer = subprocess.Popen(["strace", "-f", "-p", str(pid), *options], stderr=subprocess.DEVNULL)
    status = Path(f"/proc/{pid}/status")
    until = time.monotonic() + 20
    while not re.search(r"^TracerPid:\s*[1-9]", status.read_text(), re.MULTILINE):
        if tracer.poll() is not None or time.monotonic() > until:
            raise RuntimeError("strace cannot attach to a process here")
        time.sleep(0.002)
    return tracer
