"""What a run folder says of its run without loading the model."""

import dataclasses
from pathlib import Path
from typing import Any

from shinso._manifest import lists, read_listed
from shinso.training._description import Description, read_description, read_ensemble_json
from shinso.training._evaluation import Evaluation
from shinso.training._folder import ENSEMBLE, MODEL, member_folder
from shinso.training._stop import Stop, stop_of_all


@dataclasses.dataclass(frozen=True)
class Overview:
    """A run, or an ensemble as one run, as its folder describes it.

    Attributes:
        data: what it was trained on; see `Run`.
        evaluations: results by name.
        stop: how training ended.
        settings: those of `train`.
        layers: the network, a row for each layer, as `nn.summary` gives them; None where the folder does not say.
    """

    data: dict[str, Any]
    evaluations: dict[str, Evaluation]
    stop: Stop
    settings: dict[str, Any]
    layers: list[dict[str, Any]] | None


def read_overview(folder: str | Path) -> Overview:
    """Return what a folder says of its run, as `load` would and without JAX; the parameters are only checked to be whole.

    Raises:
        FileNotFoundError, ValueError: as `load`.
    """
    folder = Path(folder)
    if not lists(folder, ENSEMBLE):
        found = _described(folder, "")
        return Overview(found.data, found.evaluations, found.stop, found.settings, found.layers)
    together = read_ensemble_json(folder)
    members = [_described(folder, member_folder(index)) for index in range(together.members)]
    first = members[0]
    settings = {**first.settings, "members": len(members)}
    stop = stop_of_all([one.stop for one in members])
    return Overview(together.data or first.data, together.evaluations, stop, settings, first.layers)


def _described(folder: Path, within: str) -> Description:
    found = read_description(folder, within)[1]
    read_listed(folder, within + MODEL)
    return found
