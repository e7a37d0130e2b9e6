"""Results in words, the same on a terminal and on a page."""

import statistics
from collections.abc import Sequence
from typing import Any, NamedTuple

from shinso.reproduce._entry import Claim, Entry
from shinso.reproduce._record import Record


class ClaimRow(NamedTuple):
    """A claim beside what was measured, in words."""

    what: str
    published: str
    ours: str
    agrees: str
    rule: str


def rows_of(entry: Entry, records: Sequence[Record]) -> list[ClaimRow]:
    """Return a row for each claim of an entry."""
    return [_row(claim, records) for claim in entry.claims]


def _row(claim: Claim, records: Sequence[Record]) -> ClaimRow:
    verdict = claim.judge(records)
    if verdict.agrees is None:
        return ClaimRow(
            claim.what, claim.published, "not run: --full" if claim.full else "not run", "", claim.agreement.words
        )
    unit = f" {claim.unit}" if claim.unit else ""
    many, ours = len(verdict.values), _number(verdict.mean, claim.unit)
    if many > 1:
        most = f"best {_number(max(verdict.values), claim.unit)}, " if claim.unit == "%" else ""
        ours = f"{ours} ± {_number(verdict.deviation, claim.unit)}{unit} ({most}n = {many})"
    else:
        ours = f"{ours}{unit}"
    return ClaimRow(claim.what, claim.published, ours, "yes" if verdict.agrees else "no", claim.agreement.words)


def _number(number: float, unit: str) -> str:
    return f"{number:.2f}" if unit == "%" else f"{number:.3g}"


def duration_in_words(seconds: float) -> str:
    """Return a time as a person says it."""
    if seconds < 100:
        return f"{seconds:.0f} s" if seconds >= 1 else f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.0f} h"


def how(records: Sequence[Record]) -> str:
    """Return how records came to be: time a seed, the median as a machine may have paused, hardware, versions."""
    seconds, processor = (
        duration_in_words(statistics.median(getattr(record, name) for record in records))
        for name in ("seconds", "processor_seconds")
    )
    machine: dict[str, Any] = records[-1].environment
    side = ", side by side" if any(len(record.together) > 1 for record in records) else ""
    return (
        f"{seconds} a seed{side} ({processor} of processor time); {machine['cores']} cores, {machine['device']}, "
        f"shinso {machine['shinso']}, jax {machine['jax']}"
    )
