"""Is a gradient right? Automatic differentiation against differences of the cost itself."""

import contextlib
import dataclasses
import math
from collections.abc import Callable, Iterator
from typing import Any

import equinox as eqx
import jax
import jax.extend.core
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PRNGKeyArray, PyTree

from shinso import _checks
from shinso._fork import computing
from shinso.objectives._batch import Batch
from shinso.objectives._examples import as_batch
from shinso.objectives._objective import Objective
from shinso.objectives._penalties import parameter_paths

TOLERANCES = {"float64": 1e-5, "float32": 3e-2}
"""Largest relative error of a right gradient, by the type the cost is computed in."""

_CLOSER = 8.0


@dataclasses.dataclass(frozen=True)
class LeafCheck:
    """What was found for one parameter array.

    Attributes:
        path: Its dotted path, such as `layers.0.weight`.
        shape: Its shape.
        error: Largest relative error of its probes, those at kinks left out; of single parameters, where one is wrong.
        worst: Where that error is: `layers.0.weight[3, 1]`, or `a random direction of layers.0.weight`.
        automatic: The derivative there by automatic differentiation.
        difference: The derivative there by central differences.
        probes: How many derivatives were compared.
        kinks: How many of them lie at a kink: one-sided differences disagree however small the step, so the cost has no
            derivative there and nothing can be right or wrong.
        passed: Whether every other probe agrees within the tolerance.
    """

    path: str
    shape: tuple[int, ...]
    error: float
    worst: str
    automatic: float
    difference: float
    probes: int
    kinks: int
    passed: bool


@dataclasses.dataclass(frozen=True)
class GradientCheck:
    """What `check_gradients` found; printing it gives a table.

    Attributes:
        leaves: One row for each parameter array, in the model's order.
        cost: The cost of the batch.
        precision: "float64", or "float32" where the model or the cost pins numbers to fewer bits.
        tolerance: Largest relative error that passes.
    """

    leaves: tuple[LeafCheck, ...]
    cost: float
    precision: str
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether every parameter array passed."""
        return all(leaf.passed for leaf in self.leaves)

    @property
    def worst(self) -> LeafCheck:
        """The parameter array with the largest relative error, a failed one before any other."""
        return max(self.leaves, key=lambda leaf: (not leaf.passed, leaf.error))

    @property
    def kinks(self) -> int:
        """How many probes lie at a kink, where there is no derivative to compare."""
        return sum(leaf.kinks for leaf in self.leaves)

    def __str__(self) -> str:
        width = max(9, *(len(leaf.path) for leaf in self.leaves))
        lines = [f"{'parameter':<{width}}  {'shape':<14}  error    automatic     difference    kinks"]
        for leaf in self.leaves:
            numbers = f"{leaf.error:<7.1e}  {leaf.automatic:<+12.5e}  {leaf.difference:<+12.5e}"
            verdict = "" if leaf.passed else "  wrong"
            shape = "×".join(map(str, leaf.shape)) or "number"
            lines.append(f"{leaf.path:<{width}}  {shape:<14}  {numbers}  {leaf.kinks} of {leaf.probes}{verdict}")
        return "\n".join([*lines, self._verdict()])

    def _verdict(self) -> str:
        worst = self.worst
        where = f"{worst.worst}, relative error {worst.error:.1e}"
        limit = f"tolerance {self.tolerance:.0e} in {self.precision}"
        found = f"passed: worst is {where} ({limit})." if self.passed else f"FAILED at {where} ({limit})."
        if not self.kinks:
            return found
        kinks = f"{self.kinks} probes lie at a kink of the cost, where there is no derivative; they do not count."
        blind = ", ".join(leaf.path for leaf in self.leaves if leaf.kinks == leaf.probes)
        advice = f"Nothing could be compared for {blind}: move its numbers a little and check again." if blind else ""
        return f"{found}\n{kinks} {advice}".rstrip()


def check_gradients(
    model: PyTree[Any],
    objective: Callable[..., Any],
    batch: Any,
    *,
    directions: int = 3,
    parameters: int = 8,
    tolerance: float | None = None,
    key: PRNGKeyArray | None = None,
    seed: int = 0,
) -> GradientCheck:
    """Return how a cost's gradient by automatic differentiation compares with differences of the cost.

    For every parameter array and each of several unit directions v the directional derivative gᵀv is compared with
    (C(θ + hv) − C(θ − hv))/2h, for h and h/8 (the better one counts); h = ε^⅓ in units of the array's root mean
    square, or of 1 if that is smaller. The directions are random ones, which any wrong element disturbs, and single
    parameters, which name it: those with the largest derivatives and random others. The relative error is
    |gᵀv − difference| / max(|gᵀv|, |difference|, ‖g‖/√size, r), r so large that rounding alone cannot fail. All is
    computed in float64, unless the model or the cost pins something to fewer bits; what is given is not changed.

    Args:
        model: Any model the objective takes; its parameters are its real arrays.
        objective: An `Objective`, or any function of `(model, batch, key=…)` that returns a scalar.
        batch: A `Batch`, or with an `Objective` whatever training takes, such as ``(X, y)``. A few examples suffice, and
            keep it quick.
        directions: Random directions for each parameter array, at least 1.
        parameters: Single parameters probed for each array, at least 1 (all of them where there are no more).
        tolerance: Largest relative error that passes; 1e-5 in float64 and 3e-2 in float32 unless given.
        key: `None` checks the cost of prediction; a key checks that of training, and every evaluation gets this same
            key, so that dropout and noise are the same each time.
        seed: Draws directions and parameters.

    Returns:
        Whether it passed, relative errors by parameter array, the worst parameter, and kinks found.

    Raises:
        TypeError: `objective` cannot be called, `batch` is not accepted, or `directions` is no whole number.
        ValueError: The model has no parameters, the batch does not suit the objective, the cost is not one finite
            number, or a number is out of range.

    Source: notes on neural networks, §2.2.3; Nielsen, chapter 2 (the slow way by differences); Bishop, PRML §5.3.3,
    equation (5.69).
    """
    computing()
    if not callable(objective):
        raise TypeError(f"objective must be an Objective or a function of (model, batch, key=…); got {objective!r}.")
    batch = _examples_of(objective, batch)
    directions = _checks.whole_number("directions", directions, least=1)
    parameters = _checks.whole_number("parameters", parameters, least=1)
    random = np.random.default_rng(_checks.whole_number("seed", seed, most=2**63 - 1))
    limit = None if tolerance is None else _checks.real("tolerance", tolerance, above=0.0)
    if not any(map(_is_parameter, parameter_paths(model).values())):
        raise ValueError(f"model must have real-valued parameters to differentiate by; got {type(model).__name__}.")
    with jax.enable_x64(True), _matmuls_in_full():
        cost = _Cost(_double(model), _double(objective), _double(batch), key)
        chosen = TOLERANCES[cost.precision] if limit is None else limit
        rows = tuple(_check(cost, path, chosen, directions, parameters, random) for path in cost.parameters)
        return GradientCheck(rows, cost.here, cost.precision, chosen)


def _examples_of(objective: Callable[..., Any], batch: Any) -> Batch:
    if isinstance(batch, Batch):
        return batch
    if not isinstance(objective, Objective):
        kind = type(batch).__name__
        raise TypeError(
            f"batch must be a Batch of inputs, targets and weights for a function as objective; got {kind}."
        )
    return as_batch("batch", batch, objective.likelihood)


class _Cost:
    """The cost as a function of steps along directions of one parameter array at a time, and its gradient."""

    def __init__(self, model: Any, objective: Callable[..., Any], batch: Batch, key: PRNGKeyArray | None):
        tree, fixed = eqx.partition(model, _is_parameter)
        leaves, structure = jax.tree.flatten(tree)
        paths = [path for path, leaf in parameter_paths(model).items() if _is_parameter(leaf)]
        self.parameters: dict[str, Array] = dict(zip(paths, leaves, strict=True))

        def cost(leaves: list[Array]) -> Any:
            return objective(eqx.combine(jax.tree.unflatten(structure, leaves), fixed), batch, key=key)

        traced = jax.make_jaxpr(cost)(leaves)
        if len(traced.out_avals) != 1 or traced.out_avals[0].shape != ():
            shapes = ", ".join(str(out.shape) for out in traced.out_avals)
            raise ValueError(f"objective must return one number; got arrays of shape {shapes or 'none'}.")
        self.precision = "float32" if any(_is_short(dtype) for dtype in _types(traced.jaxpr)) else "float64"
        self._cost = jax.jit(cost)
        value, gradients = jax.jit(jax.value_and_grad(cost))(leaves)
        self.here = float(value)
        if not math.isfinite(self.here):
            raise ValueError(f"objective must be finite at the parameters given; got {self.here}.")
        self.gradients = dict(zip(paths, map(np.asarray, gradients), strict=True))

    def at(self, path: str, parameter: np.ndarray) -> float:
        """The cost with another value of one parameter array."""
        leaves = self.parameters | {path: jnp.asarray(parameter)}
        return float(self._cost(list(leaves.values())))


def _check(
    cost: _Cost, path: str, tolerance: float, directions: int, parameters: int, random: np.random.Generator
) -> LeafCheck:
    """Probe one parameter array."""
    gradient = cost.gradients[path]
    probes = []
    for name, direction in _directions(path, gradient, directions, parameters, random):
        probes.append(_probe(cost, path, name, direction, tolerance))
    smooth = [probe for probe in probes if not probe.kink]
    wrong = [probe for probe in smooth if probe.single and probe.error > tolerance]
    worst = max(wrong or smooth or probes, key=lambda probe: probe.error)
    return LeafCheck(
        path=path,
        shape=gradient.shape,
        error=worst.error if smooth else 0.0,
        worst=worst.name,
        automatic=worst.automatic,
        difference=worst.difference,
        probes=len(probes),
        kinks=len(probes) - len(smooth),
        passed=all(probe.error <= tolerance for probe in smooth),
    )


def _directions(
    path: str, gradient: np.ndarray, directions: int, parameters: int, random: np.random.Generator
) -> Iterator[tuple[str, np.ndarray]]:
    """Unit vectors with their names: single parameters, then random directions."""
    size = gradient.size
    steepest = np.argsort(-np.abs(np.nan_to_num(gradient, nan=np.inf)), axis=None)[: (parameters + 1) // 2]
    others = [flat for flat in random.permutation(size)[:parameters] if flat not in steepest]
    for flat in [*steepest, *others[: parameters - len(steepest)]]:
        place = np.unravel_index(flat, gradient.shape)
        direction = np.zeros_like(gradient)
        direction[place] = 1.0
        yield f"{path}[{', '.join(map(str, place))}]" if place else path, direction
    for _ in range(directions if size > 1 else 0):
        direction = random.standard_normal(gradient.shape)
        yield f"a random direction of {path}", direction / np.linalg.norm(direction)


@dataclasses.dataclass(frozen=True)
class _Probe:
    name: str
    single: bool
    automatic: float
    difference: float
    error: float
    kink: bool


def _probe(cost: _Cost, path: str, name: str, direction: np.ndarray, tolerance: float) -> _Probe:
    """Compare one directional derivative."""
    parameter, gradient = np.asarray(cost.parameters[path]), cost.gradients[path]
    unit = float(np.finfo(cost.precision).eps)
    scale = max(1.0, float(np.sqrt(np.mean(parameter**2))))
    usual = float(np.linalg.norm(gradient)) / math.sqrt(gradient.size)
    automatic = float(np.sum(gradient * direction))
    results = []
    for step in (unit ** (1 / 3) * scale, unit ** (1 / 3) * scale / _CLOSER):
        above = cost.at(path, parameter + step * direction)
        below = cost.at(path, parameter - step * direction)
        central, jump = (above - below) / (2 * step), abs(above - 2 * cost.here + below) / step
        rounding = 20 * unit * max(abs(above), abs(below), abs(cost.here)) / step
        size = max(abs(automatic), abs(central), usual, rounding / tolerance, np.finfo(float).tiny)
        error = abs(automatic - central) / size if math.isfinite(automatic - central) else math.inf
        results.append((error, central, jump, rounding))
    (_, _, far_jump, _), (_, _, near_jump, rounding) = results
    error, difference, _, _ = min(results, key=lambda result: result[0])
    # Where the cost is smooth, one-sided differences disagree by h|C″|, an eighth at an eighth of the step; at a corner
    # by as much as before, and at a jump by more. Only that much can be laid to the corner.
    corner = near_jump > 0.5 * far_jump and near_jump > rounding and near_jump > 0.1 * abs(automatic - difference)
    single = np.count_nonzero(direction) == 1
    return _Probe(name, single, automatic, difference, error, kink=error > tolerance and corner)


def _is_parameter(leaf: Any) -> bool:
    return eqx.is_inexact_array(leaf) and jnp.issubdtype(leaf.dtype, jnp.floating) and leaf.size > 0


def _double(tree: Any) -> Any:
    """Copy every real array of a tree to float64."""

    def double(leaf: Any) -> Any:
        real = isinstance(leaf, jax.Array | np.ndarray) and jnp.issubdtype(leaf.dtype, jnp.floating)
        return jnp.asarray(np.asarray(leaf, np.float64)) if real else leaf

    return jax.tree.map(double, tree)


def _types(jaxpr: jax.extend.core.Jaxpr) -> Iterator[Any]:
    """Types of everything a traced program computes, programs within it included."""
    for equation in jaxpr.eqns:
        yield from (out.aval.dtype for out in equation.outvars if hasattr(out.aval, "dtype"))
        for inner in jax.extend.core.jaxprs_in_params(equation.params):
            yield from _types(inner)


def _is_short(dtype: Any) -> bool:
    return bool(jnp.issubdtype(dtype, jnp.floating)) and jnp.dtype(dtype).itemsize < 8


def _matmuls_in_full() -> contextlib.AbstractContextManager[Any]:
    """Accelerators round products of float32 matrices to fewer bits unless asked not to."""
    precision: contextlib.AbstractContextManager[Any] = jax.default_matmul_precision("highest")
    return precision
