"""One published result as data: what is claimed, what is run, and when they agree."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from shinso.reproduce._agreement import Agreement, mean_and_deviation
from shinso.reproduce._measures import Measure
from shinso.reproduce._record import Record


class Procedure(NamedTuple):
    """A part of what is run.

    Attributes:
        experiment: a name of `EXPERIMENTS`.
        settings: what it takes, as plain data.
    """

    experiment: str
    settings: Mapping[str, Any]


class Verdict(NamedTuple):
    """What the seeds say about a claim.

    Attributes:
        values: the measured numbers, one a seed; NaN where training broke off before there was one.
        mean: their mean; NaN without any.
        deviation: the sample's standard deviation.
        agrees: whether they agree; None where nothing was measured.
    """

    values: tuple[float, ...]
    mean: float
    deviation: float
    agrees: bool | None


@dataclass(frozen=True)
class Claim:
    """A published number, or statement, and how it is measured.

    Attributes:
        what: what is measured.
        published: what the source says, in words.
        measure: a number of each seed's record.
        agreement: when the numbers agree with it.
        unit: "%", "epochs", …; empty for none.
        full: whether it takes `--full` to measure it.
    """

    what: str
    published: str
    measure: Measure
    agreement: Agreement
    unit: str = "%"
    full: bool = False

    def judge(self, records: Sequence[Record]) -> Verdict:
        """Return what the records say."""
        found = [self.measure(record) for record in records]
        values = tuple(number for number in found if number is not None)
        if not values:
            return Verdict((), math.nan, math.nan, None)
        mean, deviation = mean_and_deviation(values)
        return Verdict(values, mean, deviation, math.isfinite(mean) and self.agreement.agrees(values))


class Panel(NamedTuple):
    """A part of a figure: curves of every seed against epochs.

    Attributes:
        title: above it.
        lines: by label, the name and the column of a curve.
        log: whether the vertical axis is logarithmic.
        start: first epoch shown.
        first: epoch of the first number of a curve.
        every: epochs from one number to the next.
        axis: what the curves are drawn against.
    """

    title: str
    lines: Mapping[str, tuple[str, str]]
    log: bool = False
    start: int = 0
    first: int = 1
    every: int = 1
    axis: str = "epoch"


def panel(title: str, column: str, *names: str) -> tuple[Panel]:
    """Return the figure of one column of some curves."""
    return (Panel(title, {name: (name, column) for name in names}),)


@dataclass(frozen=True)
class Entry:
    """A row of what the sources report.

    Attributes:
        id: R1, R2, ….
        sentence: the claim in one sentence.
        source: author and chapter.
        claims: what is judged.
        steps: what is run by default.
        seconds: estimate for one seed, on two cores.
        seeds: how many by default: 0, 1, ….
        side_by_side: whether seeds are trained as one program: faster where each takes no time, but they share one order of
            mini-batches, and so hide a part of how much runs differ.
        mnist: whether it needs MNIST.
        panels: of its figure; none for no figure.
        note: what a reader should know, such as why it disagrees.
        full: what `--full` runs instead; None for the same.
        full_seconds: estimate for one seed of that.
    """

    id: str
    sentence: str
    source: str
    claims: tuple[Claim, ...]
    steps: tuple[Procedure, ...]
    seconds: float
    seeds: int = 5
    side_by_side: bool = False
    mnist: bool = True
    panels: tuple[Panel, ...] = ()
    note: str = ""
    full: tuple[Procedure, ...] | None = None
    full_seconds: float = 0.0

    def chosen(self, *, full: bool) -> tuple[tuple[Procedure, ...], float]:
        """Return what is run, and the estimate for one seed."""
        return (self.full, self.full_seconds) if full and self.full is not None else (self.steps, self.seconds)

    def accepts(self, record: Record, *, full: bool = False) -> bool:
        """Say whether a record is of what is run today; one of a full run does for a short one."""
        accepted = [plain(self.chosen(full=True)[0])] + ([] if full else [plain(self.steps)])
        return record.steps in accepted


def plain(steps: Sequence[Procedure]) -> list[Any]:
    """Return the steps as JSON has them."""
    listed: list[Any] = json.loads(json.dumps([[step.experiment, step.settings] for step in steps]))
    return listed
