"""The answer, how good the network is beside what needs none, and what to do next."""

from dataclasses import dataclass
from typing import Any

from shinso._words import SPACE, called, count, interval, number, phrase, scored
from shinso.diagnose import Baseline, Baselines, Diagnosis


@dataclass(frozen=True)
class Row:
    """A baseline in words."""

    name: str
    score: str
    gain: str
    interval: str


def compared(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return the sentences about baselines and about what to do next, and the table of baselines."""
    found = diagnosis.baselines
    return {
        "beside": "" if found is None else beside_baselines(found),
        "next": _next(diagnosis),
        "baselines": [] if found is None else [_row(found, one) for one in found.found],
        "baselines_score": "" if found is None else called(found.score_name),
        "baselines_note": ""
        if found is None
        else f"Trained on {count(found.trained, 'training example')}, compared on {count(found.examples)} {found.of} "
        "examples, the same ones for all. Where the interval is above 0 the network is better beyond doubt.",
    }


def beside_baselines(found: Baselines) -> str:
    """Return what the network is worth beside the best that needs none."""
    best = found.best
    row = _row(found, best)
    told = f"{best.name} ({called(found.score_name)} {row.score})"
    if best.low > 0:
        return f"Better than {told} by {row.gain}, 95{SPACE}% interval {row.interval}."
    if best.high < 0:
        return f"Worse than {told} by {row.gain.lstrip('−')}, 95{SPACE}% interval {row.interval}."
    ends = f"95{SPACE}% interval {row.interval}"
    if best.gain == 0:
        return f"Level with {told}: {ends} in the network's favour."
    where = "Ahead of" if best.gain > 0 else "Behind"
    return f"{where} {told} by {row.gain.lstrip('−')}, which may be chance: {ends} in the network's favour."


def _next(diagnosis: Diagnosis) -> str:
    """Return what to do next, by the finding to act on first."""
    first = diagnosis.first
    if first.severity == "good":
        return "Next: nothing was found to be wrong; shinso tune searches for better settings."
    remedy = ", ".join(f"{name} = {value}" for name, value in first.remedy.items() if value is not None)
    return f"Next: {phrase(first.code)}. {f'Change {remedy}. ' if remedy else ''}{first.effect}"


def _row(found: Baselines, one: Baseline) -> Row:
    return Row(one.name, scored(found.score_name, one.score, found.examples), _gain(found, one.gain), _ends(found, one))


def _gain(found: Baselines, gain: float) -> str:
    if not found.score_name.endswith("accuracy"):
        return number(gain)
    return f"{100 * gain:.1f} points".replace("-", "−")


def _ends(found: Baselines, one: Baseline) -> str:
    if not found.score_name.endswith("accuracy"):
        return interval("gain", (one.low, one.high))
    return f"{100 * one.low:.1f} to {100 * one.high:.1f}".replace("-", "−")
