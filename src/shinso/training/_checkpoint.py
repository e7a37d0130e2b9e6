"""One file from which training goes on after anything: the state, the history so far, and what they belong to."""

import json
from pathlib import Path
from typing import Any

from safetensors.numpy import save as to_safetensors

from shinso._files import write_atomically
from shinso.training._folder import CHECKPOINT, fill, named_arrays, read_arrays
from shinso.training._history import History
from shinso.training._program import TrainState


def write_checkpoint(
    folder: Path, state: TrainState, history: History, seconds: float, belongs: dict[str, Any]
) -> None:
    """Replace the folder's checkpoint in one step.

    Args:
        folder: the run folder.
        state: the state to continue from.
        history: the rows of the completed epochs.
        seconds: training time so far.
        belongs: plain data that must be the same when training goes on: settings and a digest of the data.
    """
    metadata = {"history": history.to_csv(), "seconds": repr(seconds), "belongs": json.dumps(belongs, sort_keys=True)}
    write_atomically(folder / CHECKPOINT, to_safetensors(named_arrays(state), metadata))


def read_checkpoint(folder: Path, template: TrainState, belongs: dict[str, Any]) -> tuple[TrainState, History, float]:
    """Return state, history and training time as the folder's checkpoint has them.

    Raises:
        FileNotFoundError: there is no checkpoint.
        ValueError: it is damaged, or belongs to other settings or other data; the message names the first difference.
    """
    path = folder / CHECKPOINT
    arrays, metadata = read_arrays(path)
    try:
        before: dict[str, Any] = json.loads(metadata["belongs"])
        history = History.from_csv(metadata["history"].splitlines())
        seconds = float(metadata["seconds"])
    except (KeyError, ValueError) as error:
        raise ValueError(f"{path} is not a checkpoint: {error!r}.") from None
    now = json.loads(json.dumps(belongs, sort_keys=True))
    for name in sorted(before.keys() | now.keys()):
        if before.get(name) != now.get(name):
            raise ValueError(
                f"{path} was made with another {name}: {before.get(name)!r}, now {now.get(name)!r}; "
                "resume with the same model, settings and data."
            )
    return fill(template, arrays, path), history, seconds
