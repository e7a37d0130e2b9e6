"""What a diagnosis says."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

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
    """

    findings: tuple[Finding, ...]
    unknown: tuple[str, ...] = ()

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
        found = [asdict(finding) for finding in self.findings]
        for finding in found:
            numbers = {name: float(value) for name, value in finding["evidence"].items()}
            finding["evidence"] = {name: value if math.isfinite(value) else None for name, value in numbers.items()}
        return {"severity": self.severity, "findings": found, "unknown": list(self.unknown)}
