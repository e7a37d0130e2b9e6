"""Choosing hyperparameters: `tune`."""

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from shinso import data, objectives
from shinso._checks import one_of, real, whole_number
from shinso._files import write_atomically
from shinso._interrupt import Interrupt
from shinso.data import Dataset, Prepared
from shinso.experiment import Settings, complete, prepare_experiment
from shinso.training import digest_of
from shinso.tuning._broad import broad_strategy
from shinso.tuning._folds import Fold, folds_of
from shinso.tuning._result import TUNING, Comparison, Margin, Tuning, compare, losses_and_scores, margin
from shinso.tuning._search_space import Point, Space, default_space, space_of
from shinso.tuning._searches import Plan, Search, bayesian_search, random_search, successive_halving
from shinso.tuning._trial_runner import BudgetReached, Deadline, TrialRunner
from shinso.tuning._trials import TrialLog, TrialSpec

STRATEGIES: dict[str, Callable[[Plan], Search]] = {
    "broad": broad_strategy,
    "random": random_search,
    "halving": successive_halving,
    "bayes": bayesian_search,
}
_SECONDS = 120.0
_SLOW = 1.3  # the end is given so much more time than it is expected to take
_LARGEST_RESERVE = 0.6
_FINALISTS = 2

_now: Callable[[], float] = time.monotonic


class TuningEvent(NamedTuple):
    """Where a search stands.

    Attributes:
        phase: what is being tried, in words.
        trials: trials made.
        best: the least loss of a whole training so far; infinite before there is one.
        defaults: the same of the defaults.
        seconds: time used so far, earlier parts included.
        share: the share of the budget that is used, from 0 to 1.
    """

    phase: str
    trials: int
    best: float
    defaults: float
    seconds: float
    share: float


def tune(
    source: Any,
    *,
    settings: Mapping[str, Any] | None = None,
    strategy: str = "broad",
    space: Mapping[str, Any] | None = None,
    trials: int | None = None,
    seconds: float | None = None,
    folds: int | None = None,
    side_by_side: int | None = None,
    seed: int = 0,
    folder: str | Path | None = None,
    resume: bool = False,
    progress: Callable[[TuningEvent], object] | None = None,
) -> Tuning:
    """Search for settings that train better than the defaults, and say by how much more than noise.

    Trials that differ in numbers only (learning rate, λ, momentum) are trained side by side as one compiled program.
    Trials are chosen by the mean loss at the end of training on held-out examples or over folds. Test examples are split
    off exactly as by `run_experiment`, no trial sees them; at the end winner and defaults are trained anew with the same
    seeds on the same training examples and compared on the test examples. λ is searched as a prior's precision: it is
    scaled by N/n where a trial trains on n of N examples.

    Ctrl-C ends the search and keeps what was finished. The same seed tries the same trials unless time decides.

    Args:
        source: `digits`, `mnist`, a file, a DataFrame, arrays `(X, y)`, or `Settings`.
        settings: fixed settings, by name (`Settings`); the others are the defaults or searched.
        strategy: ``"broad"`` (`broad_strategy`), ``"random"``, ``"halving"`` or ``"bayes"``.
        space: what to search: by setting ``(low, high)`` for numbers, or a list of values; None takes rate and λ, a few
            decades around the defaults, and some mini-batches, hidden units, activations and dropout rates, without
            those that `settings` fixes.
        trials: at most so many trials.
        seconds: at most so many seconds in all, compilation and the final comparison included; 120 if neither is given.
        folds: k-fold cross-validation, or 1 for the held-out validation examples; None means 5 below 1,000 examples, 2
            below 5,000, else 1.
        side_by_side: trainings at a time; None means 4 for images, else 8.
        seed: of the search.
        folder: new or empty folder for `trials.jsonl`, `tuning.json` and `settings.toml`; None stores nothing.
        resume: go on with the search in `folder`, whose arguments but for the budget must be the same.
        progress: receives a `TuningEvent` before and after every group of trials.

    Raises:
        TypeError, ValueError: an argument or the data are not accepted; one sentence says which and why.
        FileExistsError: `folder` is not empty, or belongs to another search.
        OSError: the folder cannot be written.
    """
    one_of("strategy", strategy, STRATEGIES)
    if trials is not None:
        whole_number("trials", trials, least=1)
    if seconds is not None:
        real("seconds", seconds, above=0)
    whole_number("seed", seed)
    began = _now()
    prepared, base = _prepared(source, dict(settings or {}))
    chosen = _space(base, prepared, space, settings)
    pairs = folds_of(prepared, folds, seed)
    usual = 4 if prepared.training.is_image else 8
    width = usual if side_by_side is None else whole_number("side_by_side", side_by_side, least=1)
    identity = {
        "settings": base.to_dict(),
        "strategy": strategy,
        "space": {name: dimension.to_list() for name, dimension in chosen.items()},
        "folds": len(pairs),
        "side_by_side": width,
        "seed": seed,
        "data": digest_of((prepared.training.inputs, prepared.training.targets)),
    }
    place = None if folder is None else Path(folder)
    before = _open(place, identity, resume=resume)
    with Interrupt() as interrupt:
        deadline = Deadline(interrupt, clock=_now)
        runner = TrialRunner(base, prepared, pairs, width, deadline)
        plan = Plan(chosen, base, width, len(pairs[0].training), np.random.default_rng(seed))
        log = TrialLog(place)
        budget = Budget(trials, _SECONDS if seconds is None and trials is None else seconds or math.inf, began - before)
        search = _Search(runner, log, STRATEGIES[strategy](plan), budget, progress)
        stop = search.run()
        changes = search.finals()
        comparison = search.compare(changes) if changes else None
    tuning = Tuning(
        defaults=base,
        changes=changes,
        best=_on_everything(base, changes, prepared),
        trials=log.trials,
        strategy=strategy,
        comparison=comparison,
        stop=stop,
        interrupted=interrupt.requested,
        seconds=budget.used,
        score_name=objectives.likelihood(base.likelihood or "").score_name,
        folder=place,
        notes=list(prepared.notes),
    )
    tuning.save(identity)
    return tuning


class Budget(NamedTuple):
    """At most so many trials and seconds, counted from `began`."""

    trials: int | None
    seconds: float
    began: float

    @property
    def used(self) -> float:
        """Seconds since the search began, earlier parts included."""
        return _now() - self.began


@dataclass
class _Search:
    """One search: the strategy asks, the runner answers, the log remembers, the budget ends it."""

    runner: TrialRunner
    log: TrialLog
    strategy: Search
    budget: Budget
    progress: Callable[[TuningEvent], object] | None

    def run(self) -> str:
        """Search until the budget is spent; return why it ended, in a sentence."""
        specs = next(self.strategy)
        idle = 0
        try:
            while idle < 3:
                specs = list({spec.key: spec for spec in specs}.values())
                idle = idle + 1 if all(spec in self.log for spec in specs) else 0
                self._answer(specs)
                specs = self.strategy.send([self.log[spec] for spec in specs])
        except BudgetReached:
            pass
        if self.runner.deadline.interrupt.requested:
            return f"The search was interrupted after {len(self.log.trials)} trials; what was finished is kept."
        if idle >= 3:
            return f"There is nothing new to try after {len(self.log.trials)} trials."
        if self.trials_left <= 0:
            return f"All {self.budget.trials} trials are made."
        return f"The time was up after {len(self.log.trials)} trials."

    @property
    def trials_left(self) -> float:
        """Trials that the budget still has."""
        return math.inf if self.budget.trials is None else self.budget.trials - len(self.log.trials)

    def _answer(self, specs: list[TrialSpec]) -> None:
        """Make the trials that are not known yet, as far as the budget goes."""
        for group in self.runner.groups([spec for spec in specs if spec not in self.log]):
            left = self.trials_left
            if left <= 0:
                raise BudgetReached
            self.runner.deadline.until = self.budget.began + self.budget.seconds - self._reserve(group[0])
            self._tell(group[0].phase)
            self.log.add(self.runner.measure(group[: int(min(left, len(group)))]))
            self._tell(group[0].phase)
            if left < len(group):
                raise BudgetReached

    def _reserve(self, spec: TrialSpec) -> float:
        """Return the seconds to keep for training the defaults and the winner again, be it the best so far or `spec`."""
        if math.isinf(self.budget.seconds) or self._judges is None:
            return 0.0
        winner = max([spec, *self._ranked[:1]], key=self.runner.expected)
        needed = sum(self._final(one) + self._compared(one) for one in (TrialSpec({}, ""), winner))
        return min(_SLOW * needed, _LARGEST_RESERVE * self.budget.seconds)

    def _final(self, spec: TrialSpec) -> float:
        """Return the seconds that training again over the folds is expected to take."""
        return self.runner.expected(TrialSpec(spec.changes, ""))

    def _compared(self, spec: TrialSpec) -> float:
        """Return the same for the comparison: one training on more examples, for which folds have not compiled."""
        runner = self.runner
        compiling = max(runner.compiled.values(), default=0.0) if len(runner.folds) > 1 else 0.0
        share = len(runner.prepared.training) / len(runner.folds[0].training)
        return compiling + share * runner.expected(TrialSpec(spec.changes, ""), folds=1)

    @property
    def _ranked(self) -> list[TrialSpec]:
        """What was trained whole and ended well, the best first, without the defaults."""
        whole = {trial.spec.key: trial for trial in self.log.trials if trial.spec.whole and math.isfinite(trial.loss)}
        return [trial.spec for trial in sorted(whole.values(), key=lambda trial: trial.loss) if trial.spec.changes]

    def finals(self) -> Point:
        """Return what the winner changes; nothing if the defaults are as good, or the time does not suffice.

        The best of many trials is partly the luckiest. So the two best (the best, where time is short) are trained again
        beside the defaults, with the same new seeds, and the one with the largest gain less its standard error wins if
        that is positive.
        """
        specs = self._ranked[:_FINALISTS]
        if not specs or self.runner.deadline.interrupt.requested:
            return {}
        self.runner.deadline.until = self.budget.began + self.budget.seconds
        self._tell("the best again")
        margins: list[Margin] = []
        try:
            defaults = self._losses({}, 500)
            for spec in specs:
                later = self._final(spec) + sum(self._compared(one) for one in (TrialSpec({}, ""), *specs[:1]))
                if not margins or _SLOW * later < self.runner.deadline.left:
                    margins.append(margin(defaults, self._losses(spec.changes, 500), -1.0))
        except BudgetReached:
            if not margins:
                return {}
        best = max(range(len(margins)), key=lambda index: margins[index].gain - margins[index].error)
        return specs[best].changes if margins[best].gain > margins[best].error else {}

    def _losses(self, point: Point, first_seed: int) -> np.ndarray:
        """Return losses `[S, N]` on all held-out examples of trainings with S seeds."""
        seeds = [self.runner.base.seed + first_seed + index for index in range(self.runner.width)]
        slots = [TrialSpec(point, "")] * self.runner.width
        parts = [
            losses_and_scores(self.runner.train(fold, slots, seeds), fold.validation)[0]
            for fold in self.runner.folds
            if fold.validation is not None
        ]
        return np.concatenate(parts, axis=1)

    def compare(self, changes: Point) -> Comparison | None:
        """Train defaults and winner anew with the same seeds and compare them; None where the time does not suffice."""
        prepared, examples, width = self.runner.prepared, self._judges, self.runner.width
        if examples is None or self.runner.deadline.interrupt.requested:
            return None
        self.runner.deadline.until = self.budget.began + self.budget.seconds
        self._tell("winner against defaults")
        # Seeds that no trial has used; the split stays the same, and so does what is compiled for the hold-out.
        seeds = [self.runner.base.seed + 1000 + index for index in range(width)]
        fold = Fold(prepared.training, prepared.validation)
        try:
            runs = [self.runner.train(fold, [TrialSpec(point, "")] * width, seeds) for point in ({}, changes)]
        except BudgetReached:
            return None
        return compare("test" if examples is prepared.test else "validation", examples, *runs)

    @property
    def _judges(self) -> Dataset | None:
        """The examples that winner and defaults are compared on."""
        prepared = self.runner.prepared
        return prepared.validation if prepared.test is None else prepared.test

    def _tell(self, phase: str) -> None:
        if self.progress is None:
            return
        whole = {trial.spec.key: trial.loss for trial in self.log.trials if trial.spec.whole}
        budget = self.budget
        shares = [budget.used / budget.seconds, len(self.log.trials) / (budget.trials or math.inf)]
        defaults = whole.get(TrialSpec({}, "").key, math.inf)
        made = len(self.log.trials)
        best = min(whole.values(), default=math.inf)
        self.progress(TuningEvent(phase, made, best, defaults, budget.used, min(max(shares), 1.0)))


def _prepared(source: Any, settings: dict[str, Any]) -> tuple[Prepared, Settings]:
    """Return prepared data and complete settings, as `run_experiment` would have them."""
    if isinstance(source, Settings):
        return prepare_experiment(source.replace(**settings))
    if isinstance(source, str | Path):
        return prepare_experiment(Settings.from_dict({"source": str(source), **settings}))
    base = Settings.from_dict({"source": "arrays", **settings})
    prepared = data.prepare(
        source,
        target=base.target,
        kind=base.kind,
        validation_fraction=base.validation_fraction,
        test_fraction=base.test_fraction,
        standardize=base.standardize,
        seed=base.seed,
    )
    return prepared, complete(base, prepared.training)


def _space(
    base: Settings, prepared: Prepared, space: Mapping[str, Any] | None, fixed: Mapping[str, Any] | None
) -> Space:
    if space is not None:
        return space_of(space)
    chosen = default_space(base, len(prepared.training))
    left = {name: dimension for name, dimension in chosen.items() if name not in (fixed or {})}
    if not left:
        raise ValueError("settings fix everything that would be searched; name a space.")
    return left


def _on_everything(base: Settings, changes: Point, prepared: Prepared) -> Settings:
    """Return the winner's settings for training and validation examples together: the same prior, so a smaller λ."""
    chosen = base.replace(**changes)
    if prepared.validation is None:
        return chosen
    n, more = len(prepared.training), len(prepared.validation)
    strengths = {name: float(f"{getattr(chosen, name) * n / (n + more):.4g}") for name in ("l2", "l1")}
    return chosen.replace(validation_fraction=0.0, **strengths)


def _open(place: Path | None, identity: dict[str, Any], *, resume: bool) -> float:
    """Make the folder, or make sure that it holds the same search; return the seconds that this one has taken before."""
    if place is None:
        if resume:
            raise ValueError("resume=True needs the folder of the search to resume.")
        return 0.0
    if not resume:
        if place.exists() and (not place.is_dir() or any(place.iterdir())):
            raise FileExistsError(f"{place} is not empty; choose a new folder for the search, or resume it.")
        place.mkdir(parents=True, exist_ok=True)
        write_atomically(place / TUNING, json.dumps({"identity": identity, "result": None}, indent=1).encode())
        return 0.0
    if not (place / TUNING).is_file():
        raise FileNotFoundError(f"{place} is not the folder of a search: it has no {TUNING}.")
    stored = json.loads((place / TUNING).read_text(encoding="utf-8"))["identity"]
    other = [name for name, value in json.loads(json.dumps(identity)).items() if stored.get(name) != value]
    if other:
        raise FileExistsError(f"{place} belongs to another search: {', '.join(other)} differ; choose a new folder.")
    return TrialLog(place).seconds
