"""Results in words, the same on a terminal and on a page."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from shinso.reproduce._entry import Claim, Entry
from shinso.reproduce._record import Record


class Row(NamedTuple):
    """A claim beside what was measured, in words."""

    what: str
    published: str
    ours: str
    agrees: str
    rule: str


def rows_of(entry: Entry, records: Sequence[Record]) -> list[Row]:
    """Return a row for each claim of an entry."""
    return [_row(claim, records) for claim in entry.claims]


def _row(claim: Claim, records: Sequence[Record]) -> Row:
    verdict = claim.judge(records)
    if verdict.agrees is None:
        return Row(
            claim.what, claim.published, "not run: --full" if claim.full else "not run", "", claim.agreement.words
        )
    ours = "none" if math.isnan(verdict.mean) else _number(verdict.mean, claim.unit)
    many = len(verdict.values)
    if many > 1:
        spread = f"± {_number(verdict.deviation, claim.unit)}"
        most = f"best {_number(max(verdict.values), claim.unit)}, " if claim.unit == "%" else ""
        ours = f"{ours} {spread} ({most}n = {many})"
    unit = f" {claim.unit}" if claim.unit else ""
    return Row(claim.what, claim.published, f"{ours}{unit}", "yes" if verdict.agrees else "no", claim.agreement.words)


def _number(number: float, unit: str) -> str:
    return f"{number:.2f}" if unit == "%" else f"{number:.3g}"


def in_words(seconds: float) -> str:
    """Return a time as a person says it."""
    if seconds < 100:
        return f"{seconds:.0f} s" if seconds >= 1 else f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.0f} h"


def how(records: Sequence[Record]) -> str:
    """Return how records came to be: seconds a seed, hardware, versions."""
    seconds = sum(record.seconds for record in records) / len(records)
    machine: dict[str, Any] = records[-1].environment
    side = ", side by side" if any(len(record.together) > 1 for record in records) else ""
    return (
        f"{in_words(seconds)} a seed{side}; {machine['cores']} cores, {machine['device']}, "
        f"shinso {machine['shinso']}, jax {machine['jax']}"
    )
