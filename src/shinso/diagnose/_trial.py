"""A remedy tried: the run again with its settings changed, for as long as there is patience."""

import dataclasses
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

from shinso.diagnose._finding import Finding
from shinso.experiment import read_experiment, run_experiment
from shinso.settings import Settings
from shinso.training import Ensemble, Run

_PATIENCE = 60.0
"""Seconds that a trial may take, by what the run took."""


@dataclass(frozen=True)
class RemedyTrial:
    """What a remedy did.

    Attributes:
        column: of the history, that is compared.
        before: its last value in the run.
        after: its last value with the remedy.
        epochs: that the trial had.
    """

    column: str
    before: float
    after: float
    epochs: int

    @property
    def helped(self) -> bool:
        """Whether the cost is lower; what is not finite is beaten by all that is."""
        return math.isfinite(self.after) and not self.after >= self.before


def try_remedy(run: Run | Ensemble, finding: Finding) -> RemedyTrial:
    """Return what a finding's remedy does to a run: its experiment again, from the start, with the changed settings.

    It has as many epochs as the run, or as take a minute at the run's speed, and leaves nothing behind.

    Raises:
        FileNotFoundError: the run is not stored in the folder of an experiment.
        ValueError: the finding has no remedy, or settings that contradict each other.
    """
    if not finding.remedy:
        raise ValueError(f"{finding.code} has no setting that can be tried: {finding.effect}")
    if run.folder is None or run.data.get("encoder") is None:
        raise FileNotFoundError(
            "The run is not that of an experiment, so it cannot be trained again with other settings."
        )
    one = run.runs[0] if isinstance(run, Ensemble) else run
    known = {field.name for field in dataclasses.fields(Settings)}
    changed = {name: value for name, value in finding.remedy.items() if name in known}
    settings = read_experiment(run.folder).replace(**changed)
    seconds = one.timing.train_seconds / max(one.stop.epoch, 1)
    epochs = min(settings.epochs or 1, max(1, int(_PATIENCE / max(seconds, 1e-9))))
    with tempfile.TemporaryDirectory() as folder:
        tried = run_experiment(settings.replace(epochs=epochs), folder=Path(folder) / "run")
    after = tried.runs[0] if isinstance(tried, Ensemble) else tried
    column = "validation_loss" if "validation_loss" in one.history else "loss"
    return RemedyTrial(column, _last(one, column), _last(after, column), after.stop.epoch)


def _last(run: Run, column: str) -> float:
    return float(run.history[column][-1]) if len(run.history) else math.nan
