"""How long the end of a search will take."""

from shinso.data import Dataset, Prepared
from shinso.tuning._trial_runner import TrialRunner
from shinso.tuning._trials import TrialSpec

SLOW = 1.3
"""The end is given so much more time than it is expected to take."""


def judges(prepared: Prepared) -> Dataset | None:
    """Return the examples that winner and defaults are compared on."""
    return prepared.validation if prepared.test is None else prepared.test


def seconds_again(runner: TrialRunner, spec: TrialSpec) -> float:
    """Return the seconds that training again over the folds is expected to take."""
    return runner.expected(TrialSpec(spec.changes, ""))


def seconds_compared(runner: TrialRunner, spec: TrialSpec) -> float:
    """Return the same for the comparison: one training on more examples, for which folds have not compiled."""
    compiling = max(runner.compiled.values(), default=0.0) if len(runner.folds) > 1 else 0.0
    share = len(runner.prepared.training) / len(runner.folds[0].training)
    return compiling + share * runner.expected(TrialSpec(spec.changes, ""), folds=1)
