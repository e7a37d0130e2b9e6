"""The one way a file is written: whole or not at all."""

import contextlib
import os
import re
import tempfile
from pathlib import Path

_LEFT = re.compile(r"\..+\.(?P<process>\d+)\.\w+\.tmp")
_OPEN: set[str] = set()
"""Names of the temporary files that this process is writing."""


def write_atomically(path: Path, content: bytes) -> None:
    """Replace `path` by `content` in one step: readers, and a crash at any moment, see the old file or the new one.

    What a killed process was writing in its place is swept away. Once this returns, the new file outlasts a power failure
    too, where the file system can promise it.

    Raises:
        OSError: it cannot be written; the old file is untouched and nothing is left beside it.
    """
    write_unflushed(path, content)
    flush_folder(path.parent)


def write_unflushed(path: Path, content: bytes) -> None:
    """Do as `write_atomically`, and leave its last step, `flush_folder`, to the caller, who writes more files there."""
    sweep(path.parent, path.name)
    # The process is part of the name, so that a later one can tell whether anybody still writes it.
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.{os.getpid()}.", suffix=".tmp")
    _OPEN.add(os.path.basename(temporary))
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    finally:
        _OPEN.discard(os.path.basename(temporary))


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, so that they outlast a power failure."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for one in missing:
        flush_folder(one.parent)


def flush_folder(folder: Path) -> None:
    """Bring the names of a folder's files to the disk; a file system that cannot do so is left to its own ways."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    # The files themselves are on the disk, and count: an error here is none of theirs.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sweep(folder: Path, name: str = "") -> None:
    """Remove the temporary files of processes that have ended, of `name` or of all files in a folder."""
    for entry in os.scandir(folder):
        if is_temporary(entry.name) and entry.name.startswith(f".{name}") and not _in_use(entry.name):
            Path(entry.path).unlink(missing_ok=True)


def is_temporary(name: str) -> bool:
    """Return whether a file's name is one under which `write_atomically` writes."""
    return _LEFT.fullmatch(name) is not None


def _in_use(name: str) -> bool:
    found = _LEFT.fullmatch(name)
    process = int(found["process"]) if found else 0
    if process == os.getpid():
        return name in _OPEN
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # somebody else's, and alive
        return True
    return True
