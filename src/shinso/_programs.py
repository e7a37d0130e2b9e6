"""Compiled programs kept on disk, so that the next process loads what this one compiled: JAX's own persistent cache.

It is in the user's cache folder, in one folder for each version of jaxlib and each processor, and holds at most `LIMIT`
bytes when a process begins. `SHINSO_COMPILATION_CACHE=off` turns it off, a path puts it elsewhere; a cache that JAX has been
given (`JAX_COMPILATION_CACHE_DIR`) is used instead and left as it is.
"""

import contextlib
import hashlib
import importlib
import os
import platform
import warnings
import zlib
from importlib.metadata import version
from pathlib import Path

import platformdirs

SETTING = "SHINSO_COMPILATION_CACHE"
LIMIT = 2**29
"""Bytes of programs that are kept; a training program takes 0.1 to 1 MB."""
LEAST_SECONDS = 0.02
"""What took less time to compile is not kept: loading takes 3 to 10 ms."""
_OFF = ("off", "0", "no", "false")
_SUFFIX = "-cache"
_CHECKED = "checked"
_FEW = 0.75


def keep_programs() -> None:
    """Turn the cache on; where it cannot be used, programs are compiled as ever."""
    import jax

    asked = os.environ.get(SETTING, "").strip()
    if asked.lower() in _OFF or jax.config.jax_compilation_cache_dir or not jax.config.jax_enable_compilation_cache:  # type: ignore[attr-defined]
        return
    root = Path(asked).expanduser() if asked else platformdirs.user_cache_path("shinso") / "programs"
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_mine(root):
            warnings.warn(
                f"Compiled programs are neither read from {root} nor kept there: others can write to it. Take that right "
                f"from them, name another folder in {SETTING}, or set it to off.",
                stacklevel=4,
            )
            return
        folder = root / _here()
        folder.mkdir(mode=0o700, exist_ok=True)
        if not (_is_mine(folder) and os.access(folder, os.W_OK) and _hush()):
            return
        _drop_broken(folder)
        _drop_oldest(root)
    except OSError:
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))  # type: ignore[no-untyped-call]
    if "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS" not in os.environ:
        jax.config.update("jax_persistent_cache_min_compile_time_secs", LEAST_SECONDS)  # type: ignore[no-untyped-call]
    # What another process is writing right now, or what cannot be read, is compiled again.
    warnings.filterwarnings("ignore", r"Error (reading|writing) persistent compilation cache entry", UserWarning)


def _is_mine(folder: Path) -> bool:
    """Return whether nobody else can put a program there: it would be run."""
    if not hasattr(os, "getuid"):
        return True
    status = folder.stat()
    return status.st_uid == os.getuid() and not status.st_mode & 0o022


def _here() -> str:
    """Return what a program belongs to: the version of jaxlib and the processor."""
    processor = [platform.machine(), os.environ.get("PROCESSOR_IDENTIFIER", "")]
    telling = ("model name", "flags", "Features", "CPU part")
    with contextlib.suppress(OSError):
        first = Path("/proc/cpuinfo").read_text().split("\n\n", 1)[0]
        processor += [line for line in first.splitlines() if line.startswith(telling)]
    return f"jaxlib-{version('jaxlib')}-{hashlib.sha256(repr(processor).encode()).hexdigest()[:16]}"


def _hush() -> bool:
    """Keep XLA from telling stderr of two features no processor has at each program it loads; return whether that worked."""
    if os.environ.get("TF_CPP_MIN_LOG_LEVEL") == "3":
        return True
    try:
        from jaxlib import utils

        utils.absl_set_min_log_level(3)
    except (ImportError, AttributeError):
        return False
    return True


def _drop_broken(folder: Path) -> None:
    """Remove what a process that was killed has left half-written: JAX would warn of it for ever.

    Programs are looked at once, when a process begins after the one that wrote them.
    """
    mark = folder / _CHECKED
    before = mark.stat().st_mtime_ns if mark.exists() else -1
    newest = before
    for entry, written, _ in _entries(folder):
        if written > before:
            newest = max(newest, written)
            if not _is_whole(entry):
                entry.unlink(missing_ok=True)
    if newest > before:
        mark.touch()
        os.utime(mark, ns=(newest, newest))


def _is_whole(entry: Path) -> bool:
    """Return whether a program can be unpacked to its end, as JAX will unpack it."""
    unpack = zlib.decompress
    for name in ("compression.zstd", "zstandard"):
        with contextlib.suppress(ImportError):
            unpack = importlib.import_module(name).decompress
            break
    try:
        return len(unpack(entry.read_bytes())) > 0
    except Exception:
        return False


def _drop_oldest(root: Path) -> None:
    """Make room where programs, those of other versions too, take more than `LIMIT`."""
    entries = [one for folder in root.iterdir() if folder.is_dir() for one in _entries(folder)]
    total = sum(size for _, _, size in entries)
    if total <= LIMIT:
        return
    for entry, _, size in sorted(entries, key=lambda one: one[1]):
        if total <= _FEW * LIMIT:
            return
        entry.unlink(missing_ok=True)
        total -= size


def _entries(folder: Path) -> list[tuple[Path, int, int]]:
    """Return programs, when they were written, and their sizes."""
    found = []
    for entry in folder.glob(f"*{_SUFFIX}"):
        try:
            status = entry.stat()
        except FileNotFoundError:
            continue
        found.append((entry, status.st_mtime_ns, status.st_size))
    return found
