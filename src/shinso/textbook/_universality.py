"""Networks that approximate a given function, their weights written down rather than trained."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg

from shinso import _checks
from shinso.nn import Sequential, Spec
from shinso.textbook._unit_steps import UnitStep, network_of_steps, unit_step
from shinso.textbook._values import values_of

_MOST_CELLS = 20_000
_TOWER_GAIN = 40.0
_SAMPLES = 4

Part = tuple[np.ndarray, np.ndarray]


def approximate(
    f: Callable[..., Any],
    bumps: int,
    *,
    activation: Spec = "sigmoid",
    output: str = "linear",
    dimensions: int = 1,
    steepness: float | None = None,
    shifts: int = 1,
) -> Sequential:
    """Return a network, not trained but written down, that approximates f on the unit interval, square or cube.

    A unit φ(w(x − s)) with a large w is a step at s, scaled to go from 0 to 1: H. A rectifier's H is two units,
    φ(z + ½) − φ(z − ½). A bump's height h_j is the mean of f over its cell, of σ⁻¹∘f for a sigmoid output.

    * One dimension, one hidden layer: Σ_j h_j (H(x − s_j) − H(x − s_{j+1})), a pair of hidden units for each bump,
      output weights ±h_j, output bias 0.
    * m ≥ 2 dimensions, two hidden layers: the first makes N bumps along each axis, the second Nᵐ towers
      H(g Σ (m bumps) + b), b = (½ − m)g, so −3g/2 for m = 2: a tower stands where all m bumps do. Their heights
      are the output weights.

    The error falls as 1/N for a Lipschitz f: away from the steps it is at most L/(2N), in m dimensions 0.6 L√m/N. Near a
    step H is neither 0 nor 1; M `shifts` repair that by M networks of a height 1/M, 1/M bump apart.

    Args:
        f: A continuous function, called with m numbers in [0, 1]; returns a number, or a sequence of K numbers.
        bumps: N ≥ 1 along each axis; Nᵐ at most 20,000.
        activation: φ, any activation with two different finite limits at ±∞ (sigmoid, tanh, erf, gaussian_cdf, step), or two
            different slopes there (relu, elu, softplus, gelu, silu): all but identity.
        output: "linear": the last layer is affine; "sigmoid": σ is applied after it, and f must lie in (0, 1).
        dimensions: m ≥ 1.
        steepness: w > 0; 200 N unless given, 20 N for rectifiers.
        shifts: M ≥ 1.

    Returns:
        A network from `[P, m]` to `[P, K]`.

    Raises:
        ValueError: φ makes no step; f is not finite, or not inside (0, 1) for a sigmoid output; a number is out of range,
            or there are too many towers.

    Source: Nielsen, chapter 4.
    """
    m = _checks.whole_number("dimensions", dimensions, least=1)
    n = _checks.whole_number("bumps", bumps, least=1)
    copies = _checks.whole_number("shifts", shifts, least=1)
    if n**m > _MOST_CELLS:
        raise ValueError(f"bumps must make at most {_MOST_CELLS:,} cells, bumps ** dimensions; got {n} ** {m}.")
    _checks.one_of("output", output, ("linear", "sigmoid"))
    step = unit_step(activation)
    w = step.steepness * n if steepness is None else _checks.real("steepness", steepness, above=0.0)
    grids = [_steps(n, copy / copies) for copy in range(copies)]
    heights = [_heights(f, steps, m, output) / (copies * (step.high - step.low)) for steps in grids]
    layers = _pairs(grids, heights, w) if m == 1 else _towers(grids, heights, m, w, step)
    return network_of_steps(layers, activation, step, "sigmoid" if output == "sigmoid" else "identity")


def _pairs(grids: list[np.ndarray], heights: list[np.ndarray], w: float) -> list[Part]:
    """One hidden layer of pairs. φ(−∞) cancels within each pair, so nothing else makes up for it."""
    steps = np.concatenate([_ends(grid) for grid in grids])
    weights = np.concatenate([_plus_minus(height) for height in heights])
    return [(np.full((1, steps.size), w), -w * steps), (weights, np.zeros(weights.shape[1]))]  # s = −b/w


def _towers(grids: list[np.ndarray], heights: list[np.ndarray], m: int, w: float, step: UnitStep) -> list[Part]:
    """A hidden layer of pairs along every axis and a second one of towers."""
    axes = [(axis, _ends(grid)) for grid in grids for axis in range(m)]
    first = np.concatenate([w * np.eye(m)[:, [axis]].repeat(ends.size, axis=1) for axis, ends in axes], axis=1)
    bias = np.concatenate([-w * ends for _, ends in axes])
    gain = _TOWER_GAIN / (step.high - step.low)
    second = gain * np.asarray(scipy.linalg.block_diag(*[_corners(grid.size - 1, m) for grid in grids]))
    thresholds = np.full(second.shape[1], (0.5 - m) * _TOWER_GAIN)
    weights = np.concatenate(heights)
    # A tower that is down still gives φ(−∞).
    return [(first, bias), (second, thresholds), (weights, -step.low * weights.sum(axis=0))]


def _steps(n: int, shift: float) -> np.ndarray:
    """Where the bumps of one network begin and end: n bumps on [0, 1], moved left by part of a bump if shifted."""
    if shift == 0.0:
        return np.arange(n + 1) / n
    return (np.arange(n + 2) - shift) / n


def _ends(steps: np.ndarray) -> np.ndarray:
    """Beginning and end of every bump, in turn; the outermost half a bump further out."""
    moved = steps.copy()
    half = 0.5 * (steps[1] - steps[0])
    moved[[0, -1]] += (-half, half)
    return np.stack([moved[:-1], moved[1:]], axis=1).reshape(-1)


def _plus_minus(heights: np.ndarray) -> np.ndarray:
    """+h, −h for every bump, `[2 bumps, K]`."""
    return np.stack([heights, -heights], axis=1).reshape(-1, heights.shape[1])


def _corners(n: int, m: int) -> np.ndarray:
    """Which pairs each of nᵐ towers listens to, as +1 and −1: `[2mn, nᵐ]`, towers in the order of `_heights`."""
    cells = np.indices((n,) * m).reshape(m, -1)
    return np.concatenate([_plus_minus((np.arange(n)[:, None] == axis).astype(float)) for axis in cells])


def _heights(f: Callable[..., Any], steps: np.ndarray, m: int, output: str) -> np.ndarray:
    """Mean of f, or σ⁻¹ ∘ f, over every cell's part inside the unit cube, `[cells, K]`."""
    inside, cells = np.clip(steps, 0.0, 1.0), steps.size - 1
    places = inside[:-1, None] + np.diff(inside)[:, None] * (np.arange(_SAMPLES) + 0.5) / _SAMPLES
    values = values_of(f, np.array(list(itertools.product(places.ravel(), repeat=m))))
    if output == "sigmoid":
        values = _logit(values)
    sampled = values.reshape(*(cells, _SAMPLES) * m, -1)
    return np.asarray(sampled.mean(axis=tuple(range(1, 2 * m, 2)))).reshape(cells**m, -1)


def _logit(values: np.ndarray) -> np.ndarray:
    """σ⁻¹."""
    if values.min() <= 0.0 or values.max() >= 1.0:
        got = f"from {values.min():g} to {values.max():g}"
        raise ValueError(f"f must lie between 0 and 1, both excluded, for a sigmoid output; got values {got}.")
    return np.asarray(np.log(values) - np.log1p(-values))
