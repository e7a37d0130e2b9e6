"""Random search, successive halving and Bayesian search: each yields what to try and is sent what came out."""

import math
import warnings
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from shinso.settings import Settings
from shinso.tuning._search_space import Point, Space, code, draw, nearby, numbers_in, shape_of, shapes_in
from shinso.tuning._trials import Trial, TrialSpec

Search = Generator[list[TrialSpec], list[Trial], None]
_ETA = 3
_CANDIDATES = 256


@dataclass
class Plan:
    """What every search starts from.

    Attributes:
        space: what may be chosen.
        base: the defaults, complete.
        width: trials of one shape that are made together.
        examples: training examples.
        random: where its random numbers come from.
    """

    space: Space
    base: Settings
    width: int
    examples: int
    random: np.random.Generator

    def points(self, shape: Point, count: int) -> list[Point]:
        """Draw numbers for one shape."""
        return [{**shape, **draw(self.space, self.random, numbers_in(self.space))} for _ in range(count)]

    def shape(self) -> Point:
        """Draw a shape."""
        return draw(self.space, self.random, shapes_in(self.space))


def random_search(plan: Plan) -> Search:
    """Random search (Bergstra & Bengio, 2012): every setting drawn evenly over its part of the space.

    One shape is drawn for as many draws of numbers as are trained side by side; the first shape is that of the defaults,
    which are the first trial.
    """
    yield [TrialSpec(point, "random") for point in [{}, *plan.points({}, plan.width - 1)]]
    while True:
        yield [TrialSpec(point, "random") for point in plan.points(plan.shape(), plan.width)]


def successive_halving(plan: Plan) -> Search:
    """Successive halving (Jamieson & Talwalkar, 2016) with η = 3: many trials of E/9 epochs, the best third of E/3, then E.

    A schedule is spread over the epochs of its round, so that every round ends with a low rate. The defaults take part in
    the first and the last round; after the last a new bracket begins.
    """
    epochs = plan.base.epochs or 1
    shapes: list[Point] = [{}, plan.shape(), plan.shape()]
    while True:
        points = [{}, *(point for shape in shapes for point in plan.points(shape, plan.width))]
        points = points[: _ETA * plan.width]
        for round_, divisor in enumerate((_ETA * _ETA, _ETA, 1)):
            short = None if divisor == 1 else max(epochs // divisor, 1)
            if divisor == 1 and {} not in points:
                points.append({})
            trials = yield [TrialSpec(point, f"round {round_ + 1} of 3", epochs=short) for point in points]
            ranked = sorted(trials, key=lambda trial: trial.loss)
            points = [trial.spec.changes for trial in ranked[: max(len(points) // _ETA, 1)]]
        shapes = [shape_of(points[0]), plan.shape(), plan.shape()]


def bayesian_search(plan: Plan) -> Search:
    """Bayesian search (Snoek, Larochelle & Adams, 2012): a Gaussian process of the loss, and expected improvement.

    Scikit-learn's Gaussian process with a Matérn-5/2 kernel, a length for each coordinate, and noise. The first two groups
    are random. Then the candidate with the largest expected improvement decides the shape of a group; after each member
    the process is told its own prediction there ("kriging believer"), so that the next member goes elsewhere.
    """
    trials = yield [TrialSpec(point, "random") for point in [{}, *plan.points({}, plan.width - 1)]]
    trials = trials + (yield [TrialSpec(point, "random") for point in plan.points(plan.shape(), plan.width)])
    while True:
        trials = trials + (yield [TrialSpec(point, "expected improvement") for point in _proposals(plan, trials)])


def _proposals(plan: Plan, trials: list[Trial]) -> list[Point]:
    X = np.array([code(plan.space, trial.spec.changes, plan.base) for trial in trials])
    y = tame(np.array([trial.loss for trial in trials]))
    best = min(trials, key=lambda trial: trial.loss).spec.changes
    candidates = [point for _ in range(_CANDIDATES // 4) for point in plan.points(plan.shape(), 4)]
    candidates += [nearby(plan.space, best, plan.base, 0.1, plan.random) for _ in range(_CANDIDATES // 4)]
    kernel = None
    chosen: list[Point] = []
    for _ in range(plan.width):
        rows = np.array([code(plan.space, point, plan.base) for point in candidates])
        means, deviations, kernel = predict_losses(X, y, rows, kernel)
        pick = int(expected_improvement(means, deviations, y.min()).argmax())
        point = candidates[pick]
        if not chosen:
            shape = shape_of(point)
            candidates = plan.points(shape, _CANDIDATES)
            candidates += [
                nearby(plan.space, {**best, **shape}, plan.base, 0.1, plan.random) for _ in range(_CANDIDATES // 4)
            ]
        chosen.append(point)
        X, y = np.vstack([X, rows[pick]]), np.append(y, means[pick])
    return chosen


def tame(losses: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Return losses of which the bad ones are cut off, so that a process smooth everywhere can follow the good ones.

    What lies above the median by more than the median lies above the best, or is infinite, counts as that much.
    """
    finite = losses[np.isfinite(losses)]
    if not finite.size:
        return np.zeros_like(losses)
    median = float(np.median(finite))
    return np.asarray(np.minimum(losses, median + max(median - float(finite.min()), 1e-12)))


def predict_losses(
    X: Float[np.ndarray, "n D"], y: Float[np.ndarray, " n"], rows: Float[np.ndarray, "m D"], kernel: object
) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, " m"], object]:
    """Return mean and deviation of a Gaussian process at `rows`, and its kernel; `kernel` None fits one by its evidence."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

    start = kernel or (
        ConstantKernel(1.0, (0.05, 20.0)) * Matern(np.ones(X.shape[1]), (0.05, 20.0), nu=2.5)
        + WhiteKernel(0.1, (1e-4, 1.0))
    )
    optimizer = "fmin_l_bfgs_b" if kernel is None else None
    process = GaussianProcessRegressor(start, normalize_y=True, optimizer=optimizer, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", ConvergenceWarning
        )  # lengths at their bounds say that a setting does not matter
        process.fit(X, y)
        means, deviations = process.predict(rows, return_std=True)
    return means, deviations, process.kernel_


def expected_improvement(
    means: Float[np.ndarray, " m"], deviations: Float[np.ndarray, " m"], best: float
) -> Float[np.ndarray, " m"]:
    """Return E[max(best − f, 0)] = σ (z Φ(z) + φ(z)), z = (best − μ)/σ (Snoek et al., 2012, eq. 2)."""
    from scipy.special import ndtr

    sigma = np.maximum(deviations, 1e-12)
    z = (best - means) / sigma
    return np.asarray(sigma * (z * ndtr(z) + np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)))
