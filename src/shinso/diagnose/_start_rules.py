"""What is wrong with the network before it has learned anything."""

import numpy as np

from shinso.diagnose._evidence import Evidence
from shinso.diagnose._finding import Finding

_MOST = 0.5
"""Share of units from which a layer is taken for lost."""


def symmetric_start(e: Evidence) -> Finding | None:
    """Units of a layer that have the same weights stay the same."""
    if not e.symmetric:
        return None
    return Finding(
        "symmetric_start",
        "bad",
        "All units of a hidden layer have the same weights: they get the same gradient and stay the same.",
        {"layers of equal units": e.symmetric},
        {"initialization": "glorot_uniform"},
        "Random first weights make units differ, so that each can learn something else.",
    )


def norm_dropout_clash(e: Evidence) -> Finding | None:
    """Units are dropped before a normalization, whose statistics are then those of training alone."""
    loss = e.column("loss")
    if not e.noisy or e.dropout < 0.1:
        return None
    worse = e.fit is not None and loss.size > 0 and e.fit.loss > loss[-1]
    return Finding(
        "norm_dropout_clash",
        "bad" if worse else "warning",
        "Units are dropped before batch normalization: the variances it has learned are those with dropout, in prediction "
        "they are others.",
        {"dropout": e.dropout, **({"training loss": loss[-1]} if loss.size else {})}
        | ({"the same without noise": e.fit.loss} if e.fit is not None else {}),
        {"dropout": 0.0},
        "Statistics in prediction are those of training.",
    )


def bad_scale(e: Evidence) -> Finding | None:
    """First weights are so large or so small that signals do not come through."""
    s = e.start
    if s is None or not s.spread.size or _inputs_off(e):
        return None
    layers = len(s.spread)
    last, growth = float(s.spread[-1]), float((s.spread[-1] / max(s.spread[0], 1e-30)) ** (1 / max(layers - 1, 1)))
    large, small = float(s.spread.max()) > 30, last < 0.02
    if (layers < 2 and not (large or small)) or not (large or small):
        return None
    if large and s.saturated.max(initial=0) > _MOST and s.spread.max() < 1e3 and not np.any(s.dead > 0.99):
        return None  # of units with limits, which is said so
    return Finding(
        "bad_scale",
        "bad" if e.poor else "warning",
        f"The first weights are too {'large' if large else 'small'}: weighted sums spread by {s.spread.min():.2g} to "
        f"{s.spread.max():.2g} where about 1 is right.",
        {"spread in the first layer": float(s.spread[0]), "in the last": last, "factor a layer": growth},
        {"initialization": "he_normal", "gain": None},
        "Signals and gradients keep their size from layer to layer.",
    )


def exploding_gradient(e: Evidence) -> Finding | None:
    """Gradients grow from the outputs to the inputs."""
    s = e.start
    if s is None or len(s.gradient) < 3:
        return None
    first, last = float(s.gradient[0]), float(s.gradient[-1])
    ratio = first / max(last, 1e-30)
    if not (np.isfinite(ratio) and ratio > 30 and first > 1):
        return None
    return Finding(
        "exploding_gradient",
        "bad" if e.poor or e.reason == "not_finite" else "warning",
        f"Gradients explode: that of the first layer is {ratio:.3g} times that of the last.",
        {"first layer": first, "last layer": last, "first to last": ratio},
        {"clip_norm": 1.0, "initialization": "orthogonal"},
        "Clipped gradients keep their direction; orthogonal weights do not make them grow.",
    )


def hidden_saturation(e: Evidence) -> Finding | None:
    """Units with limits start where they do not move."""
    s = e.start
    if s is None or s.saturated.max(initial=0) < _MOST or _inputs_off(e):
        return None
    worst = int(np.argmax(s.saturated))
    return Finding(
        "hidden_saturation",
        "bad" if e.poor else "warning",
        f"{s.saturated[worst]:.0%} of hidden layer {worst + 1} is saturated before training: its units hardly move.",
        {"saturated": float(s.saturated[worst]), "spread of weighted sums": float(s.spread[worst])},
        {"initialization": "fan_in_normal", "bias_init": "zeros"},
        "Weights of deviation 1/√inputs keep weighted sums where slopes are steep (Nielsen, chapter 3).",
    )


def dead_units(e: Evidence) -> Finding | None:
    """Units that answer nothing to any example, from the start on."""
    s = e.start
    if s is None or s.dead.max(initial=0) < _MOST or s.saturated.max(initial=0) > _MOST or _inputs_off(e):
        return None
    return Finding(
        "dead_units",
        "bad" if e.poor else "warning",
        f"{s.dead.max():.0%} of a layer's units are dead before training: no example moves them.",
        {"dead units": float(s.dead.max()), "layer": int(np.argmax(s.dead)) + 1},
        {"bias_init": "zeros", "initialization": "he_normal"},
        "Units start where half of the examples move them.",
    )


def died(e: Evidence) -> Finding | None:
    """Units that died while training."""
    s, t = e.start, e.end
    if s is None or t is None or t.dead.max(initial=0) < _MOST or not e.poor:
        return None
    return Finding(
        "dead_units",
        "bad",
        f"{t.dead.max():.0%} of a layer's units have died in training: no example moves them any more.",
        {"dead at the end": float(t.dead.max()), "at the start": float(s.dead.max(initial=0))},
        {"learning_rate": e.rate / 10, "activation": "elu"},
        "Smaller steps do not throw units out of the data; elu has a slope everywhere.",
    )


def vanishing_gradient(e: Evidence) -> Finding | None:
    """Gradients shrink from the outputs to the inputs."""
    s = e.start
    if s is None or len(s.gradient) < 4 or not e.poor:
        return None
    ratio = float(s.gradient[0] / max(s.gradient[-1], 1e-30))
    if ratio > 0.03:
        return None
    return Finding(
        "vanishing_gradient",
        "bad",
        f"The gradient vanishes on its way down: that of the first layer is {ratio:.2g} times that of the last.",
        {"first layer": float(s.gradient[0]), "last layer": float(s.gradient[-1]), "first to last": ratio},
        {"activation": "relu", "initialization": "he_normal"},
        "Rectified units have slope 1 where they are active: lower layers learn as fast as upper ones.",
    )


def output_saturation(e: Evidence) -> Finding | None:
    """Outputs are wrong where a quadratic cost hardly moves them."""
    f = e.fit
    if f is None or f.stuck < 0.05 or e.likelihood[0] != "sigmoid_quadratic":
        return None
    return Finding(
        "output_saturation",
        "bad",
        f"{f.stuck:.0%} of the outputs are wrong and saturated: with the quadratic cost their gradient is nearly 0.",
        {"wrong and saturated": f.stuck},
        {"likelihood": "sigmoid_cross_entropy"},
        "With the cross-entropy the gradient is the error itself (Nielsen, chapter 3).",
    )


def _inputs_off(e: Evidence) -> bool:
    """Whether the inputs themselves are out of scale, of which units only tell."""
    return e.data is not None and e.data.scales.size > 0 and float(e.data.scales.max()) > 10
