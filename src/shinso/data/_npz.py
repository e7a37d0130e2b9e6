"""Arrays from NumPy's NPZ archives."""

import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Shaped

from shinso.data._frames import require_columns

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
        archive = np.load(path, allow_pickle=False)
        if isinstance(archive, np.ndarray):
            raise zipfile.BadZipFile("it holds a single array")
        with archive:
            return {name: archive[name] for name in archive.files}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise ValueError(f"{path} cannot be read as an NPZ archive: {error}.") from error
    except ValueError as error:
        if str(error).startswith("Object arrays"):
            raise ValueError(
                f"{path} holds Python objects, which are not read; accepted are arrays of numbers."
            ) from error
        raise ValueError(f"{path} cannot be read as an NPZ archive: it is none.") from error


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
