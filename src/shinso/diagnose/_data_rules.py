"""What is wrong with the examples."""

import numpy as np

from shinso.diagnose._evidence import Evidence
from shinso.diagnose._finding import Finding

_FULL, _LARGE, _UNEVEN = 0.995, 10.0, 0.75


def leakage(e: Evidence) -> Finding | None:
    """Held-out examples that training saw, or one column that gives the target away among many."""
    d = e.data
    if d is None:
        return None
    if d.seen > 0.05:
        return Finding(
            "leakage",
            "bad",
            f"{d.seen:.0%} of the examples held out are training examples: their score says nothing of new data.",
            {"held out, seen in training": d.seen},
            {},
            "Take the copies out of either part, or split by group: the score falls to what it is worth.",
        )
    others = e.fit is not None and e.fit.chance < 0.95
    if d.answer > _FULL and d.scales.size > 2 and others:
        return Finding(
            "leakage",
            "bad",
            f"Column {_name(e, d.answer_column)} alone gives the target away: it is the answer, or numbers the rows.",
            {"score of that column alone": d.answer, "column": d.answer_column},
            {"drop": (_name(e, d.answer_column),)},
            "Without the column the score is what new data would get.",
        )
    return None


def _name(e: Evidence, place: int) -> str:
    return e.columns[place] if e.columns else str(place)


def _dropping(names: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Return the remedy that leaves columns out; none where only some inputs of each are concerned."""
    return {"drop": names} if names else {}


def shuffled_labels(e: Evidence) -> Finding | None:
    """Inputs tell nothing of the targets, to nobody."""
    f = e.fit
    # Where one class has most of the examples hardly anything beats it: that is said as such.
    uneven = e.data is not None and e.data.majority > _UNEVEN
    if f is None or f.learnable or f.examples < 50 or uneven or (e.data and e.data.far > 0.3):
        return None
    if np.isfinite(f.validation) and f.validation > f.chance + 3 * f.error(f.chance, f.held) + 0.02:
        return None
    return Finding(
        "shuffled_labels",
        "bad",
        "The inputs tell nothing of the targets, neither to this network nor to other methods: rows and targets do not "
        "belong together.",
        {"best other method": f.reference, "one answer for all": f.chance, "training": f.training},
        {},
        "Check how inputs and targets were joined; no setting helps.",
    )


def unscaled_inputs(e: Evidence) -> Finding | None:
    """Inputs are large, far from 0, or of scales far apart."""
    d = e.data
    if d is None or d.largest == 0:
        return None
    scales = d.scales[d.scales > 0]
    apart = float(scales.max() / np.median(scales)) if scales.size else 1.0
    small = float(scales.max()) < 0.02 if scales.size else False
    wide = float(scales.max()) > _LARGE if scales.size else False
    apart_found = not d.image and scales.size > 1 and float(scales.max() / scales.min()) > 100
    if not (wide or small or apart_found or (d.offset > 30 and float(d.largest) > _LARGE)):
        return None
    return Finding(
        "unscaled_inputs",
        "bad" if e.poor else "warning",
        f"The inputs are not scaled: values up to {d.largest:.3g}, standard deviations from {scales.min():.2g} to "
        f"{scales.max():.2g}.",
        {"largest input": d.largest, "largest scale": float(scales.max()), "largest to median": apart},
        {"standardize": True},
        "With mean 0 and deviation 1 one learning rate suits all columns, and units start where they learn.",
    )


def target_scale(e: Evidence) -> Finding | None:
    """Numbers to be predicted are far from the size of what a network starts with."""
    d = e.data
    if d is None or e.likelihood[1] != "regression" or e.likelihood[0] in ("poisson", "negative_binomial"):
        return None
    if d.distinct <= 20 and d.whole:
        return None
    deviation = max(d.target_deviation, 1e-12)
    if 0.03 < deviation < 10 and abs(d.target_mean) < 10 * max(deviation, 1):
        return None
    return Finding(
        "target_scale",
        "bad" if e.poor or (e.fit is not None and e.fit.training < 0.3) else "warning",
        f"The targets are not scaled: mean {d.target_mean:.3g}, standard deviation {d.target_deviation:.3g}.",
        {"target mean": d.target_mean, "target deviation": d.target_deviation},
        {"standardize": True},
        "Targets of mean 0 and deviation 1 are within reach of the first weights and the rate.",
    )


def wrong_cost(e: Evidence) -> Finding | None:
    """Classes, labels or counts are trained as plain numbers."""
    d, (name, _) = e.data, e.likelihood
    if d is None or name not in ("gaussian", "huber", "quantile") or not d.whole or d.least < 0:
        return None
    counts = d.least == 0 and d.target_mean < 20 and d.distinct > 2
    if d.distinct > 12 and not counts:
        return None
    better = "bernoulli" if d.distinct == 2 else "poisson" if counts and d.distinct > 12 else "categorical"
    return Finding(
        "wrong_cost",
        "bad",
        f"The targets are {d.distinct} whole numbers from {d.least:g} on, classes or counts, but the cost is {name}'s, "
        "which is for measurements.",
        {"distinct targets": d.distinct, "least": d.least},
        {"likelihood": better},
        "The outputs become probabilities or rates, and errors are weighed as they occur.",
    )


def constant_inputs(e: Evidence) -> Finding | None:
    """Columns that never vary."""
    d = e.data
    if d is None or not d.constant:
        return None
    share = len(d.constant) / d.scales.size
    if d.image and share < 0.5:
        return None
    return Finding(
        "constant_inputs",
        "bad" if share > 0.5 else "warning",
        f"{len(d.constant)} of {d.scales.size} input columns never vary in training: nothing can be learned of them.",
        {"constant columns": len(d.constant), "columns": d.scales.size},
        _dropping(e.whole_columns(d.constant)[:10]),
        "Their weights no longer answer, unlearned, to values that come later.",
    )


def duplicate_inputs(e: Evidence) -> Finding | None:
    """Examples or columns that are there several times."""
    d = e.data
    if d is None:
        return None
    if d.repeated > 0.1:
        return Finding(
            "duplicate_inputs",
            "warning",
            f"{d.repeated:.0%} of the training examples are repetitions of others: they count several times, and the data "
            "are fewer than they seem.",
            {"repeated examples": d.repeated},
            {},
            "Take the repetitions out, or split by group, so that the score is of new examples.",
        )
    if d.copied and not d.image:
        return Finding(
            "duplicate_inputs",
            "warning",
            f"{len(d.copied)} input columns repeat others but for scale.",
            {"repeated columns": len(d.copied), "first": d.copied[0]},
            _dropping(e.whole_columns(d.copied)[:10]),
            "The cost is no longer flat where weights of copies make up for one another.",
        )
    return None


def far_inputs(e: Evidence) -> Finding | None:
    """Held-out inputs lie outside what training saw."""
    d = e.data
    if d is None or d.far < 0.1:
        return None
    return Finding(
        "far_inputs",
        "bad" if d.far > 0.3 else "warning",
        f"{d.far:.0%} of the examples held out have a value far outside the range that training saw.",
        {"examples outside": d.far},
        {},
        "What is predicted there is extrapolated: train on such values, or check the units of those columns.",
    )


def sorted_data(e: Evidence) -> Finding | None:
    """Examples come in the order of their targets, and training takes them so."""
    d = e.data
    if d is None or d.runs > 0.35 or e.settings.get("shuffle") != "none" or e.batch_size >= d.examples:
        return None
    return Finding(
        "sorted_data",
        "bad",
        "The examples come in the order of their targets and are not shuffled: each mini-batch pulls the network to its own "
        "few targets.",
        {"changes of target, share of random order's": d.runs},
        {"shuffle": "every_epoch"},
        "Each mini-batch then stands for all of the data.",
    )


def class_imbalance(e: Evidence) -> Finding | None:
    """One class outnumbers the others, and a rare one is not found."""
    d, f = e.data, e.fit
    if d is None or f is None or not d.majority > _UNEVEN or f.worst_recall > 0.5:
        return None
    return Finding(
        "class_imbalance",
        "bad",
        f"{d.majority:.0%} of the examples are of one class, and of another only {f.worst_recall:.0%} are found.",
        {"largest class": d.majority, "rarest class": d.rarest, "recall of the worst": f.worst_recall},
        {"class_weight": "balanced"},
        "Each class weighs as much as any other (1 / its frequency): rare ones are found.",
    )


def label_noise(e: Evidence) -> Finding | None:
    """Targets contradict what their surroundings say, where that is said most surely."""
    f = e.fit
    if f is None or not f.learnable:
        return None
    doubt = 3 * np.sqrt(f.confident_errors * (1 - f.confident_errors) / max(min(f.examples, 1000) / 2, 1))
    if f.confident_errors < 0.06 or f.confident_errors - doubt < 0.02:
        return None
    return Finding(
        "label_noise",
        "warning",
        f"{f.confident_errors:.0%} of the training labels contradict their surroundings where those are most sure: labels "
        "are wrong.",
        {"contradictions among the surest half": f.confident_errors, "best other method": f.reference},
        {"l2": max(10 * e.penalty, 1e-3), "dropout": max(e.dropout, 0.3)},
        "A smoother network learns less of the wrong labels by heart; checking the contradicted ones is better.",
    )
