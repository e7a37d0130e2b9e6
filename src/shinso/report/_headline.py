"""The result in one number and one sentence, and how the run ended."""

import math
from dataclasses import dataclass
from typing import Literal

from shinso.diagnose import Diagnosis
from shinso.report._history import monitor
from shinso.report._words import SPACE, count, number, percent, percent_range, phrase
from shinso.training import Evaluation, Run

Tone = Literal["good", "warning", "bad"]


@dataclass(frozen=True)
class Headline:
    """The result on the most honest data there is.

    Attributes:
        value: one figure, as text.
        label: what the figure is.
        sentence: the result in words, with its 95 % interval.
        of: name of the evaluation.
    """

    value: str
    label: str
    sentence: str
    of: str


@dataclass(frozen=True)
class Ending:
    """How the run ended: one word or two, how good a sign that is, and what happened."""

    word: str
    tone: Tone
    sentence: str


def headline(run: Run) -> Headline | None:
    """Return the result on the test data, else on validation data, else on what there is; None without evaluations."""
    for name in ("test", "validation", *run.evaluations):
        if name in run.evaluations:
            return _result(name, run.evaluations[name])
    return None


def _result(name: str, evaluation: Evaluation) -> Headline:
    low, high = evaluation.interval
    if evaluation.score_name == "accuracy":
        right = count(evaluation.score * evaluation.n) if math.isfinite(evaluation.score) else "–"
        what = "right in every label" if "label_accuracy" in evaluation.metrics else "right"
        value = percent(evaluation.score, evaluation.n)
        interval = percent_range(low, high, evaluation.n)
        sentence = f"{right} of {count(evaluation.n)} {name} examples {what}: {value} (95{SPACE}% interval {interval})."
        return Headline(value, f"{name} accuracy", sentence, name)
    score = "R²" if evaluation.score_name == "r2" else f"mean {phrase(evaluation.score_name)}"
    interval = f"95{SPACE}% interval {number(low)} to {number(high)}"
    told = f"{score} {number(evaluation.score)} ({interval}) over {count(evaluation.n, f'{name} example')}"
    if "rmse" not in evaluation.metrics:
        return Headline(number(evaluation.score), f"{name} {score}", f"{told[0].upper()}{told[1:]}.", name)
    value = number(evaluation.metrics["rmse"])
    missed = f"Predictions miss by {value} (root mean square)"
    if "mae" in evaluation.metrics:
        missed += f", by {number(evaluation.metrics['mae'])} on average"
    return Headline(value, f"{name} RMSE", f"{missed}; {told}.", name)


_ENDINGS: dict[str, tuple[str, Tone]] = {
    "epochs": ("Completed", "good"),
    "converged": ("Converged", "good"),
    "stalled": ("Stopped early", "good"),
    "interrupted": ("Interrupted", "warning"),
    "running": ("Not ended", "warning"),
    "not_finite": ("Not finite", "bad"),
}


def ending(run: Run, diagnosis: Diagnosis) -> Ending:
    """Return how the run ended and why, as it recorded it; no good sign where the diagnosis is bad."""
    reason, message = run.stop.reason, run.stop.message.strip()
    word, tone = _ENDINGS.get(reason, (phrase(reason).capitalize(), "warning"))
    if tone == "good":
        tone = diagnosis.severity
    message = message.replace(monitor(run), phrase(monitor(run)))
    return Ending(word, tone, message[:1].upper() + message[1:])
