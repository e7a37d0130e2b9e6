"""What is wrong with the steps that were made."""

import numpy as np

from shinso.diagnose._evidence import Evidence
from shinso.diagnose._finding import Finding

_GOOD_STEP = 0.003
"""‖Δθ‖ / ‖θ‖ of a step that is neither large nor small."""
_FEW = 4
"""Examples a step that may be too few to show a direction."""
_STILL_FALLING = 0.15
"""Of all that the cost fell, what it did in the last third of the epochs of a network that does well."""
_THROWN = 0.5
"""‖Δθ‖ / ‖θ‖ of a step too long for any number of examples."""
_THROWN_WEIGHTS = 5.0
"""Times their first size that weights have after such steps."""
_SHORT_STEP = 5e-4
"""That of a step which is short by itself: where such steps do not get there, they are not too few alone."""


def _largest_step(e: Evidence) -> float:
    """Return the largest relative step of a layer at the start; NaN where it is not known."""
    if e.start is None or not e.start.ratio.size:
        return float("nan")
    return float(np.nanmax(np.where(np.isfinite(e.start.ratio), e.start.ratio, np.inf)))


def _lower(e: Evidence) -> float:
    """Return a lower rate, at which the first step would be of a good length."""
    step = _largest_step(e)
    factor = min(max(_GOOD_STEP / step, 1e-4), 0.1) if np.isfinite(step) and step > 0 else 0.1
    return float(f"{e.rate * factor:.2g}")


def cliff(e: Evidence) -> Finding | None:
    """The gradient leapt once, and the cost with it."""
    norms, loss = e.column("gradient_norm"), e.column("loss")
    if len(norms) < 6 or not np.all(np.isfinite(norms)):
        return None
    peak = int(np.argmax(norms))
    leap = norms[peak] / max(np.median(norms), 1e-30)
    calm = np.median(loss[:peak]) if peak else np.inf
    if peak < 2 or leap < 30 or loss[peak : peak + 2].max() < 2 * calm:
        return None
    return Finding(
        "cliff",
        "bad" if loss[-1] > loss[peak - 1] else "warning",
        f"In epoch {peak + 1} the gradient was {leap:.3g} times as long as usual: a step off a cliff of the cost.",
        {"epoch": peak + 1, "gradient there": norms[peak], "usual": float(np.median(norms))},
        {"clip_norm": float(f"{2 * np.median(norms):.2g}")},
        "A clipped step stays where the gradient holds (Goodfellow et al., §8.2.4).",
    )


def diverged(e: Evidence) -> Finding | None:
    """The cost went up without bound."""
    loss, held = e.column("loss"), e.column("validation_loss")
    usual = e.fit.constant_loss if e.fit is not None else float("nan")
    usual = usual if np.isfinite(usual) else (abs(loss[0]) if loss.size else 1.0)
    last = max([abs(column[-1]) for column in (loss, held) if column.size], default=0.0)
    if e.reason != "not_finite" and np.isfinite(last) and last <= 1e3 * max(usual, 1e-3):
        return None
    return Finding(
        "diverged",
        "bad",
        "The cost went up without bound: the steps are too long.",
        {"last loss": last, "one answer for all": usual, "rate": e.rate},
        {"learning_rate": _lower(e)} if np.isfinite(e.rate) else {"optimizer": "adam"},
        "Steps that are short enough lower the cost.",
    )


def rate_too_high(e: Evidence) -> Finding | None:
    """Steps as long as the weights, or a cost that goes up and down and does not get low."""
    loss, step = e.column("loss"), _largest_step(e)
    if not loss.size or not np.isfinite(e.rate):
        return None
    late = loss[len(loss) // 2 :]
    rough = float(np.median(np.abs(np.diff(late))) / max(np.median(late), 1e-30)) if len(late) > 3 else 0.0
    ups = float(np.mean(np.diff(late) > 0)) if len(late) > 3 else 0.0
    long = step > 0.1 or (e.start is not None and e.start.ratio.size > 0 and not np.isfinite(step))
    worse = e.fit is not None and np.isfinite(e.fit.constant_loss) and loss[-1] > 1.02 * e.fit.constant_loss
    # What goes up and down at a few examples a step may be their noise alone.
    rough_course = rough > 0.05 and ups > 0.3 and e.batch_size > _FEW
    if e.poor and (long or (worse and loss[-1] > 0.9 * loss[0] and step > 0.01) or rough_course):
        outcome, severity = "the cost does not get low", "bad"
    elif step > 0.3 and _growth(e) > _THROWN_WEIGHTS:
        outcome, severity = f"weights were thrown to {_growth(e):.2g} times their size", "warning"
    else:
        return None
    return Finding(
        "rate_too_high",
        "bad" if severity == "bad" else "warning",
        f"The learning rate {e.rate:g} is too high: the first step moves a layer by {step:.2g} of its weights, "
        f"and {outcome}.",
        {"rate": e.rate, "first step": step, "epochs that rose": ups, "last loss": loss[-1]},
        {"learning_rate": _lower(e)},
        "Steps of some thousandths of the weights go down the cost instead of across it.",
    )


def _growth(e: Evidence) -> float:
    """Return how many times its first size the weights of the layer that grew most have."""
    if e.start is None or e.end is None:
        return 1.0
    return float(np.max(e.end.weight / np.maximum(e.start.weight, 1e-30), initial=0.0))


def rate_too_low(e: Evidence) -> Finding | None:
    """All steps together could not have moved the weights far."""
    if not e.steps_taken.size or not e.poor or not np.isfinite(e.rate) or _growth(e) > _THROWN_WEIGHTS:
        return None
    path = float(e.steps_taken.max() * e.steps)
    if path > 0.3 or e.steps_taken.max() > _SHORT_STEP:
        return None
    return Finding(
        "rate_too_low",
        "bad",
        f"The learning rate {e.rate:g} is too low: all {e.steps:,} steps in one direction would have moved no layer by more "
        f"than {path:.2g} of its weights.",
        {"rate": e.rate, "longest way of a layer": path, "mean step": float(e.steps_taken.max())},
        {"learning_rate": float(f"{e.rate * min(max(_GOOD_STEP / max(e.steps_taken.max(), 1e-30), 10), 1e5):.2g}")},
        "The same number of steps gets to where the cost is low.",
    )


def rate_decayed_early(e: Evidence) -> Finding | None:
    """The learning rate fell to nothing while there was much to learn."""
    rates = e.column("learning_rate")
    if len(rates) < 5 or not e.poor or not np.isfinite(e.rate):
        return None
    lived = float(np.mean(rates > 0.01 * e.rate))
    if lived > 0.5:
        return None
    return Finding(
        "rate_decayed_early",
        "bad",
        f"The learning rate fell too early: for {1 - lived:.0%} of the epochs it was below a hundredth of the first.",
        {"first rate": e.rate, "last rate": float(rates[-1]), "epochs above a hundredth": lived},
        {"schedule": "cosine"},
        "The rate stays high until the cost is low.",
    )


def batch_too_large(e: Evidence) -> Finding | None:
    """Few steps were made, each on more examples than its direction needs."""
    f = e.fit
    if f is None or not (e.poor or _still_falling(e)) or e.optimizer not in _RULES:
        return None
    if e.batch_size < 0.2 * f.examples or e.batch_size < 64 or e.steps > 500:
        return None
    size = max(8, min(32, f.examples // 20))
    return Finding(
        "batch_too_large",
        "bad",
        f"Mini-batches of {e.batch_size} of {f.examples} examples leave {e.steps} steps in all, too few to get there.",
        {"batch size": e.batch_size, "steps": e.steps, "examples": f.examples},
        {"batch_size": size},
        f"Mini-batches of {size} make {e.batch_size // size} times as many steps of the same work.",
    )


_RULES = ("sgd", "momentum", "nesterov", "adagrad", "adadelta", "rmsprop", "adam", "adamw")


def batch_too_small(e: Evidence) -> Finding | None:
    """Steps are noise more than direction."""
    norms = e.column("gradient_norm")
    if e.batch_size > _FEW or not norms.size or e.end is None or not e.poor or _largest_step(e) > _THROWN:
        return None
    whole = float(np.sqrt(np.sum(e.end.gradient**2)))
    noise = norms[-1] / max(whole, 1e-30)
    if noise < 2:
        return None
    return Finding(
        "batch_too_small",
        "bad",
        f"Mini-batches of {e.batch_size} are mostly noise: their gradients are {noise:.2g} times as long as that of many "
        "examples.",
        {"batch size": e.batch_size, "gradient of a mini-batch": norms[-1], "of many examples": whole},
        {"batch_size": 32},
        "The noise of 32 examples is a fraction of that.",
    )


def _still_falling(e: Evidence) -> bool:
    """Whether the cost fell steadily to the end: in the last third by a share worth more epochs."""
    loss = e.column("validation_loss") if e.column("validation_loss").size else e.column("loss")
    if len(loss) < 4 or not np.all(np.isfinite(loss)):
        return False
    late = loss[-max(3, len(loss) // 3) :]
    fell = late[0] - late[-1]
    share = 0.1 if e.poor else _STILL_FALLING
    return bool(
        fell > share * (loss[0] - loss.min()) and np.mean(np.diff(late) < 0) > 0.7 and fell > 0.03 * abs(late[0])
    )


def _just_begun(e: Evidence) -> bool:
    """Whether there were too few epochs to see a course, and the network does badly."""
    loss = e.column("loss")
    return bool(e.poor and 0 < len(loss) <= 3 and np.all(np.isfinite(loss)) and (len(loss) == 1 or loss[-1] < loss[0]))


def stopped_early(e: Evidence) -> Finding | None:
    """Training ended while the cost was falling."""
    if not (_still_falling(e) or _just_begun(e)) or e.reason not in ("epochs", "stalled", "interrupted", "evaluations"):
        return None
    epochs = 4 * max(e.epochs, 5)
    remedy = {"epochs": epochs, **({"patience": 0} if e.reason == "stalled" else {})}
    loss = e.column("loss")
    return Finding(
        "stopped_early",
        "bad" if e.poor else "warning",
        f"Training ended after {e.epochs} epochs while the cost was still falling.",
        {"epochs": e.epochs, "last loss": float(loss[-1]), "first loss": float(loss[0])},
        remedy,
        "The cost falls further.",
    )


def ill_conditioned(e: Evidence) -> Finding | None:
    """Plain gradient steps cannot be right for directions of curvature far apart."""
    if e.data is None or e.optimizer not in ("sgd", "gradient_descent", "momentum"):
        return None
    # Where inputs are all but dependent, lagging a little is enough of a sign: nothing else makes plain steps so slow.
    extreme = e.data.condition > 1e6 and not e.data.image and e.fit is not None and e.fit.lag(e.fit.training) > 0.1
    if not (e.poor or extreme) or e.data.condition < (1e5 if e.data.image else 1e3):
        return None
    return Finding(
        "ill_conditioned",
        "bad",
        f"The inputs are nearly dependent (condition {e.data.condition:.2g}): steps that suit the steep directions are far "
        "too short for the flat ones.",
        {"condition": e.data.condition},
        {"optimizer": "adam", "learning_rate": 0.01},
        "Each direction gets steps of its own length.",
    )


def saddle(e: Evidence) -> Finding | None:
    """The gradient is small and the curvature partly negative."""
    if e.curvature is None or not e.poor:
        return None
    least, greatest = e.curvature
    if least > -0.05 * max(abs(greatest), 1e-12):
        return None
    return Finding(
        "saddle",
        "bad",
        "Training stands near a saddle: the gradient is small, but some directions curve down.",
        {"least curvature": least, "greatest": greatest},
        {"optimizer": "adam", "gain": 1.0},
        "Steps of a length of their own leave along the directions that curve down.",
    )


def plateau(e: Evidence) -> Finding | None:
    """The cost has not moved for most of the epochs."""
    loss = e.column("loss")
    if len(loss) < 5 or not e.poor:
        return None
    late = loss[len(loss) // 2 :]
    if np.ptp(late) > 0.01 * abs(late.mean()):
        return None
    return Finding(
        "plateau",
        "bad",
        f"The cost has stood at {late.mean():.3g} for half of the epochs, and it could be lower.",
        {"loss": float(late.mean()), "its range in the second half": float(np.ptp(late))},
        {"optimizer": "adam", "learning_rate": 0.003},
        "Steps whose length does not shrink with the gradient leave the plateau.",
    )
