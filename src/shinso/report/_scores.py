"""The table of scores: every evaluation of a run, its interval on one scale with the others."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from shinso._words import count, interval, number, phrase, scored
from shinso.report._tables import metric_name
from shinso.training import Evaluation, Run

_METRICS_SHOWN = 4
_MARGIN = 0.06  # of the scale, on both sides


@dataclass(frozen=True)
class ScoreRow:
    """One evaluation as text, and where its interval and its score lie on the common scale, in percent."""

    name: str
    n: str
    score: str
    interval: str
    left: float
    width: float
    at: float
    loss: str
    metrics: list[str]


def score_table(run: Run) -> dict[str, Any]:
    """Return the rows and the names of their columns."""
    if not run.evaluations:
        return {"scores": [], "score_label": "", "metric_labels": []}
    evaluations = list(run.evaluations.values())
    score = evaluations[0].score_name
    known = dict.fromkeys(key for one in evaluations for key in one.metrics)
    keys = [key for key in known if key not in (score, "loss")][:_METRICS_SHOWN]
    place = _scale(value for one in evaluations for value in (*one.interval, one.score))
    return {
        "scores": [_row(name, one, keys, place) for name, one in run.evaluations.items()],
        "score_label": metric_name(score),
        "metric_labels": [metric_name(key) for key in keys],
    }


def _scale(values: Iterable[float]) -> Callable[[float], float]:
    """Return the function that places a value between the lowest (left) and the highest one, in percent."""
    finite = [value for value in values if math.isfinite(value)] or [0.0]
    margin = _MARGIN * (max(finite) - min(finite)) or 0.5
    low, high = min(finite) - margin, max(finite) + margin
    return lambda value: round(100.0 * (value - low) / (high - low), 2) if math.isfinite(value) else 50.0


def _row(name: str, one: Evaluation, keys: list[str], place: Callable[[float], float]) -> ScoreRow:
    left, right = map(place, one.interval)
    return ScoreRow(
        name=phrase(name).capitalize(),
        n=count(one.n),
        score=scored(one.score_name, one.score, one.n),
        interval=interval(one.score_name, one.interval, one.n),
        left=left,
        width=round(max(right - left, 0.0), 2),
        at=place(one.score),
        loss=number(one.loss),
        metrics=[_metric(key, one) for key in keys],
    )


def _metric(key: str, one: Evaluation) -> str:
    if key not in one.metrics:
        return "–"
    return scored(key, one.metrics[key], one.n)
