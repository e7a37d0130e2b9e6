"""The evidence, and the precisions that maximise it for given weights and curvature."""

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from scipy import optimize

from shinso._checks import one_of, real, whole_number
from shinso.bayes._accumulate import Fit
from shinso.bayes._prior import Prior
from shinso.bayes._structure import Covariance, Curvature

MOST_PRECISION = 1e12
"""A group whose precision comes here is off: α has no maximum where the weights are 0."""


class Levels(NamedTuple):
    """α `[G]`, and β or None where the likelihood has no noise level."""

    prior: Prior
    noise: float | None


@dataclass(frozen=True)
class Evidence:
    """ln p(data | α, β) as a function of the precisions, for given weights w and curvature H.

    ln p = ln p(data | w) − ½ Σ_i α_i w_i² + ½ Σ_i ln α_i − ½ ln|A|, A = diag α + βH (factors of 2π cancel); parameters
    without a prior are left out of the third term, which then fixes it up to a constant only.

    Attributes:
        curvature: H, at noise precision 1.
        weights: w, `[W]`.
        fit: how well w fits.
    """

    curvature: Curvature
    weights: np.ndarray
    fit: Fit
    _latest: dict[str, Any] = field(default_factory=dict, init=False, repr=False)

    def value(self, levels: Levels) -> float:
        """Return ln p(data | α, β)."""
        alpha = levels.prior.of_parameters
        covariance = self.covariance(levels)
        energy = 0.5 * float(alpha @ np.square(self.weights))
        volume = 0.5 * float(np.log(alpha[alpha > 0]).sum()) - 0.5 * covariance.log_determinant
        return self.fit.log_likelihood(levels.noise) - energy + volume

    def determined(self, levels: Levels) -> tuple[np.ndarray, float]:
        """Return γ_k = W_k − α_k Σ_{i∈k} (A⁻¹)_ii of each group, `[G]`, and their sum with parameters without a prior.

        γ is the number of parameters that the data rather than the prior determine: Σ_i λ_i/(λ_i + α) for one group.
        """
        alpha = levels.prior.of_parameters
        shares = alpha * self.covariance(levels).variances
        # Of a group that the data leave free rounding makes less than nothing, and an α of 0 would be no prior.
        least = np.finfo(float).eps * levels.prior.sizes
        return np.maximum(levels.prior.sizes - levels.prior.sums(shares), least), float(len(alpha) - shares.sum())

    def covariance(self, levels: Levels) -> Covariance:
        """Return A⁻¹; that of the levels asked for last is kept, for it is what everything costs."""
        if self._latest.get("levels") is not levels:
            covariance = self.curvature.covariance(levels.prior.to_invert, levels.noise or 1.0)
            self._latest.update(levels=levels, covariance=covariance)
        found: Covariance = self._latest["covariance"]
        return found

    def mackay(self, levels: Levels) -> Levels:
        """Return α_k = γ_k / Σ_{i∈k} w_i² and 1/β = Σ (y − a)² / (values − γ).

        Raises:
            ValueError: as `noise`.
        """
        gammas, total = self.determined(levels)
        squares = levels.prior.sums(np.square(self.weights))
        with np.errstate(divide="ignore", invalid="ignore"):
            alpha = np.minimum(np.where(squares > 0, gammas / squares, MOST_PRECISION), MOST_PRECISION)
        alpha = np.where(levels.prior.sizes > 0, alpha, levels.prior.precisions)
        noise = None if levels.noise is None else self.noise(total)
        return Levels(levels.prior.with_precisions(alpha), noise)

    def noise(self, determined: float) -> float:
        """Return β = (values − γ)/Σ (y − a)².

        Raises:
            ValueError: there are no more values than determined parameters, or the model fits exactly.
        """
        if self.fit.values <= determined:
            raise ValueError(
                f"data must have more values than the {determined:.4g} parameters they determine for the noise to be "
                f"estimated; got {self.fit.values:g}."
            )
        if not self.fit.loss > 0:
            raise ValueError(
                "targets must differ from the outputs for the noise to be estimated; the model fits exactly."
            )
        return (self.fit.values - determined) / (2 * self.fit.loss)

    def row(self, step: int, levels: Levels) -> dict[str, float]:
        """Return what a history says of a step."""
        noise = {} if levels.noise is None else {"noise_precision": levels.noise}
        precisions = zip(levels.prior.names, levels.prior.precisions.tolist(), strict=True)
        return {
            "step": step,
            "log_evidence": self.value(levels) if levels.prior.proper else math.nan,
            "effective_parameters": self.determined(levels)[1],
            **noise,
            **{f"precision of {name}": value for name, value in precisions},
        }


def re_estimate(
    evidence: Evidence, levels: Levels, method: str, steps: int, tolerance: float
) -> tuple[Levels, list[dict[str, float]]]:
    """Return the precisions that maximise the evidence, and a row for each step.

    Raises:
        ValueError: `method`, `steps` or `tolerance` is not accepted; there is nothing to estimate; or as `mackay`.
    """
    one_of("method", method, ("mackay", "gradient"))
    whole_number("steps", steps, least=1)
    real("tolerance", tolerance, above=0.0)
    if not levels.prior.names and levels.noise is None:
        raise ValueError("prior must have a group whose precision can be estimated; give a penalty or prior_precision.")
    return (_by_mackay if method == "mackay" else _by_gradient)(evidence, levels, steps, tolerance)


def _by_mackay(
    evidence: Evidence, levels: Levels, steps: int, tolerance: float
) -> tuple[Levels, list[dict[str, float]]]:
    rows = [evidence.row(0, levels)]
    for step in range(1, steps + 1):
        before, levels = levels, evidence.mackay(levels)
        rows.append(evidence.row(step, levels))
        if _change(before, levels) < tolerance:
            break
    return levels, rows


def _by_gradient(
    evidence: Evidence, levels: Levels, steps: int, tolerance: float
) -> tuple[Levels, list[dict[str, float]]]:
    """Ascend in ln α and ln β, with ∂/∂ln α_k = ½(γ_k − α_k Σw²) and ∂/∂ln β = ½(values − γ − β Σ(y − a)²)."""
    rows = [evidence.row(0, levels)]
    if not (levels.prior.precisions > 0).all():
        levels = evidence.mackay(levels)
    if levels.noise is not None:
        # From a β far from the errors of training the first steps would be large.
        levels = Levels(levels.prior, evidence.noise(0.0))
    squares = levels.prior.sums(np.square(evidence.weights))

    def at(logs: np.ndarray) -> Levels:
        values = np.exp(logs)
        prior = levels.prior.with_precisions(values[: len(squares)])
        return Levels(prior, None if levels.noise is None else float(values[-1]))

    def cost(logs: np.ndarray) -> tuple[float, np.ndarray]:
        here = at(logs)
        gammas, total = evidence.determined(here)
        slopes = gammas - here.prior.precisions * squares
        if here.noise is not None:
            slopes = np.append(slopes, evidence.fit.values - total - 2 * here.noise * evidence.fit.loss)
        return -evidence.value(here), -0.5 * slopes

    start = np.log(np.append(levels.prior.precisions, [] if levels.noise is None else [levels.noise]))
    found = optimize.minimize(
        cost,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(-math.log(MOST_PRECISION), math.log(MOST_PRECISION))] * len(start),
        callback=lambda logs: rows.append(evidence.row(len(rows), at(logs))),
        options={"maxiter": steps, "ftol": 0.0, "gtol": tolerance},
    )
    return at(found.x), rows


def _change(before: Levels, after: Levels) -> float:
    """Return the largest relative change of a precision."""
    old = np.append(before.prior.precisions, before.noise or 1.0)
    new = np.append(after.prior.precisions, after.noise or 1.0)
    return float(np.max(np.abs(new - old) / np.maximum(new, 1e-300), initial=0.0))
