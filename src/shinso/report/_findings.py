"""What a diagnosis found, as the page shows it."""

from dataclasses import dataclass

from shinso._words import number, phrase
from shinso.diagnose import Diagnosis
from shinso.report._headline import Tone


@dataclass(frozen=True)
class Shown:
    """A finding in words."""

    name: str
    tone: Tone
    cause: str
    change: str
    effect: str
    numbers: str


def findings(diagnosis: Diagnosis) -> list[Shown]:
    """Return what was found, but that nothing was: that is no finding to read."""
    return [
        Shown(
            phrase(finding.code).capitalize(),
            finding.severity,
            finding.cause,
            ", ".join(f"{name} = {_value(value)}" for name, value in finding.remedy.items() if value is not None),
            finding.effect,
            ", ".join(f"{name} {number(float(value))}" for name, value in finding.evidence.items()),
        )
        for finding in diagnosis.findings
        if finding.severity != "good"
    ]


def _value(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
