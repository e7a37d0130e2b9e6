"""What packed files hold; how much they may grow is looked at before anything is made of them."""

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from typing import IO

LARGEST, GROWTH = 128 << 20, 32
"""Bytes that any file may come to in memory, and how many times its size that a larger one may."""
DAMAGE = (
    *(OSError, EOFError, RuntimeError, NotImplementedError, ValueError, KeyError, TypeError, OverflowError),
    *(SyntaxError, MemoryError, zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)
"""What the libraries that unpack and read files raise for those that are damaged, locked or made to do harm."""


class RefusedError(ValueError):
    """What a person is told about a file, and no library has said."""


_OPEN: dict[str, Callable[[io.BytesIO], IO[bytes]]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}  # type: ignore[dict-item]
PACKED = tuple(_OPEN)


def room_for(size: int) -> int:
    """Return how many bytes a file of a size may come to."""
    return max(LARGEST, GROWTH * size)


def refuse_growth(size: int, room: int, name: str) -> None:
    """Raise `RefusedError` if what is in a file is larger than the room there is for it."""
    if size > room:
        raise RefusedError(
            f"{name} would come to more than {room >> 20:,} MiB in memory, {GROWTH} times its own size or more: "
            "it is damaged or made to do harm; unpack or convert it first if it is neither."
        )


def unpacked(data: bytes, suffix: str, name: str, room: int) -> bytes:
    """Return what a packed file holds.

    Args:
        data: the file.
        suffix: how it is packed, one of `PACKED`.
        name: what it is called in errors.
        room: bytes it may come to.

    Raises:
        ValueError: it is damaged, or too much.
    """
    try:
        with _OPEN[suffix](io.BytesIO(data)) as file:
            found = file.read(room + 1)
    except DAMAGE as error:
        raise ValueError(f"{name} cannot be unpacked: it is damaged or no {suffix} file.") from error
    refuse_growth(len(found), room, name)
    return found


def archive_of(data: bytes, name: str, room: int) -> zipfile.ZipFile:
    """Return a ZIP archive whose members may be read: none of them is locked, and together they are not too much.

    Raises:
        ValueError: it is none of that.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except DAMAGE as error:
        raise damaged(name) from error
    refuse_growth(sum(member.file_size for member in archive.infolist()), room, name)
    return archive


def damaged(name: str) -> ValueError:
    """Return the error for an archive that cannot be read."""
    return ValueError(f"{name} cannot be unpacked: it is damaged, locked or no ZIP archive.")
