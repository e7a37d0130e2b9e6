"""Arrays from NumPy's NPZ archives."""

import io
import math
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Shaped

from shinso._checks import one_line
from shinso.data._frames import require_columns
from shinso.data._unpacking import DAMAGE, RefusedError, refuse_growth, room_for

INPUT_NAMES = ("X", "x", "inputs", "data")
COLUMN_NAMES = ("feature_names", "columns", "names")
TARGET_NAMES = ("y", "targets", "labels")

Arrays = dict[str, Shaped[np.ndarray, "..."]]


def read_npz(path: str | Path) -> Arrays:
    """Return the arrays of an NPZ archive by name; nothing in the file is executed.

    Raises:
        ValueError: there is no such file, it is no NPZ archive, or an array holds Python objects.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
        if content[:6] == b"\x93NUMPY":
            raise zipfile.BadZipFile("it holds a single array")
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            refuse_growth(sum(member.file_size for member in members), room_for(len(content)), str(path))
            for member in members:
                _refuse_strange(archive, member, path)
            return {member.filename.removesuffix(".npy"): _array(archive.read(member)) for member in members}
    except RefusedError:
        raise
    except DAMAGE as error:
        reason = (
            f": {one_line(error)}" if isinstance(error, OSError | zipfile.BadZipFile) else ": it is damaged or none"
        )
        raise ValueError(f"{path} cannot be read as an NPZ archive{reason}.") from error


def _array(content: bytes) -> Shaped[np.ndarray, "..."]:
    array: Shaped[np.ndarray, "..."] = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    return array


def _refuse_strange(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> None:
    """Raise `ValueError` if a member is of Python objects, or says to be larger than it is."""
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(file)
    if dtype.hasobject:
        raise RefusedError(f"{path} holds Python objects, which are not read; accepted are arrays of numbers.")
    if math.prod(shape) * dtype.itemsize > member.file_size or min(shape, default=0) < 0:
        raise RefusedError(
            f"{path} is damaged: {member.filename} says to be of shape {shape}, which is more than it holds."
        )


def inputs_of(arrays: Arrays, path: str | Path) -> Shaped[np.ndarray, "N ..."]:
    """Return the array of inputs: the first of `X`, `x`, `inputs`, `data`.

    Raises:
        ValueError: none of them is there.
    """
    return arrays[_name("inputs", INPUT_NAMES, arrays, path)]


def names_of_columns(arrays: Arrays, count: int) -> tuple[str, ...] | None:
    """Return the names of `count` columns of inputs, if the archive holds such an array of text."""
    for name in COLUMN_NAMES:
        if name in arrays and arrays[name].dtype.kind == "U" and arrays[name].shape == (count,):
            return tuple(map(str, arrays[name]))
    return None


def targets_of(arrays: Arrays, path: str | Path, name: str | None = None) -> Shaped[np.ndarray, "N ..."]:
    """Return the array of targets: `name`, or the first of `y`, `targets`, `labels`.

    Raises:
        ValueError: none of them is there.
    """
    if name is not None:
        require_columns("array", [name], list(arrays), str(path))
        return arrays[name]
    return arrays[_name("targets", TARGET_NAMES, arrays, path)]


def _name(what: str, accepted: Sequence[str], arrays: Arrays, path: str | Path) -> str:
    found = next((name for name in accepted if name in arrays), None)
    if found is None:
        raise ValueError(
            f"{path} must hold its {what} as an array named {', '.join(accepted)}; "
            f"it holds {', '.join(arrays) or 'nothing'}."
        )
    return found
