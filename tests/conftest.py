"""What all tests share: the device they run on, a place for figures, real data, and a counter of compilations."""

import gc
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# All are read when the library is imported, so they come first. A GPU is tested with JAX_PLATFORMS=cuda.
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("MPLBACKEND", "agg")
# XLA on CPU tells stderr of two features that no processor has, at every program it loads from disk; a pipe that nobody
# reads while a test waits fills with it. JAX sets 1 where nothing is set, for the processes of a run too.
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
# Nothing is kept in the cache folder of the person who runs the tests.
os.environ["SHINSO_COMPILATION_CACHE"] = "off"
# Programs of tests run for milliseconds; compiled with less effort, the suite takes a third of the time.
# `XLA_FLAGS= make test` compiles as everywhere else.
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_use_fusion_emitters=false --xla_backend_optimization_level=0")
if RUN := os.environ.get("PYTEST_XDIST_TESTRUNUID"):
    # The processes of one run, and those that tests start, share what they compile.
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(Path(tempfile.gettempdir()) / f"shinso-tests-{RUN}"))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")

import hypothesis
import jax
import pytest

# The first example of a test compiles and takes longer than the rest, so examples have no deadline.
hypothesis.settings.register_profile("shinso", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("shinso")

# Shells let background jobs ignore Ctrl-C. Its tests need it heard, here and in the processes they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parent.parent
COMPILATION = "/jax/core/compile/backend_compile_duration"
MNIST_FILES = tuple(f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1"))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remove what the processes of this run have compiled; the one that started them comes last."""
    if not hasattr(session.config, "workerinput") and (run := getattr(session.config, "_shinso_run", None)):
        shutil.rmtree(Path(tempfile.gettempdir()) / f"shinso-tests-{run}", ignore_errors=True)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Remember the name of a run of several processes."""
    node.config._shinso_run = node.workerinput["testrunuid"]


@pytest.fixture(autouse=True, scope="module")
def _room_for_programs() -> Iterator[None]:
    """Give compiled programs back before they use up the memory maps a process may have: XLA then ends with a fault."""
    yield
    maps, limit = Path("/proc/self/maps"), Path("/proc/sys/vm/max_map_count")
    if maps.exists() and limit.exists() and 3 * len(maps.read_text().splitlines()) > int(limit.read_text()):
        jax.clear_caches()
        gc.collect()


def data_folder() -> Path:
    """Where real data is looked for: `$SHINSO_DATA`, else `../shared/data` beside the project."""
    return Path(os.environ.get("SHINSO_DATA") or ROOT.parent / "shared" / "data")


@pytest.fixture(scope="session")
def mnist_dir() -> Path:
    """A folder holding the four MNIST files; skips where there is none."""
    folders = (data_folder(), data_folder() / "mnist")
    for folder in folders:
        if all((folder / name).exists() or (folder / f"{name}.gz").exists() for name in MNIST_FILES):
            return folder
    pytest.skip(f"MNIST is in neither {folders[0]} nor {folders[1]}; set SHINSO_DATA to the folder that holds it")


class Compilations:
    """How many programs XLA has compiled since the counter was made, or since `reset`.

    A program loaded from JAX's persistent cache counts too.
    """

    def __init__(self) -> None:
        self.count = 0

    def reset(self) -> None:
        """Start again from zero."""
        self.count = 0

    def listen(self, event: str, seconds: float, **_: Any) -> None:
        """Take one of JAX's monitoring events."""
        self.count += event == COMPILATION


@pytest.fixture
def compilations() -> Iterator[Compilations]:
    """A counter of compiled programs: `compilations.reset()`, do something again, `assert compilations.count == 0`."""
    counter = Compilations()
    jax.monitoring.register_event_duration_secs_listener(counter.listen)
    yield counter
    jax.monitoring.unregister_event_duration_listener(counter.listen)
