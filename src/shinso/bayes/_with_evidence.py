"""A posterior whose prior and noise come from the training data, whatever the network was trained with."""

from collections.abc import Sequence
from typing import Any

from shinso.bayes._laplace import LIMIT, laplace
from shinso.bayes._network import Subset, network_of
from shinso.bayes._posterior import Posterior
from shinso.objectives import ARD, L2, Objective, Penalty
from shinso.training import Run

STEPS, TOLERANCE = 100, 1e-2
"""Steps at most, and the derivative of the evidence, in nats, at which they end."""


def laplace_with_evidence(
    fitted: Any,
    data: Any = None,
    objective: Objective | None = None,
    *,
    subset: Subset = "last_layer",
    structure: str = "kronecker",
    rank: int | None = None,
    limit: int = LIMIT,
) -> Posterior:
    """Return the posterior with the precisions that maximise the evidence: `laplace`, then `Posterior.fit_priors`.

    Every parameter has a prior, so that the evidence is defined: `L2` and `ARD` penalties of a strength above 0 are groups,
    as in `laplace`, and every other array of the posterior is a group of its own that starts from a precision of 1.
    L-BFGS then finds the precisions, and the noise of a Gaussian likelihood: MacKay's steps overshoot where a structure
    counts correlated parameters as determined each by itself. So it hardly matters whether and how the network was
    penalized. The weights stay as they were trained. `L1` is replaced by such a prior.

    Where the training data leave hardly an error, few parameters are determined, the precisions come out small, and the
    posterior is too wide: probabilities are then less sure than they should be. Held-out data put that right:
    `Posterior.calibrate`.

    Args:
        fitted: as for `laplace`.
        data: as for `laplace`.
        objective: as for `laplace`.
        subset: as for `laplace`.
        structure: as for `laplace`.
        rank: as for `laplace`.
        limit: as for `laplace`.

    Raises:
        TypeError, ValueError: what `laplace` and `Posterior.fit_priors` refuse.

    Source: PRML §5.7.2; MacKay (1992).
    """
    given = fitted.objective if isinstance(fitted, Run) and objective is None else objective
    model = fitted.model if isinstance(fitted, Run) else fitted
    free = {} if given is None else free_precisions(given.penalties, model, subset)
    posterior = laplace(
        fitted,
        data,
        objective,
        subset=subset,
        structure=structure,
        prior_precision=free or None,
        rank=rank,
        limit=limit,
    )
    return posterior.fit_priors("gradient", steps=STEPS, tolerance=TOLERANCE)


def free_precisions(penalties: Sequence[Penalty], model: Any, subset: Subset) -> dict[str, float]:
    """Return a precision of 1 for each array of the posterior that no penalty gives a Gaussian prior."""
    gaussian = [penalty for penalty in penalties if isinstance(penalty, L2 | ARD) and float(penalty.strength) > 0]
    touched = {path for penalty in gaussian for path in penalty.touched(model)}
    return {path: 1.0 for path in network_of(model, subset).shapes if path not in touched}
