"""The door: a run in, findings out."""

from typing import Any

from shinso._words import called, scored
from shinso.diagnose import _course_rules as course
from shinso.diagnose import _data_rules as data
from shinso.diagnose import _fit_rules as fit
from shinso.diagnose import _start_rules as start
from shinso.diagnose._baselines import Baselines, baselines_of
from shinso.diagnose._collect import evidence_of, with_curvature
from shinso.diagnose._evidence import Evidence
from shinso.diagnose._finding import Diagnosis, Finding
from shinso.experiment import data_of_run
from shinso.objectives import Batch, as_batch
from shinso.training import Ensemble, Run

# What causes other findings stands before them.
RULES = (
    data.leakage,
    start.symmetric_start,
    data.unscaled_inputs,
    data.target_scale,
    data.wrong_cost,
    data.far_inputs,
    data.sorted_data,
    start.norm_dropout_clash,
    start.exploding_gradient,
    start.hidden_saturation,
    start.bad_scale,
    start.dead_units,
    course.batch_too_small,
    course.diverged,
    course.rate_decayed_early,
    course.rate_too_high,
    fit.too_much_penalty,
    start.vanishing_gradient,
    start.output_saturation,
    course.batch_too_large,
    course.rate_too_low,
    start.died,
    fit.saturated_late,
    course.ill_conditioned,
    data.shuffled_labels,
    data.class_imbalance,
    data.label_noise,
    course.cliff,
    course.saddle,
    fit.too_little_penalty,
    fit.overfitting,
    data.duplicate_inputs,
    data.constant_inputs,
    course.stopped_early,
)
# What is said where nothing else explains why the network does badly.
OTHERWISE = (course.plateau, fit.underfitting)
# What the network does in the end, whatever has caused it.
SYMPTOMS = (fit.one_class, fit.class_never_predicted)


def findings_of(evidence: Evidence) -> tuple[Finding, ...]:
    """Return what the rules find, causes before what they bring about; `healthy` where they find nothing.

    Of one code only the first finding is kept.
    """
    found: dict[str, Finding] = {}
    for rule in RULES:
        finding = rule(evidence)
        if finding is not None:
            found.setdefault(finding.code, finding)
    if all(finding.severity != "bad" for finding in found.values()):
        found |= {finding.code: finding for rule in OTHERWISE if (finding := rule(evidence)) is not None}
    found |= {finding.code: finding for rule in SYMPTOMS if (finding := rule(evidence)) is not None}
    return tuple(found.values()) or (_healthy(evidence),)


def diagnose(
    run: Run | Ensemble, training: Any = None, validation: Any = None, *, baselines: bool = False
) -> Diagnosis:
    """Return why a run did or did not learn: findings, the first of which is to be acted on first.

    Rules read the history, the probes, the settings and the parameters; and, where the examples can be had, what those tell
    of themselves, what the network predicts for them, and what a linear model and a random forest make of them, on at most
    1,000 examples. Examples are those given, those the run has in memory, or those that its experiment can read again.

    Args:
        run: a run; of an ensemble its first.
        training: `(X, y)`, `(X, y, weights)` or a `Dataset`, as in training.
        validation: examples that training did not see, in the same form.
        baselines: whether simple predictors are trained too, some seconds, and compared with the network on the test
            examples, else on those of validation.

    Raises:
        TypeError, ValueError: what `shinso.train` raises for such data.
    """
    one = run.runs[0] if isinstance(run, Ensemble) else run
    examples, unknown = _examples(one, training, validation)
    try:
        evidence = evidence_of(one, examples.get("training"), examples.get("validation"))
        if evidence.data is not None and course.plateau(evidence) is not None:
            evidence = with_curvature(evidence, one, examples["training"])
    except (TypeError, ValueError) as error:
        evidence, examples = evidence_of(one, None, None), {}
        unknown.append(f"The examples do not fit the run, so nothing is told of them: {error}")
    if not one.probes.rows:
        unknown.append(
            "Without probes nothing can be told of gradients, units and steps of single layers: train with probes='light'."
        )
    if evidence.data is None and examples:
        unknown.append("The examples are sequences, or are rebuilt: what they tell of themselves is not looked at.")
    compared = _baselines(run, examples) if baselines and evidence.fit is not None else None
    findings = findings_of(evidence)
    if compared is not None and all(finding.severity == "good" for finding in findings):
        findings = tuple(finding for finding in (worse_than_baseline(compared),) if finding is not None) or findings
    return Diagnosis(findings, tuple(unknown), compared)


def _baselines(run: Run | Ensemble, examples: dict[str, Batch]) -> Baselines | None:
    of = next((name for name in ("test", "validation") if name in examples), None)
    return None if of is None else baselines_of(run, examples["training"], examples[of], of)


def worse_than_baseline(compared: Baselines) -> Finding | None:
    """Return the finding that something simpler does better, beyond doubt."""
    worst = compared.best
    if not worst.high < 0:
        return None
    dummy = compared.found[0]
    nothing = dummy.high < 0
    against = dummy if nothing else worst
    return Finding(
        "worse_than_baseline",
        "bad" if nothing else "warning",
        f"The network does worse on {compared.of} examples than {'one answer for all' if nothing else against.name}: "
        f"{called(compared.score_name)} {scored(compared.score_name, compared.network, compared.examples)} against "
        f"{scored(compared.score_name, against.score, compared.examples)}.",
        {"network": compared.network, against.name: against.score, "gain, at most": against.high},
        {},
        "Use the simpler predictor, or let shinso tune search for settings that beat it.",
    )


def _examples(run: Run, training: Any, validation: Any) -> tuple[dict[str, Batch], list[str]]:
    """Return examples by name, and what cannot be told without them."""
    given = {"training": training, "validation": validation}
    found = {
        name: as_batch(name, examples, run.likelihood) for name, examples in given.items() if examples is not None
    } or {name: batch for name, batch in run.sets.items() if name in (*given, "test")}
    if not found and run.folder is not None and run.data.get("encoder") is not None:
        try:
            prepared = data_of_run(run)
        except (OSError, ValueError) as error:
            return {}, [f"The data cannot be read again, so nothing is told of them: {error}"]
        held = prepared.validation if prepared.validation is not None else prepared.test
        sets = {"training": prepared.training, "validation": held, "test": prepared.test}
        found = {name: as_batch(name, one, run.likelihood) for name, one in sets.items() if one is not None}
    if "training" not in found:
        return {}, [
            "The run does not store its examples: leakage, scales, duplicates, labels and classes cannot be judged; give "
            "them: run.diagnose(training=(X, y), validation=(X, y))."
        ]
    if "validation" not in found:
        return found, ["There are no examples held out: what is learned by heart cannot be told from what is learned."]
    return found, []


def _healthy(e: Evidence) -> Finding:
    f = e.fit
    numbers = (
        {} if f is None else {"training": f.training, "best other method": f.reference, "one answer for all": f.chance}
    )
    if f is not None and f.held:
        numbers["validation"] = f.validation
    return Finding("healthy", "good", "Nothing was found that keeps the network from learning.", numbers)
