"""One file from which training goes on after anything: the state, the history so far, and what they belong to."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp

from shinso._checks import one_line
from shinso._manifest import commit, read_listed
from shinso._paths import named_arrays
from shinso._safetensors import from_safetensors, to_safetensors
from shinso.optim import without_restart
from shinso.training._arrays import fill
from shinso.training._folder import CHECKPOINT
from shinso.training._history import History
from shinso.training._state import TrainState


class Checkpoint(NamedTuple):
    """Where a training stands.

    Attributes:
        state: the state to continue from.
        histories: the rows of the completed epochs, for each network trained side by side.
        probes: the rows of their probes.
        seconds: training time so far.
        first_step: optimizer updates made before this training.
    """

    state: TrainState
    histories: Sequence[History]
    probes: Sequence[History]
    seconds: float
    first_step: int


def write_checkpoint(folder: Path, at: Checkpoint, belongs: dict[str, Any]) -> None:
    """Replace the folder's checkpoint in one step.

    Args:
        folder: the run folder.
        at: where training stands.
        belongs: plain data that must be the same when training goes on: settings and a digest of the data.
    """
    metadata = {
        "histories": json.dumps([history.to_csv() for history in at.histories]),
        "probes": json.dumps([history.to_csv() for history in at.probes]),
        "seconds": repr(at.seconds),
        "first_step": str(at.first_step),
        "belongs": json.dumps(belongs, sort_keys=True),
    }
    commit(folder, {CHECKPOINT: to_safetensors(named_arrays(at.state), metadata)})


def _goes_on(before: Any, now: Any) -> bool:
    """Whether a setting is the same, or that of a schedule that has begun again since."""
    return before in (now, without_restart(now))


def read_checkpoint(folder: Path, template: TrainState, belongs: dict[str, Any]) -> Checkpoint:
    """Return where the folder's checkpoint says that training stands.

    Raises:
        FileNotFoundError: there is no checkpoint.
        ValueError: it is damaged, or belongs to other settings or other data; the message names the first difference.
    """
    path = folder / CHECKPOINT
    arrays, metadata = from_safetensors(read_listed(folder, CHECKPOINT), path)
    try:
        before: dict[str, Any] = json.loads(metadata["belongs"])
        histories, probes = (
            [History.from_csv(text) for text in json.loads(metadata[name])] for name in ("histories", "probes")
        )
        seconds, first_step = float(metadata["seconds"]), int(metadata["first_step"])
        different = before.keys() ^ {*belongs}
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not a checkpoint: {one_line(error)}.") from None
    now = json.loads(json.dumps(belongs, sort_keys=True))
    different |= {name for name in before.keys() & now.keys() if not _goes_on(before[name], now[name])}
    for name in sorted(different):
        raise ValueError(
            f"{path} was made with another {name}: {before.get(name)!r}, now {now.get(name)!r}; "
            "resume with the same model, settings and data."
        )
    state: TrainState = fill(template, arrays, path)
    # The state's end is probed again: only what lies on the way is kept.
    state = state._replace(probed=jnp.zeros((), jnp.int32))
    return Checkpoint(state, histories, probes, seconds, first_step)
