"""The result in one number and one sentence, and how the run ended."""

import math
from dataclasses import dataclass
from typing import Literal

from shinso._words import SPACE, called, count, interval, number, phrase, scored
from shinso.diagnose import Diagnosis
from shinso.report._history import monitor
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
    called_so, n = called(evaluation.score_name), evaluation.n
    value = scored(evaluation.score_name, evaluation.score, n)
    told = f"95{SPACE}% interval {interval(evaluation.score_name, evaluation.interval, n)}"
    if evaluation.score_name == "accuracy":
        right = count(evaluation.score * n) if math.isfinite(evaluation.score) else "–"
        what = "right in every label" if "label_accuracy" in evaluation.metrics else "right"
        return Headline(
            value, f"{name} accuracy", f"{right} of {count(n)} {name} examples {what}: {value} ({told}).", name
        )
    sentence = f"{called_so} {value} ({told}) over {count(n, f'{name} example')}."
    if "rmse" not in evaluation.metrics:
        return Headline(value, f"{name} {called_so}", sentence[0].upper() + sentence[1:], name)
    miss = number(evaluation.metrics["rmse"])
    missed = f"Predictions miss by {miss} (root mean square)"
    if "mae" in evaluation.metrics:
        missed += f", by {number(evaluation.metrics['mae'])} on average"
    return Headline(miss, f"{name} RMSE", f"{missed}; {sentence}", name)


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
