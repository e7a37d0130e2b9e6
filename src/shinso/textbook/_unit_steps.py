"""Steps made of units: what an activation has to be for a steep unit, or two of them, to step from one value to another."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from shinso.nn import Activation, Sequential, Spec, activation
from shinso.textbook._given import given_network


class UnitStep(NamedTuple):
    """A step from one value to another.

    Attributes:
        low: its value far on the left.
        high: its value far on the right.
        paired: whether it takes two units, φ(z + ½) − φ(z − ½), or φ(z) is one itself.
        steepness: what makes the window in which it is neither low nor high about a twentieth of a cell of width 1.
    """

    low: float
    high: float
    paired: bool
    steepness: float


def unit_step(spec: Spec) -> UnitStep:
    """Return the step that units with this activation make.

    φ with two different finite limits is a step itself. φ that tends to lines of two different slopes, as a rectifier does,
    makes one as φ(z + ½) − φ(z − ½), which tends to those slopes.

    Raises:
        ValueError: it is neither; the sentence says what it tends to.

    Source: Nielsen, chapter 4, "Extension beyond sigmoid neurons" and its problems on rectified linear and linear units.
    """
    phi = activation(spec)
    for function, paired, steepness in ((phi, False, 200.0), (lambda z: phi(z + 0.5) - phi(z - 0.5), True, 20.0)):
        low, high = (_limit(function, side) for side in (-1.0, 1.0))
        if math.isfinite(low) and math.isfinite(high) and low != high:
            return UnitStep(low, high, paired, steepness)
    ends = " and ".join(
        "nothing" if math.isnan(end) else f"{end:.3g}".replace("inf", "∞")
        for end in (_limit(phi, side) for side in (-1.0, 1.0))
    )
    raise ValueError(
        f"activation must tend to two different finite limits at −∞ and +∞, or to lines of two different slopes, to make "
        f"a step from; {Activation(spec).name} tends to {ends}, with one slope."
    )


def network_of_steps(
    layers: Sequence[tuple[np.ndarray, np.ndarray]], spec: Spec, step: UnitStep, output: Spec = "identity"
) -> Sequential:
    """Build a network from weights and biases of its layers in which every hidden unit is a step of z."""
    if step.paired:
        layers = [_paired(*layer, number > 0, number < len(layers) - 1) for number, layer in enumerate(layers)]
    weights, biases = zip(*layers, strict=True)
    return given_network(weights, biases, spec, output=output)


def _paired(weight: np.ndarray, bias: np.ndarray, after: bool, before: bool) -> tuple[np.ndarray, np.ndarray]:
    """A layer after and before hidden units that are pairs: all first members, then all second ones."""
    if after:
        weight = np.concatenate([weight, -weight])
    if before:
        weight, bias = np.concatenate([weight, weight], axis=1), np.concatenate([bias + 0.5, bias - 0.5])
    return weight, bias


def _limit(phi: Callable[..., Any], side: float) -> float:
    """The limit of φ far out on one side: infinite if it goes on growing, not a number if it does not settle."""
    near, far = (float(phi(jnp.asarray(side * distance))) for distance in (1e3, 1e5))
    if abs(far) > 1e4:
        return math.copysign(math.inf, far)
    return round(far, 6) + 0.0 if abs(far - near) < 1e-3 else math.nan
