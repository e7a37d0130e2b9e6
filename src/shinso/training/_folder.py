"""A run as a folder: what it holds, and whether it may be used.

A run has run.json, model.safetensors, history.csv and checkpoint.safetensors, with probes probes.csv, and with averaged
parameters averaged.safetensors too; an ensemble has ensemble.json, checkpoint.safetensors and a run for each member in
members/1, members/2, …. SHA256SUMS lists all of them.
"""

import tempfile
from pathlib import Path

from shinso._manifest import MEMBERS, is_bookkeeping, lists

FORMAT = 1
RUN = "run.json"
"""The file of a run folder with the recipe of the model, every setting, seeds and versions."""
MODEL, HISTORY = "model.safetensors", "history.csv"
CHECKPOINT = "checkpoint.safetensors"
"""The file of a run folder that training goes on from."""
PROBES = "probes.csv"
AVERAGED = "averaged.safetensors"
ENSEMBLE = "ensemble.json"
"""The file of an ensemble's folder that says which runs are its members."""
_BEFORE = ("settings.toml",)
"""What stands in a folder before training starts."""


def is_unstarted(folder: Path) -> bool:
    """Return whether a folder has nothing of a run but its settings and what a killed process was about to write.

    So it is until the first checkpoint: the same command may use it again, and `resume` starts anew.
    """
    if not folder.is_dir():
        return not folder.exists()
    if any(lists(folder, name) for name in (RUN, MODEL, CHECKPOINT, ENSEMBLE)):
        return False
    return all(entry.name in _BEFORE or is_bookkeeping(entry.name) for entry in folder.iterdir())


def refuse_other_run(folder: Path) -> None:
    """Raise `FileExistsError` if `folder` is a file or holds a run already: nothing saved is ever overwritten."""
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"{folder} is a file; choose a new folder for the run.")
    if any(lists(folder, name) for name in (RUN, MODEL, CHECKPOINT, ENSEMBLE)):
        raise FileExistsError(f"{folder} already holds a run; choose a new folder, or resume it.")


def can_go_on(folder: Path) -> bool:
    """Return whether there is a checkpoint to resume from; False where the run had not started.

    Raises:
        FileNotFoundError: it is no run folder, or its checkpoint is missing.
    """
    if not folder.is_dir():
        raise FileNotFoundError(
            f"{folder} is not a run folder: {'it is a file' if folder.exists() else 'it does not exist'}."
        )
    if lists(folder, CHECKPOINT):
        return True
    if not is_unstarted(folder):
        raise FileNotFoundError(f"{folder / CHECKPOINT} is missing; only a run that has one can be resumed.")
    return False


def make_writable(folder: Path) -> None:
    """Make the folder if need be, and see that files can be written there.

    Raises:
        OSError: they cannot.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        pass


def member_folder(index: int) -> str:
    """Return where in an ensemble's folder a member is."""
    return f"{MEMBERS}/{index + 1}/"
