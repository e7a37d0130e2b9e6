"""Trials: what is asked, what came out, and the file that remembers both."""

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from shinso._files import write_atomically

TRIALS = "trials.jsonl"


class TrialSpec(NamedTuple):
    """One trial to be made.

    Attributes:
        changes: settings that differ from the defaults.
        phase: which part of the search asks, in words.
        epochs: epochs of training; None means those of the defaults.
        examples: at most so many training examples; None means all.
        curve: keep loss against training time.
        find_rate: instead of a training, the book's search for a learning rate.
    """

    changes: dict[str, Any]
    phase: str
    epochs: int | None = None
    examples: int | None = None
    curve: bool = False
    find_rate: bool = False

    @property
    def whole(self) -> bool:
        """Whether it trains for all epochs on all examples, so that its loss can be compared with the defaults'."""
        return self.epochs is None and self.examples is None and not self.find_rate

    @property
    def key(self) -> str:
        """The same text for the same trial."""
        return json.dumps([self.changes, self.epochs, self.examples, self.curve, self.find_rate], sort_keys=True)


class Trial(NamedTuple):
    """What came out of one trial.

    Attributes:
        spec: what was asked.
        loss: mean loss on the examples to choose by, over folds and repeats; infinite if training diverged.
        score: the same for the score.
        error: standard error of `loss`, over folds, or over repeats without folds; NaN for a single one.
        trainings: trainings made for it.
        seconds: its share of the time, compilation included.
        rate: the learning rate found, for a search for one.
        curve: `(seconds, loss)` for each epoch, if asked for.
    """

    spec: TrialSpec
    loss: float
    score: float
    error: float
    trainings: int
    seconds: float
    rate: float | None = None
    curve: tuple[tuple[float, float], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain data; numbers that are not finite become None."""
        plain: dict[str, Any] = {**self.spec._asdict(), **self._asdict()}
        del plain["spec"]
        plain["curve"] = [list(point) for point in self.curve] if self.spec.curve else False
        return {name: _finite_or_none(value) for name, value in plain.items()}

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> "Trial":
        """Return the trial that `to_dict` described."""
        changes = {name: tuple(value) if isinstance(value, list) else value for name, value in plain["changes"].items()}
        curve = plain["curve"]
        spec = TrialSpec(
            changes, plain["phase"], plain["epochs"], plain["examples"], curve is not False, plain["find_rate"]
        )
        loss = math.inf if plain["loss"] is None else plain["loss"]
        score, error = (math.nan if plain[name] is None else plain[name] for name in ("score", "error"))
        points = tuple((seconds, loss) for seconds, loss in curve or ())
        return cls(spec, loss, score, error, plain["trainings"], plain["seconds"], plain["rate"], points)


def _finite_or_none(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


class TrialLog:
    """All trials of a search, remembered by what was asked; kept in a file of JSON lines if there is a folder."""

    def __init__(self, folder: Path | None) -> None:
        self._path = None if folder is None else folder / TRIALS
        self.trials: list[Trial] = []
        self._known: dict[str, Trial] = {}
        if self._path is not None and self._path.exists():
            self._remember(map(Trial.from_dict, _lines(self._path)))

    def __getitem__(self, spec: TrialSpec) -> Trial:
        return self._known[spec.key]

    def __contains__(self, spec: TrialSpec) -> bool:
        return spec.key in self._known

    @property
    def seconds(self) -> float:
        """Time that all trials took."""
        return sum(trial.seconds for trial in self.trials)

    def add(self, trials: list[Trial]) -> None:
        """Remember trials, all of them or, if the file cannot be written, none."""
        if self._path is not None:
            # The whole file, for a line cut short by a crash would swallow what is appended to it.
            lines = (json.dumps(trial.to_dict(), allow_nan=False) + "\n" for trial in [*self.trials, *trials])
            write_atomically(self._path, "".join(lines).encode())
        self._remember(trials)

    def _remember(self, trials: Iterable[Trial]) -> None:
        for trial in trials:
            self.trials.append(trial)
            self._known[trial.spec.key] = trial


def _lines(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a file; one cut short by a crash ends it."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return found
