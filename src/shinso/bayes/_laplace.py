"""From a trained model to its posterior."""

import dataclasses
from typing import Any

import numpy as np

from shinso import nn
from shinso._checks import one_of
from shinso._fork import computing
from shinso._kinds import STRUCTURES
from shinso.bayes._accumulate import Sums
from shinso.bayes._check_posterior import LIMIT, check_structure
from shinso.bayes._convergence import warn_if_not_converged
from shinso.bayes._inputs import training_data
from shinso.bayes._network import Network, Subset, network_of, places_of
from shinso.bayes._posterior import Posterior
from shinso.bayes._prior import free_precisions, in_units_of_the_mean, prior_of
from shinso.bayes._structure import Choices, Curvature
from shinso.objectives import Objective, predictive
from shinso.training import Run, outputs_of

STEPS, TOLERANCE = 100, 1e-2
"""Steps by the evidence at most, and the derivative of the evidence, in nats, at which they end."""
VANISHING = 1e-6
"""A prior next to none, relative to what the data say. Softmax leaves the common shift of all logits open."""


def laplace(
    fitted: Any,
    data: Any = None,
    objective: Objective | None = None,
    *,
    subset: Subset = "all",
    structure: str = "full",
    hessian: bool = False,
    priors: str = "penalties",
    prior_precision: Any = None,
    rank: int | None = None,
    limit: int = LIMIT,
) -> Posterior:
    """Return the Laplace approximation of the posterior: a Gaussian around the trained parameters.

        p(w | data) ≈ N(w_MAP, A⁻¹),    A = Σ_k α_k I_k + β Σ_n w_n J_nᵀ M_n J_n,

    J = ∂a/∂w, M = ∂²L/∂a∂aᵀ of the outputs a (the generalized Gauss–Newton matrix). The cost of training is a mean over
    N = Σ w_n examples, so each `L2(λ)` or `ARD` penalty is a Gaussian prior of precision α_k = Nλ; parameters that no
    penalty touches, such as biases, have a flat prior. β is the precision of a Gaussian likelihood.

    With `priors="evidence"` precisions and noise are found from the training data (`Posterior.fit_priors`); the weights
    stay as they were trained. Structures and priors are compared in the guide "How sure is it?".

    Args:
        fitted: a `Run`, or a model `[N, …] → [N, K]` with its `objective`. It runs in prediction mode, example by example.
        data: what it was trained on: `(X, y)`, `(X, y, weights)`, a `Batch` or a `Dataset`. May be left out for a run
            loaded from the folder of an experiment, whose source is then read again.
        objective: likelihood and penalties of a model; a run has its own.
        subset: the parameters the posterior is of, the others held fixed: "all", "last_layer", one or several glob
            patterns over dotted paths (`layers.2.*`), or a predicate of (path, leaf).
        structure: of A: "full" (dense, W ≤ 16,384 in 2 GiB), "kronecker" (a block A ⊗ G for each layer), "low_rank" (R
            leading directions, else the prior; parameters without prior are refused), "diagonal".
        hessian: the exact Hessian instead of the Gauss–Newton matrix, for structure "full".
        priors: "penalties", or "evidence", by which each output of a regression has noise of its own, too.
        prior_precision: α > 0 for all parameters in place of the penalties, or {pattern over paths: α} for some of them:
            `{"*.bias": 1.0}` gives biases a prior and leaves the others theirs. Not with `priors="evidence"`.
        rank: R for structure "low_rank", at least 1; None is min(50, W).
        limit: bytes the matrix of a full posterior may take.

    Returns:
        The posterior. A `PosteriorWarning` says so if the parameters are not at a minimum of the cost on these data: the
        minimum of the quadratic model lies more than 0.3 posterior standard deviations away (root mean square).

    Raises:
        TypeError: an argument has the wrong type, or `data` or `objective` is missing.
        ValueError: an argument or the data are not accepted; the likelihood has no predictive distribution; a penalty is no
            Gaussian prior; the matrix does not fit into `limit`; a layer is not supported by "kronecker"; A is not positive
            definite; or what `Posterior.fit_priors` refuses.

    Source: Bishop, PRML, §5.7, (5.166)–(5.167); MacKay (1992) for the evidence; Martens and Grosse (2015) and Ritter, Botev
    and Barber (2018) for "kronecker".
    """
    computing()
    check_structure(structure, hessian, rank)
    by_evidence = one_of("priors", priors, ("penalties", "evidence")) == "evidence"
    if by_evidence and prior_precision is not None:
        raise ValueError(
            f"prior_precision must be left out where priors are found by the evidence; got {prior_precision!r}."
        )
    model, objective = _model_and_objective(fitted, objective)
    parts = training_data(fitted, data)
    network = network_of(model, subset)
    STRUCTURES[structure].check(network, nn.example_of(parts[0]), limit)
    if by_evidence:
        prior_precision = free_precisions(objective.penalties, network)
    posterior, sums = _approximated(
        network,
        objective,
        parts,
        _batch_weight(fitted, parts),
        prior_precision,
        structure,
        Choices(hessian, rank, limit),
    )
    warn_if_not_converged(posterior, sums)
    if not by_evidence:
        return posterior
    posterior = posterior.fit_priors("gradient", steps=STEPS, tolerance=TOLERANCE)
    return posterior if posterior.noise_precision is None else _with_own_noise(posterior, parts)


def _with_own_noise(posterior: Posterior, parts: Any) -> Posterior:
    """Return the posterior whose outputs have noise of their own: the evidence's, in the proportions of their errors."""
    outputs = outputs_of(posterior.model, parts[0])
    errors = np.asarray(parts[1], np.float64).reshape(outputs.shape) - outputs
    if len(parts) == 3:
        weights = np.asarray(parts[2], np.float64)
        errors = errors * np.sqrt(weights / weights.mean())[:, None]
    return dataclasses.replace(posterior, unit_likelihood=posterior.unit_likelihood.with_own_noise(errors))


def _approximated(
    network: Network,
    objective: Objective,
    parts: Any,
    batch: float,
    given: Any,
    structure: str,
    choices: Choices,
) -> tuple[Posterior, Sums]:
    """Return the posterior, and the sums over the data that made it."""
    likelihood = predictive(objective.likelihood)
    unit = likelihood.with_noise_precision(1.0)
    penalties = in_units_of_the_mean(objective.penalties, batch)
    sums = Sums(network, Objective(unit, penalties), parts)
    prior = prior_of(penalties, network, sums.examples, given)
    found = STRUCTURES[structure].of(sums, choices)
    if unit.shift_invariant:
        prior = dataclasses.replace(prior, vanishing=_vanishing(found, network, sums.resolution))
    return Posterior(network, unit, found, prior, likelihood.noise_precision, sums.fit()), sums


def _model_and_objective(fitted: Any, objective: Objective | None) -> tuple[Any, Objective]:
    if isinstance(fitted, Run):
        if objective is not None:
            raise TypeError("objective must be left out for a run, which has its own.")
        fitted, objective = fitted.model, fitted.objective
    if not isinstance(objective, Objective):
        raise TypeError(f"objective must be the Objective the model was trained with; got {type(objective).__name__}.")
    if not callable(fitted):
        raise TypeError(f"fitted must be a Run or a model that maps a batch to outputs; got {type(fitted).__name__}.")
    predictive(objective.likelihood)
    return fitted, objective


def _batch_weight(fitted: Any, parts: tuple[Any, ...]) -> float:
    """Return the weight that penalties of `scale="batch"` were divided by: that of a mini-batch, if a run had them."""
    total = float(np.sum(parts[2])) if len(parts) == 3 else float(len(parts[1]))
    size = fitted.settings.get("batch_size") if isinstance(fitted, Run) else None
    return total if size is None else total * size / len(parts[1])


def _vanishing(found: Curvature, network: Network, resolution: float) -> np.ndarray:
    """Return a precision next to 0 for each parameter, the same for all of an array."""
    curved, precisions = found.diagonal, np.zeros(network.size)
    for place in places_of(network).values():
        precisions[place] = max(VANISHING, 100 * resolution) * curved[place].mean()
    return precisions
