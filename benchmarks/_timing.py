"""Interleaved timing: every contestant is a process of its own that waits while another one measures.

Contestants take turns round by round, so whatever else the machine does falls on all of them alike, and ratios are
taken within a round. They never share the cores, and each has its own interpreter: PyTorch need not be installed beside
JAX.
"""

import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

Seconds = dict[str, float]
"""What one measurement found, by name."""
SETTLE = 0.05
"""Seconds of silence before a measurement: thread pools of the one before stop spinning."""


class Stopwatch:
    """Time since it was made."""

    def __init__(self) -> None:
        self._wall, self._processor = time.perf_counter(), time.process_time()

    def seconds(self) -> float:
        """Return wall time."""
        return time.perf_counter() - self._wall

    def processor_seconds(self) -> float:
        """Return processor time of all threads together."""
        return time.process_time() - self._processor


def serve(measure: Callable[[], Seconds], packages: Sequence[str]) -> None:
    """In the contestant's process: measure once to compile and to warm up, then once for every line of input.

    The first answer carries the versions of `packages` and the warm-up's measurement.
    """
    warm_up = measure()
    versions = {name: importlib.metadata.version(name) for name in packages}
    print(json.dumps({"versions": versions, "warm up": warm_up}), flush=True)
    for _ in sys.stdin:
        print(json.dumps(measure()), flush=True)


class Contestant:
    """The other end: a process that measures when asked.

    Attributes:
        versions: Versions of what it runs on.
        warm_up: Its first measurement, which includes compilation.
    """

    def __init__(self, command: Sequence[str], threads: int):
        environment = {**os.environ, "JAX_PLATFORMS": "cpu", "OMP_NUM_THREADS": str(threads)}
        environment["OPENBLAS_NUM_THREADS"] = environment["MKL_NUM_THREADS"] = str(threads)
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        first = self._read()
        self.versions: dict[str, str] = first["versions"]
        self.warm_up: Seconds = first["warm up"]

    def __enter__(self) -> "Contestant":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def measure(self) -> Seconds:
        """Return one measurement."""
        time.sleep(SETTLE)
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("a contestant ended early; its message is above")
        return json.loads(line)


def interleave(contestants: Mapping[str, Contestant], rounds: int) -> dict[str, list[Seconds]]:
    """Return `rounds` measurements of each, taken in turns; every other round in reverse order."""
    found: dict[str, list[Seconds]] = {name: [] for name in contestants}
    for turn in range(rounds):
        for name in list(contestants)[:: 1 if turn % 2 == 0 else -1]:
            found[name].append(contestants[name].measure())
    return found


def spread(values: Sequence[float], form: str = ".1f") -> str:
    """Return "median (smallest–largest)"."""
    return f"{statistics.median(values):{form}} ({min(values):{form}}–{max(values):{form}})"


def ratios(values: Sequence[float], reference: Sequence[float]) -> list[float]:
    """Return values / reference, round by round."""
    return [value / other for value, other in zip(values, reference, strict=True)]


def machine() -> str:
    """Return the processor, the number of cores this process may use, memory, system and load, in a line."""
    cpu, memory = platform.processor() or platform.machine(), "?"
    if Path("/proc/cpuinfo").exists():
        names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
        cpu = names[0].partition(":")[2].strip() if names else cpu
        memory = f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    python = platform.python_version()
    return f"{cpu}, {cores()} cores, {memory}, {platform.system()}, Python {python}; load before {load:.1f}"


def cores() -> int:
    """Return the number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
