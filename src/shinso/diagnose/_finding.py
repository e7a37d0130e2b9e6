"""What a diagnosis says."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

from shinso.diagnose._baselines import Baseline, Baselines

Severity = Literal["bad", "warning", "good"]
"""How much a finding matters."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a run, or that nothing is.

    Attributes:
        code: such as ``"rate_too_high"``; ``"healthy"`` where nothing was found.
        severity: ``"bad"`` (the result is not to be used as it is), ``"warning"`` or ``"good"``.
        cause: what is wrong, in one sentence.
        evidence: the numbers that show it, by name.
        remedy: settings to change, by name, with the value to give; empty where no setting helps.
        effect: what that is expected to do, or what to do where no setting helps.
    """

    code: str
    severity: Severity
    cause: str
    evidence: Mapping[str, float] = field(default_factory=dict)
    remedy: Mapping[str, Any] = field(default_factory=dict)
    effect: str = ""


@dataclass(frozen=True)
class Diagnosis:
    """What was found in a run, the cause of other findings before them.

    Attributes:
        findings: at least one.
        unknown: what cannot be told of this run, and why, a sentence each.
        baselines: what needs no network, beside it; None where it was not asked for or cannot be had.
    """

    findings: tuple[Finding, ...]
    unknown: tuple[str, ...] = ()
    baselines: Baselines | None = None

    @property
    def first(self) -> Finding:
        """The finding to act on first."""
        return self.findings[0]

    @property
    def severity(self) -> Severity:
        """The worst severity among the findings."""
        found = {finding.severity for finding in self.findings}
        return "bad" if "bad" in found else "warning" if "warning" in found else "good"

    def to_dict(self) -> dict[str, Any]:
        """Return the diagnosis as plain data of JSON types; numbers that are not finite are None."""
        told = {"findings": [asdict(finding) for finding in self.findings], "unknown": list(self.unknown)}
        compared = None if self.baselines is None else asdict(self.baselines)
        plain: dict[str, Any] = _finite({"severity": self.severity, **told, "baselines": compared})
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "Diagnosis":
        """Return the diagnosis that `to_dict` described; None stands for a number that was not finite.

        Raises:
            KeyError, TypeError: it is not one.
        """
        findings = tuple(Finding(**{**one, "evidence": _restored(one["evidence"])}) for one in plain["findings"])
        compared = plain["baselines"]
        if compared is not None:
            found = tuple(Baseline(**_restored(one)) for one in compared["found"])
            compared = Baselines(**{**_restored(compared), "found": found})
        return cls(findings, tuple(plain["unknown"]), compared)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _finite(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [_finite(one) for one in value]
    number = float(value) if isinstance(value, np.floating) else int(value) if isinstance(value, np.integer) else value
    return None if isinstance(number, float) and not math.isfinite(number) else number


def _restored(numbers: Mapping[str, Any]) -> dict[str, Any]:
    return {name: math.nan if value is None else value for name, value in numbers.items()}
