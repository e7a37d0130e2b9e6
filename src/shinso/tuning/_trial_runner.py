"""Where trials are made: those of one shape side by side, as one compiled program."""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from shinso._stretches import Stretches
from shinso.data import Prepared
from shinso.experiment import arguments_of
from shinso.settings import Settings
from shinso.training import Event, Run, TrainingWarning, train_many
from shinso.tuning._folds import Fold
from shinso.tuning._rate_finder import find_learning_rate
from shinso.tuning._search_space import shape_of
from shinso.tuning._trials import Trial, TrialSpec

_NEXT_TO_NOTHING = 1e-30


class BudgetReached(Exception):  # noqa: N818  (no error: training ends as agreed)
    """The time is up, or the person has pressed Ctrl-C."""


class Deadline(Stretches):
    """Ends training when the time is up or Ctrl-C was pressed; a listener of `train_many`."""

    def __call__(self, event: Event | None = None) -> None:
        """Raise `BudgetReached` if training should end."""
        if self.over is not None:
            raise BudgetReached


@dataclass
class TrialRunner:
    """Trains what is asked.

    Attributes:
        base: complete settings that trials change.
        prepared: the data as `shinso.train` would train on them; λ is meant for that many examples.
        folds: what trials train on and are judged by.
        width: trainings side by side.
        deadline: when to end.
    """

    base: Settings
    prepared: Prepared
    folds: list[Fold]
    width: int
    deadline: Deadline
    compiled: dict[str, float] = field(default_factory=dict)
    speeds: dict[str, float] = field(default_factory=dict)

    def groups(self, specs: Sequence[TrialSpec]) -> list[list[TrialSpec]]:
        """Return the specs in groups that can be trained side by side, in the order of their first members."""
        groups: dict[Any, list[TrialSpec]] = {}
        for spec in specs:
            groups.setdefault((repr(self._program(spec)), spec.epochs, spec.find_rate), []).append(spec)
        return [group[i : i + self.width] for group in groups.values() for i in range(0, len(group), self.width)]

    def _program(self, spec: TrialSpec) -> tuple[Any, ...]:
        """Return what the compiled program depends on, beside the epochs."""
        shape = sorted(shape_of(spec.changes).items())
        return (*shape, "l1" in spec.changes, spec.examples)

    def measure(self, specs: Sequence[TrialSpec]) -> list[Trial]:
        """Train one group; short groups are repeated with further seeds so that each program is compiled once.

        Raises:
            BudgetReached: it did not, or would not, end in time.
        """
        began = self.deadline.clock()
        if specs[0].find_rate:
            return [self._find_rate(spec) for spec in specs]
        self.deadline()
        if self.expected(specs[0]) > self.deadline.left:
            raise BudgetReached
        slots = [specs[i % len(specs)] for i in range(self.width)]
        seeds = [self.base.seed + i // len(specs) for i in range(self.width)]
        rows = [[_last(run) for run in self.train(fold, slots, seeds)] for fold in self.folds]
        losses, scores = (np.array([[row[name] for row in fold] for fold in rows]) for name in ("loss", "score"))
        seconds = (self.deadline.clock() - began) / len(specs)
        return [
            _trial(
                spec,
                losses[:, index :: len(specs)],
                scores[:, index :: len(specs)],
                seconds,
                tuple(rows[0][index]["curve"]) if spec.curve else (),
            )
            for index, spec in enumerate(specs)
        ]

    def expected(self, spec: TrialSpec, folds: int | None = None) -> float:
        """Return the seconds that a group is expected to take; 0 before there is any experience."""
        n = min(len(self.folds[0].training), spec.examples or len(self.folds[0].training))
        epochs = spec.epochs or self.base.epochs or 1
        program = repr(self._program(spec))
        compiling = 0.0 if program in self.compiled else max(self.compiled.values(), default=0.0)
        speed = self.speeds.get(program, max(self.speeds.values(), default=0.0))
        return compiling + (folds or len(self.folds)) * self.width * n * epochs * speed

    def train(self, fold: Fold, slots: Sequence[TrialSpec], seeds: Sequence[int]) -> list[Run]:
        """Train slots of one program side by side, each with its own seed for the first weights."""
        n = min(len(fold.training), slots[0].examples or len(fold.training))
        part = replace(fold, training=fold.training.take(slice(0, n)))
        prepared = replace(self.prepared, training=part.training, validation=part.validation)
        each = [arguments_of(self.settings(spec, seed, n), prepared) for spec, seed in zip(slots, seeds, strict=True)]
        shared = each[0]
        began = self.deadline.clock()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TrainingWarning)  # trials may diverge
            runs = train_many(
                [one["model"] for one in each],
                [one["objective"] for one in each],
                shared["data"],
                optimizer=[one["optimizer"] for one in each],
                stopping=None if shared["stopping"] is None else [one["stopping"] for one in each],
                validation=shared["validation"],
                epochs=shared["epochs"],
                batch_size=shared["batch_size"],
                shuffle=shared["shuffle"],
                seed=self.base.seed,
                device=shared["device"],
                progress=self.deadline,
            )
        self._learn(slots[0], runs[0], self.deadline.clock() - began, n)
        return runs

    def _learn(self, spec: TrialSpec, run: Run, seconds: float, n: int) -> None:
        """Remember how long compiling and training take."""
        key = repr(self._program(spec))
        training = max(seconds - run.timing.compile_seconds, 0.0)
        if key not in self.compiled:
            self.compiled[key] = run.timing.compile_seconds
        self.speeds[key] = training / (self.width * n * max(run.stop.epoch, 1))

    def settings(self, spec: TrialSpec, seed: int, n: int) -> Settings:
        """Return the settings of one trial on n examples: λ/2 Σw² beside a mean of n losses is a prior of precision λn."""
        chosen = self.base.replace(**spec.changes, seed=seed)
        share = len(self.prepared.training) / n
        changes: dict[str, Any] = {"epochs": spec.epochs or chosen.epochs, "batch_size": min(chosen.batch_size or n, n)}
        # A penalty that is always there, if only next to nothing, keeps all trials in one program.
        changes["l2"] = max((chosen.l2 or 0.0) * share, _NEXT_TO_NOTHING)
        if chosen.l1 or "l1" in spec.changes:
            changes["l1"] = max(chosen.l1 * share, _NEXT_TO_NOTHING)
        return chosen.replace(**changes)

    def _find_rate(self, spec: TrialSpec) -> Trial:
        self.deadline()
        began = self.deadline.clock()
        fold = self.folds[0]
        n = min(len(fold.training), spec.examples or len(fold.training))
        settings = self.settings(spec, self.base.seed, n)
        training = fold.training.take(slice(0, n))
        one = arguments_of(settings, replace(self.prepared, training=training, validation=None))
        try:
            found = find_learning_rate(
                one["model"],
                one["objective"],
                training,
                optimizer=one["optimizer"],
                batch_size=one["batch_size"],
                device=one["device"],
            ).rate
        except ValueError:  # the cost falls at no rate
            found = None
        except KeyboardInterrupt:
            raise BudgetReached from None
        return Trial(spec, math.inf, math.nan, math.nan, 1, self.deadline.clock() - began, rate=found)


def _last(run: Run) -> dict[str, Any]:
    """Return loss and score of the model that training ends with, and loss against time."""
    if run.stop.reason == "not_finite" or not len(run.history):
        return {"loss": math.inf, "score": math.nan, "curve": []}
    row = run.history.rows[(run.stop.best_epoch or len(run.history)) - 1]
    curve = [(round(each["seconds"], 4), each["validation_loss"]) for each in run.history.rows]
    return {
        "loss": row["validation_loss"] if math.isfinite(row["validation_loss"]) else math.inf,
        "score": row[f"validation_{run.likelihood.score_name}"],
        "curve": [point for point in curve if math.isfinite(point[1])],
    }


def _trial(spec: TrialSpec, losses: np.ndarray, scores: np.ndarray, seconds: float, curve: tuple[Any, ...]) -> Trial:
    """Return a trial from losses and scores [folds, repeats]."""
    if not np.isfinite(losses).all():
        return Trial(spec, math.inf, math.nan, math.nan, losses.size, seconds, curve=curve)
    samples = losses.mean(axis=1) if len(losses) > 1 else losses[0]
    error = float(samples.std(ddof=1) / math.sqrt(len(samples))) if len(samples) > 1 else math.nan
    return Trial(spec, float(losses.mean()), float(scores.mean()), error, losses.size, seconds, curve=curve)
