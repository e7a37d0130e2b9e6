"""One search from its first trial until its budget is spent."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from shinso.tuning._estimates import SLOW, judges, seconds_again, seconds_compared
from shinso.tuning._searches import Search
from shinso.tuning._trial_runner import BudgetReached, TrialRunner
from shinso.tuning._trials import TrialLog, TrialSpec

_LARGEST_RESERVE = 0.6


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


class Budget(NamedTuple):
    """At most so many trials and seconds, counted from `began` on a clock."""

    trials: int | None
    seconds: float
    began: float
    clock: Callable[[], float]

    @property
    def used(self) -> float:
        """Seconds since the search began, earlier parts included."""
        return self.clock() - self.began


@dataclass
class SearchRun:
    """One search: the strategy asks, the runner answers, the log remembers, the budget ends it."""

    runner: TrialRunner
    log: TrialLog
    strategy: Search
    budget: Budget
    progress: Callable[[TuningEvent], object] | None
    asked: list[TrialSpec] = field(default_factory=list)

    def run(self) -> str:
        """Search until the budget is spent; return why it ended, in a sentence."""
        specs = next(self.strategy)
        idle = 0
        try:
            while idle < 3:
                self.asked = specs
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
            self.tell(group[0].phase)
            self.log.add(self.runner.measure(group[: int(min(left, len(group)))]))
            self.tell(group[0].phase)
            if left < len(group):
                raise BudgetReached

    def _reserve(self, spec: TrialSpec) -> float:
        """Return the seconds to keep for training the defaults and the winner again, be it the best so far or `spec`."""
        if math.isinf(self.budget.seconds) or judges(self.runner.prepared) is None:
            return 0.0
        winner = max([spec, *self.ranked[:1]], key=self.runner.expected)
        needed = sum(
            seconds_again(self.runner, one) + seconds_compared(self.runner, one) for one in (TrialSpec({}, ""), winner)
        )
        return min(SLOW * needed, _LARGEST_RESERVE * self.budget.seconds)

    @property
    def ranked(self) -> list[TrialSpec]:
        """What was trained whole and ended well, the best first, without the defaults."""
        whole = {trial.spec.key: trial for trial in self.log.trials if trial.spec.whole and math.isfinite(trial.loss)}
        return [trial.spec for trial in sorted(whole.values(), key=lambda trial: trial.loss) if trial.spec.changes]

    @property
    def finalists(self) -> list[TrialSpec]:
        """What may win: the ranked, or what the strategy asked for last, if the time did not suffice for any whole trial.

        So what small trials found is tried, too.
        """
        untried = self.asked if self.trials_left > 0 else []
        return self.ranked or [spec for spec in untried if spec.whole and spec.changes]

    def tell(self, phase: str) -> None:
        """Tell the listener where the search stands."""
        if self.progress is None:
            return
        whole = {trial.spec.key: trial.loss for trial in self.log.trials if trial.spec.whole}
        budget = self.budget
        shares = [budget.used / budget.seconds, len(self.log.trials) / (budget.trials or math.inf)]
        defaults = whole.get(TrialSpec({}, "").key, math.inf)
        made = len(self.log.trials)
        best = min(whole.values(), default=math.inf)
        self.progress(TuningEvent(phase, made, best, defaults, budget.used, min(max(shares), 1.0)))
