"""What is wrong with how much the network learned."""

import numpy as np

from shinso.diagnose._evidence import Evidence
from shinso.diagnose._finding import Finding

_GAP = 0.05
"""Of skill, beyond doubt, from which training examples are told much better than new ones."""
_GROWN = 2.0
"""Times its first size from which a layer's weights have grown as nothing holds them."""


def too_much_penalty(e: Evidence) -> Finding | None:
    """The penalty outweighs the data."""
    cost, loss = e.column("cost"), e.column("loss")
    if e.penalty <= 0 or not cost.size or not e.poor:
        return None
    share = float((cost[-1] - loss[-1]) / max(cost[-1], 1e-30))
    shrunk = float(e.end.weight.sum() / max(e.start.weight.sum(), 1e-30)) if e.start and e.end else 1.0
    nothing = e.fit is not None and e.fit.at_chance
    if shrunk > _GROWN:  # what drives weights up is no penalty
        return None
    if share < 0.2 and not (shrunk < 0.5 and (share > 0.001 or nothing)):
        return None
    return Finding(
        "too_much_penalty",
        "bad",
        f"The penalty of strength {e.penalty:g} outweighs the data: it is {share:.0%} of the cost, and weights have "
        f"{shrunk:.2g} times their first size.",
        {"strength": e.penalty, "share of the cost": share, "weights, last to first": shrunk},
        {"l2": float(f"{e.penalty / 1000:.2g}")},
        "The weights grow to what the data ask for.",
    )


def _overfits(e: Evidence) -> tuple[float, float] | None:
    """Return by how much the validation loss has risen from its lowest, and the gap of skills, where that is too much."""
    held, f = e.column("validation_loss"), e.fit
    rise = float(held[-1] / held.min()) if held.size > 3 and np.all(np.isfinite(held)) and held.min() > 0 else 1.0
    gap = 0.0
    if f is not None and np.isfinite(f.validation):
        doubt = 2 * (f.error(f.training, f.examples) + f.error(f.validation, f.held))
        gap = max(f.training - f.validation - doubt, 0.0)
        if gap < _GAP:
            return None
        if rise < 1.2 and f.lag(f.validation) < 0.15:
            return None
    elif rise < 1.3 or e.column("loss")[-1] > 0.7 * held[-1]:
        return None
    return rise, gap


def too_little_penalty(e: Evidence) -> Finding | None:
    """Weights that nothing holds grew while the network learned examples by heart."""
    found = _overfits(e)
    if found is None or e.penalty > 1e-7 or e.dropout or e.start is None or e.end is None:
        return None
    grown = float(np.max(e.end.weight / np.maximum(e.start.weight, 1e-30)))
    if grown < _GROWN:
        return None
    return Finding(
        "too_little_penalty",
        "bad",
        f"Nothing holds the weights: they grew {grown:.2g} times while the network learned examples by heart.",
        {"growth of a layer": grown, "validation loss, last to lowest": found[0]},
        {"l2": _penalty(e)},
        "Smaller weights make a smoother network, which does better on new data.",
    )


def overfitting(e: Evidence) -> Finding | None:
    """Training examples are told far better than new ones, and the best was earlier or would be elsewhere."""
    found = _overfits(e)
    if found is None:
        return None
    numbers = {"validation loss, last to lowest": found[0]}
    if e.fit is not None:
        numbers |= {"training": e.fit.training, "validation": e.fit.validation, "best other method": e.fit.reference}
    return Finding(
        "overfitting",
        "bad" if found[0] > 1.5 or found[1] > 0.15 else "warning",
        "The network has learned training examples by heart: it does far worse on new ones.",
        numbers,
        {"patience": max(5, e.epochs // 10), "l2": _penalty(e), "dropout": max(e.dropout, 0.3)},
        "Training ends at the epoch that is best for new data; penalty and dropout hold the network smooth until then.",
    )


def _penalty(e: Evidence) -> float:
    """Return a stronger penalty: that of a prior N(0, 1/3) on each weight, or ten times what there is."""
    n = e.fit.examples if e.fit is not None else 1000
    return float(f"{max(10 * e.penalty, 3 / n):.2g}")


def underfitting(e: Evidence) -> Finding | None:
    """Even training examples are told badly, though training has ended where it goes."""
    f = e.fit
    if f is None or not e.poor:
        return None
    return Finding(
        "underfitting",
        "bad",
        f"The network is too simple: it tells training examples ({f.training:.3g}) worse than another method tells new ones "
        f"({f.reference:.3g}).",
        {"training": f.training, "best other method": f.reference, "one answer for all": f.chance},
        {"network": "mlp", "hidden": (64, 64), "dropout": 0.0},
        "More units tell what few cannot.",
    )


def saturated_late(e: Evidence) -> Finding | None:
    """Units with limits have been driven to them while training."""
    s, t = e.start, e.end
    if s is None or t is None or t.saturated.max(initial=0) < 0.7 or s.saturated.max(initial=0) > 0.3 or not e.poor:
        return None
    return Finding(
        "hidden_saturation",
        "bad",
        f"{t.saturated.max():.0%} of a hidden layer was driven to its limits in training.",
        {"saturated at the end": float(t.saturated.max()), "at the start": float(s.saturated.max())},
        {"learning_rate": e.rate / 10},
        "Smaller steps keep units where they move.",
    )


def one_class(e: Evidence) -> Finding | None:
    """All examples get the same answer, though there is more to tell."""
    f = e.fit
    if f is None or f.top < 1.0 or f.never == 0:
        return None
    return Finding(
        "one_class",
        "bad",
        f"Every training example gets the same answer, as often right ({f.training:.1%}) as if nothing were looked at.",
        {"share of one answer": f.top, "training": f.training, "one answer for all": f.chance},
        {},
        "Act on what stands before this; else give the classes equal weight (class_weight = balanced), or check the inputs.",
    )


def class_never_predicted(e: Evidence) -> Finding | None:
    """A class that training has is never the answer."""
    f = e.fit
    if f is None or f.never == 0 or f.top == 1.0:
        return None
    return Finding(
        "class_never_predicted",
        "warning",
        f"{f.never} of the classes {'is' if f.never == 1 else 'are'} never the answer, not even to training examples.",
        {"classes never predicted": f.never, "recall of the worst": f.worst_recall},
        {"class_weight": "balanced"},
        "Rare classes count as much as the others and are found.",
    )
