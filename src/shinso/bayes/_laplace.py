"""From a trained model to its posterior."""

import dataclasses
import warnings
from typing import Any

import equinox as eqx
import numpy as np

from shinso import nn
from shinso._checks import one_of, whole_number
from shinso.bayes._accumulate import Sums
from shinso.bayes._diagonal import Diagonal
from shinso.bayes._full import Full
from shinso.bayes._inputs import training_data
from shinso.bayes._kronecker import kronecker_blocks
from shinso.bayes._low_rank import leading_pairs
from shinso.bayes._moments import layer_jacobians
from shinso.bayes._network import Network, Subset, network_of
from shinso.bayes._posterior import Posterior
from shinso.bayes._prior import in_units_of_the_mean, places_of, prior_of
from shinso.bayes._structure import Curvature
from shinso.objectives import Bernoulli, Categorical, Gaussian, Likelihood, Objective, Poisson
from shinso.training import Run

STRUCTURES = ("full", "kronecker", "low_rank", "diagonal")
LIKELIHOODS = (Gaussian, Bernoulli, Categorical, Poisson)
LIMIT = 2**31
"""Bytes the matrix of a full posterior may take, unless a call says otherwise: W = 16,384."""
RANK = 50
"""Directions of a low-rank posterior, unless a call says otherwise."""
FAR = 0.3
"""Posterior standard deviations to the minimum beyond which a run counts as not converged."""
VANISHING = 1e-6
"""A prior next to none, relative to what the data say. Softmax leaves the common shift of all logits open."""


class PosteriorWarning(UserWarning):
    """A posterior was made of something that is not quite the minimum it should be around."""


def laplace(
    fitted: Any,
    data: Any = None,
    objective: Objective | None = None,
    *,
    subset: Subset = "all",
    structure: str = "full",
    hessian: bool = False,
    prior_precision: Any = None,
    rank: int | None = None,
    limit: int = LIMIT,
) -> Posterior:
    """Return the Laplace approximation of the posterior: a Gaussian around the trained parameters.

        p(w | data) ≈ N(w_MAP, A⁻¹),    A = Σ_k α_k I_k + β Σ_n w_n J_nᵀ M_n J_n,

    J = ∂a/∂w, M = ∂²L/∂a∂aᵀ of the outputs a (the generalized Gauss–Newton matrix). The cost of training is a mean over
    N = Σ w_n examples, so each `L2(λ)` or `ARD` penalty is a Gaussian prior of precision α_k = Nλ; parameters that no
    penalty touches, such as biases, have a flat prior. β is the precision of a Gaussian likelihood; `fit_priors` finds it
    and the α from the training data.

    | structure   | A                                        | W that is practical | a parameter without prior           |
    |-------------|------------------------------------------|---------------------|-------------------------------------|
    | "full"      | dense                                    | ≤ 16,384 in 2 GiB   | allowed if the data determine it    |
    | "kronecker" | a block A ⊗ G for each layer (K-FAC)     | millions            | allowed if the data determine it    |
    | "low_rank"  | R leading directions, else the prior     | 10⁵ and more        | refused                             |
    | "diagonal"  | independent parameters                   | millions            | allowed if the data determine it    |

    Softmax does not see a shift of all logits together, which biases without prior leave open: there a prior of a millionth
    of the data's curvature stands for none, and logits are centred wherever they are shown.

    Args:
        fitted: a `Run`, or a model `[N, …] → [N, K]` with its `objective`. It runs in prediction mode, example by example.
        data: what it was trained on: `(X, y)`, `(X, y, weights)`, a `Batch` or a `Dataset`. May be left out for a run
            loaded from the folder of an experiment, whose source is then read again.
        objective: likelihood and penalties of a model; a run has its own.
        subset: the parameters the posterior is of, the others held fixed: "all", "last_layer", one or several glob
            patterns over dotted paths (`layers.2.*`), or a predicate of (path, leaf).
        structure: see the table.
        hessian: the exact Hessian instead of the Gauss–Newton matrix, for structure "full".
        prior_precision: α > 0 for all parameters in place of the penalties, or {pattern over paths: α} for some of them:
            `{"*.bias": 1.0}` gives biases a prior and leaves the others theirs.
        rank: R for structure "low_rank", at least 1; None is min(50, W).
        limit: bytes the matrix of a full posterior may take.

    Returns:
        The posterior. A `PosteriorWarning` says so if the parameters are not at a minimum of the cost on these data: the
        minimum of the quadratic model lies more than 0.3 posterior standard deviations away (root mean square).

    Raises:
        TypeError: an argument has the wrong type, or `data` or `objective` is missing.
        ValueError: an argument or the data are not accepted; the likelihood is none of Gaussian, Bernoulli, categorical,
            Poisson; a penalty is no Gaussian prior; data are not those of the run, or have one target value alone; the
            matrix does not fit into `limit`; a layer is not supported by "kronecker"; or A is not positive definite.

    Source: S2; PRML §5.7, (5.166)–(5.167); Martens and Grosse (2015) and Ritter, Botev and Barber (2018) for "kronecker".
    """
    _check(structure, hessian, rank)
    model, objective = _model_and_objective(fitted, objective)
    parts = training_data(fitted, data)
    network = network_of(model, subset)
    if structure == "full":
        _refuse_large(network, limit)
    penalties = in_units_of_the_mean(objective.penalties, _batch_weight(fitted, parts))
    noise = float(objective.likelihood.precision) if isinstance(objective.likelihood, Gaussian) else None
    unit: Likelihood = objective.likelihood if noise is None else Gaussian(1.0)
    sums = Sums(network, Objective(unit, penalties), parts)
    prior = prior_of(penalties, network, sums.examples, prior_precision)
    found = _curvature(sums, structure, hessian, rank, limit)
    if isinstance(unit, Categorical):
        prior = dataclasses.replace(prior, vanishing=_vanishing(found, network, sums.resolution))
    posterior = Posterior(network, unit, found, prior, noise, sums.fit())
    _warn_if_not_converged(posterior, sums)
    return posterior


def check_posterior(
    model: Any,
    likelihood: Likelihood,
    data: Any,
    *,
    subset: Subset = "all",
    structure: str = "full",
    limit: int = LIMIT,
) -> None:
    """Raise what `laplace` would of a model that is still to be trained: so that it need not be trained first.

    Args:
        model: a model of the same structure; its numbers do not matter.
        likelihood: of its objective.
        data: `(X, y)`, `(X, y, weights)`, a `Batch` or a `Dataset`.
        subset: as for `laplace`.
        structure: as for `laplace`.
        limit: as for `laplace`.

    Raises:
        TypeError, ValueError: what `laplace` refuses of the likelihood, the subset, the structure, a matrix that does not
            fit, layers that "kronecker" does not take, and targets that are all one.
    """
    _check(structure, False, None)
    _refuse_likelihood(likelihood)
    network = network_of(model, subset)
    parts = training_data(model, data)
    if structure == "full":
        _refuse_large(network, limit)
    if structure == "kronecker":
        eqx.filter_eval_shape(layer_jacobians, network, nn.example_of(parts[0]))


def _check(structure: str, hessian: bool, rank: int | None) -> None:
    one_of("structure", structure, STRUCTURES)
    if hessian and structure != "full":
        raise ValueError(f"hessian must be False unless structure is 'full'; got structure={structure!r}.")
    if rank is not None:
        whole_number("rank", rank, least=1)
        if structure != "low_rank":
            raise ValueError(f"rank must be None unless structure is 'low_rank'; got structure={structure!r}.")


def _model_and_objective(fitted: Any, objective: Objective | None) -> tuple[Any, Objective]:
    if isinstance(fitted, Run):
        if objective is not None:
            raise TypeError("objective must be left out for a run, which has its own.")
        fitted, objective = fitted.model, fitted.objective
    if not isinstance(objective, Objective):
        raise TypeError(f"objective must be the Objective the model was trained with; got {type(objective).__name__}.")
    if not callable(fitted):
        raise TypeError(f"fitted must be a Run or a model that maps a batch to outputs; got {type(fitted).__name__}.")
    _refuse_likelihood(objective.likelihood)
    return fitted, objective


def _refuse_likelihood(likelihood: Likelihood) -> None:
    if not isinstance(likelihood, LIKELIHOODS):
        raise ValueError(
            f"likelihood must be gaussian, bernoulli, categorical or poisson for a posterior; got {likelihood.name}."
        )


def _batch_weight(fitted: Any, parts: tuple[Any, ...]) -> float:
    """Return the weight that penalties of `scale="batch"` were divided by: that of a mini-batch, if a run had them."""
    total = float(np.sum(parts[2])) if len(parts) == 3 else float(len(parts[1]))
    size = fitted.settings.get("batch_size") if isinstance(fitted, Run) else None
    return total if size is None else total * size / len(parts[1])


def _refuse_large(network: Network, limit: int) -> None:
    taken = 8 * network.size**2
    if taken > limit:
        raise ValueError(
            f"limit must be at least {taken:,} bytes ({taken / 2**30:,.1f} GiB) for the full posterior of {network.size:,} "
            f"parameters; got {limit:,}. Take structure 'kronecker' or 'diagonal', or subset='last_layer'."
        )


def _curvature(sums: Sums, structure: str, hessian: bool, rank: int | None, limit: int) -> Curvature:
    network = sums.network
    if structure == "full":
        return Full(sums.hessian(limit) if hessian else sums.dense(), hessian, sums.resolution)
    if structure == "diagonal":
        return Diagonal(sums.diagonal())
    if structure == "low_rank":
        return leading_pairs(sums.product, network.size, min(RANK if rank is None else rank, network.size))
    return kronecker_blocks(sums.kronecker(), places_of(network))


def _vanishing(found: Curvature, network: Network, resolution: float) -> np.ndarray:
    """Return a precision next to 0 for each parameter, the same for all of an array."""
    curved, precisions = found.diagonal, np.zeros(network.size)
    for place in places_of(network).values():
        precisions[place] = max(VANISHING, 100 * resolution) * curved[place].mean()
    return precisions


def _warn_if_not_converged(posterior: Posterior, sums: Sums) -> None:
    """Compare the step to the quadratic model's minimum, A⁻¹∇, with the posterior's width."""
    gradient = sums.gradient(posterior.noise_precision)
    step = posterior.covariance.solve(sums.examples * gradient)
    distance = float(np.sqrt(max(sums.examples * (gradient @ step), 0) / len(gradient)))
    if distance > FAR:
        warnings.warn(
            f"The model is not at a minimum of its cost on these data: the gradient's norm is "
            f"{float(np.linalg.norm(gradient)):.3g}, and the minimum of the quadratic model lies {distance:.2g} posterior "
            "standard deviations away (root mean square over the parameters). Train longer, and give the data it was "
            "trained on.",
            PosteriorWarning,
            stacklevel=3,
        )
