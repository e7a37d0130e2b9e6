"""The history of a run folder at any moment, while it is trained too."""

import json
from pathlib import Path

from shinso.training._folder import CHECKPOINT, HISTORY, PROBES
from shinso.training._history import History, mean_history

_LARGEST_HEADER = 100 * 2**20


def history_so_far(folder: Path) -> History:
    """Return the rows of a finished run, or those that its last checkpoint has; of several networks their mean.

    Only the head of a checkpoint is read, and nothing is compared with the folder's list of digests: that is for whoever
    goes on from it.

    Raises:
        OSError: a file cannot be read.
        ValueError: a file is damaged.
    """
    return _so_far(folder, HISTORY, "histories")


def probes_so_far(folder: Path) -> History:
    """Return the probes of a finished run, or those that its last checkpoint has; of several networks their mean.

    Raises:
        OSError: a file cannot be read.
        ValueError: a file is damaged.
    """
    return _so_far(folder, PROBES, "probes")


def _so_far(folder: Path, name: str, key: str) -> History:
    """Return the rows of a file of a folder or of its members, else those under a key of the checkpoint."""
    if (folder / name).is_file():
        return History.from_csv((folder / name).read_text(encoding="utf-8"))
    members = sorted(folder.glob(f"members/*/{name}"))
    if members:
        return mean_history([History.from_csv(path.read_text(encoding="utf-8")) for path in members])
    if not (folder / CHECKPOINT).is_file():
        return History()
    with (folder / CHECKPOINT).open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        head = file.read(min(length, _LARGEST_HEADER))
    try:
        texts = json.loads(json.loads(head)["__metadata__"][key])
        return mean_history([History.from_csv(text) for text in texts])
    except (AttributeError, KeyError, RecursionError, TypeError) as error:
        raise ValueError(f"{folder / CHECKPOINT} is not a checkpoint: {error}.") from None
