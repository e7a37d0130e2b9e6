"""What a diagnosis found, as the page shows it."""

from dataclasses import dataclass

from markupsafe import Markup
from matplotlib.figure import Figure

from shinso._words import number, phrase
from shinso.diagnose import Diagnosis
from shinso.report._curves import curve
from shinso.report._headline import Tone
from shinso.report._history import series
from shinso.report._probes import first_sums, layer_lines, probed
from shinso.report._svg import inline_svg
from shinso.training import Run

_LOSS = (
    "diverged",
    "overfitting",
    "too_little_penalty",
    "too_much_penalty",
    "stopped_early",
    "plateau",
    "saddle",
    "underfitting",
    "rate_decayed_early",
    "batch_too_small",
    "batch_too_large",
    "ill_conditioned",
)
_OF_LAYERS = {
    "vanishing_gradient": "bias_gradient_norm",
    "exploding_gradient": "bias_gradient_norm",
    "rate_too_high": "update_ratio",
    "rate_too_low": "update_ratio",
}
_SUMS = ("hidden_saturation", "dead_units", "bad_scale")


@dataclass(frozen=True)
class Shown:
    """A finding in words."""

    name: str
    tone: Tone
    cause: str
    change: str
    effect: str
    numbers: str
    figure: Markup | None = None


def findings(diagnosis: Diagnosis, run: Run | None = None) -> list[Shown]:
    """Return what was found, with a small figure where the run is given; that nothing was found is no finding to read."""
    return [
        Shown(
            phrase(finding.code).capitalize(),
            finding.severity,
            finding.cause,
            ", ".join(f"{name} = {_value(value)}" for name, value in finding.remedy.items() if value is not None),
            finding.effect,
            ", ".join(f"{name} {number(float(value))}" for name, value in finding.evidence.items()),
            None if run is None else _figure(run, finding.code),
        )
        for finding in diagnosis.findings
        if finding.severity != "good"
    ]


def _figure(run: Run, code: str) -> Markup | None:
    """Return the figure in which a finding is seen; None where the run has not what it shows."""
    drawn: Figure | None = None
    if code == "cliff" and series(run, "gradient_norm"):
        drawn = curve(run, "gradient_norm")
    elif code in _LOSS and series(run, "loss"):
        drawn = curve(run, "loss")
    elif code in _OF_LAYERS and probed(run, _OF_LAYERS[code]) and len(run.probes) > 1:
        drawn = layer_lines(run, _OF_LAYERS[code])
    elif code in _SUMS and probed(run, "z_mean"):
        drawn = first_sums(run.probes, probed(run, "z_mean"))
    return None if drawn is None else inline_svg(drawn, f"found-{code}", f"What shows it: {phrase(code)}.")


def _value(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
