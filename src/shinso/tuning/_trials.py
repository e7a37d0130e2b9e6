"""Trials: what is asked, what came out, and the file that remembers both."""

import functools
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import TypeAdapter, ValidationError

from shinso._checks import one_line
from shinso._manifest import commit, lists, read_listed

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
        """Return the trial that `to_dict` described.

        Raises:
            pydantic.ValidationError: it is no such description.
        """
        found = _lines_of_trials().validate_python(plain)
        changes = {name: tuple(value) if isinstance(value, list) else value for name, value in found.changes.items()}
        curve = found.curve or ()
        spec = TrialSpec(changes, found.phase, found.epochs, found.examples, found.curve is not False, found.find_rate)
        loss = math.inf if found.loss is None else found.loss
        score, error = (math.nan if value is None else value for value in (found.score, found.error))
        return cls(spec, loss, score, error, found.trainings, found.seconds, found.rate, tuple(curve))


@dataclass
class _Line:
    """A line of the file."""

    changes: dict[str, Any]
    phase: str
    epochs: int | None
    examples: int | None
    curve: list[tuple[float, float]] | Literal[False]
    find_rate: bool
    loss: float | None
    score: float | None
    error: float | None
    trainings: int
    seconds: float
    rate: float | None


@functools.cache
def _lines_of_trials() -> TypeAdapter[_Line]:
    return TypeAdapter(_Line)


def _finite_or_none(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


class TrialLog:
    """All trials of a search, remembered by what was asked; kept in a file of JSON lines if there is a folder.

    Raises:
        ValueError: the file is damaged.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self.trials: list[Trial] = []
        self._known: dict[str, Trial] = {}
        if folder is not None and lists(folder, TRIALS):
            self._remember(_read(folder))

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
        if self._folder is not None:
            lines = (json.dumps(trial.to_dict(), allow_nan=False) + "\n" for trial in [*self.trials, *trials])
            commit(self._folder, {TRIALS: "".join(lines).encode()})
        self._remember(trials)

    def _remember(self, trials: Iterable[Trial]) -> None:
        for trial in trials:
            self.trials.append(trial)
            self._known[trial.spec.key] = trial


def _read(folder: Path) -> list[Trial]:
    content = read_listed(folder, TRIALS)
    found: list[Trial] = []
    try:
        for line in content.decode().splitlines():
            found += [Trial.from_dict(json.loads(line))]
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise _damaged(folder, len(found), f"{place}: {first['msg']}") from None
    except (ValueError, RecursionError) as error:
        raise _damaged(folder, len(found), one_line(error)) from None
    return found


def _damaged(folder: Path, line: int, why: str) -> ValueError:
    return ValueError(f"{folder / TRIALS} is damaged: line {line + 1}: {why}.")
