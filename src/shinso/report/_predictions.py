"""The section about predicted numbers: how far off they are."""

from dataclasses import dataclass

from markupsafe import Markup

from shinso._words import count, number, shortened
from shinso.report._regression import agreement_figure, residuals, residuals_figure, skewed
from shinso.report._svg import inline_svg
from shinso.report._tables import metric_name, outputs
from shinso.training import Evaluation, Run


@dataclass(frozen=True)
class Predictions:
    """What the section shows."""

    sentence: str
    figures: list[Markup]
    rows: list[tuple[str, str]]
    note: str


def predictions(run: Run, name: str, evaluation: Evaluation) -> Predictions | None:
    """Return the section for an evaluation called `name`; None if it holds no predicted numbers."""
    try:
        found = residuals(evaluation)
    except ValueError:
        return None
    half, most = number(found.median_size), number(found.most_size)
    sentence = f"Half of the predictions miss by less than {half}, 95 % by less than {most}."
    target = shortened(str((run.data.get("target_names") or ["target"])[0]), 40)
    metrics = {**evaluation.metrics, evaluation.score_name: evaluation.score}
    told = ", ".join(f"{metric_name(key)} {number(value)}" for key, value in metrics.items())
    several = (outputs(run) or 1) > 1
    return Predictions(
        sentence=sentence,
        figures=[
            inline_svg(agreement_figure(evaluation, target), "agreement", f"Predicted against true {target}. {told}."),
            inline_svg(residuals_figure(evaluation), "residuals", f"Distribution of target − prediction. {sentence}"),
        ],
        rows=[
            ("Mean", number(found.mean)),
            ("Standard deviation", number(found.deviation)),
            ("Half are within", f"± {half}"),
            ("95 % are within", f"± {most}"),
            ("Largest", number(found.largest)),
        ],
        note=_note(evaluation, name, found.n, evaluation.n, outputs(run) if several else None),
    )


def _note(evaluation: Evaluation, name: str, shown: int, n: int, several: int | None) -> str:
    whole = f"All {count(shown)} {name} examples" if shown == n else f"{count(shown)} of {count(n)} {name} examples"
    which = f", the first of {several} outputs" if several else ""
    axes = " The axes are logarithmic: the target is skewed." if skewed(evaluation) else ""
    return f"{whole}{which}. Predictions on the diagonal are right.{axes}"
