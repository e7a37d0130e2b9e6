"""The files of a folder and their SHA-256 in one list: files change all together or not at all, and damage is found.

The list has the format of `sha256sum`, so that `sha256sum -c SHA256SUMS` checks a folder too.
"""

import contextlib
import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from shinso._files import flush_folder, is_temporary, make_folder, sweep, write_atomically, write_unflushed

SUMS = "SHA256SUMS"
MEMBERS = "members"
"""The folder below in which a folder has others of its kind, listed in its own list too."""
_STAGED = ".staged"
_LINE = re.compile(r"(?P<digest>[0-9a-f]{64})  (?P<name>[^\n]+)")


def commit(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write files of a folder, all of them in one step, and list them.

    The new files are written beside the old ones; the moment their list replaces the old one they count, whatever happens
    afterwards: `read_listed` finds them under their own names or where they were staged.

    Args:
        folder: made if need be.
        contents: by name; a name may lead into a folder below, as in `members/1/run.json`.

    Raises:
        OSError: they cannot be written; until then all files are the old ones.
        ValueError: the list there is damaged.
    """
    make_folder(folder)
    _settle(folder)
    sums = {**sums_of(folder), **_digests(contents)}
    try:
        staged = {folder / (name + _STAGED): content for name, content in contents.items()}
        for path, content in staged.items():
            make_folder(path.parent)
            write_unflushed(path, content)
        # A list that outlasts a power failure must find its files.
        for inside in {path.parent for path in staged}:
            flush_folder(inside)
        write_atomically(folder / SUMS, _text(sums))
    except BaseException:
        with contextlib.suppress(OSError, ValueError):
            _settle(folder)
        raise
    _settle(folder)


def listing(contents: Mapping[str, bytes]) -> bytes:
    """Return the list of a folder that has these files and no others."""
    return _text(_digests(contents))


def _digests(contents: Mapping[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}


def _text(sums: Mapping[str, str]) -> bytes:
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items())).encode()


def _settle(folder: Path) -> None:
    """Bring every staged file that the list names to its place, and remove the others: what a crash has left."""
    sums = sums_of(folder)
    for inside in (folder, *folder.glob(f"{MEMBERS}/*/")):
        sweep(inside)
    for staged in (*folder.glob(f"*{_STAGED}"), *folder.glob(f"{MEMBERS}/*/*{_STAGED}")):
        final = staged.with_name(staged.name.removesuffix(_STAGED))
        if sums.get(final.relative_to(folder).as_posix()) == hashlib.sha256(staged.read_bytes()).hexdigest():
            os.replace(staged, final)
        else:
            staged.unlink()


def sums_of(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each listed file by its name; nothing where there is no list.

    Raises:
        ValueError: the list is damaged.
    """
    path = folder / SUMS
    try:
        lines = path.read_bytes().decode().splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is damaged: {error}.") from None
    found = [_LINE.fullmatch(line) for line in lines]
    for number, line in enumerate(found, start=1):
        if line is None or ".." in Path(line["name"]).parts or Path(line["name"]).is_absolute():
            raise ValueError(f"{path} is damaged: line {number} is not a SHA-256 and the name of a file.")
    return {line["name"]: line["digest"] for line in found if line is not None}


def read_listed(folder: Path, name: str) -> bytes:
    """Return the content of a listed file, which is what was written.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file or the list is damaged or was changed, or the list lacks it.
    """
    expected = sums_of(folder).get(name)
    path = folder / name
    there = [place for place in (path, folder / (name + _STAGED)) if place.is_file()]
    if not there:
        raise FileNotFoundError(f"{path} is missing.")
    if expected is None:
        raise ValueError(f"{path} is damaged or was added by hand: {folder / SUMS} does not list it.")
    for place in there:
        content = place.read_bytes()
        if hashlib.sha256(content).hexdigest() == expected:
            return content
    raise ValueError(f"{path} is damaged or was changed: it is not the file that {SUMS} describes.")


def lists(folder: Path, name: str) -> bool:
    """Return whether the folder has a file of that name, listed or not."""
    return (folder / name).is_file() or ((folder / (name + _STAGED)).is_file() and name in sums_of(folder))


def is_bookkeeping(name: str) -> bool:
    """Return whether a file's name is the list's, or one that an unfinished write leaves."""
    return name == SUMS or name.endswith(_STAGED) or is_temporary(name)


def write_file(path: Path, content: bytes) -> None:
    """Write one file whole or not at all, and list it where its folder has a list.

    Raises:
        OSError: it cannot be written; the old file is untouched.
    """
    if (path.parent / SUMS).is_file():
        commit(path.parent, {path.name: content})
    else:
        write_atomically(path, content)


def read_file(path: Path) -> bytes:
    """Return the content of a file, which is what was written where its folder has a list.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not what the list says.
    """
    return read_listed(path.parent, path.name) if (path.parent / SUMS).is_file() else path.read_bytes()
