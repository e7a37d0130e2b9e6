"""What a posterior refuses, of a trained model and of one that is still to be trained."""

from typing import Any

import equinox as eqx

from shinso import nn
from shinso._checks import one_of, whole_number
from shinso.bayes._inputs import training_data
from shinso.bayes._moments import layer_jacobians
from shinso.bayes._network import Network, Subset, network_of
from shinso.objectives import Likelihood, predictive

STRUCTURES = ("full", "kronecker", "low_rank", "diagonal")
LIMIT = 2**31
"""Bytes the matrix of a full posterior may take, unless a call says otherwise: W = 16,384."""


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
    check_structure(structure, False, None)
    predictive(likelihood)
    network = network_of(model, subset)
    parts = training_data(model, data)
    if structure == "full":
        refuse_large(network, limit)
    if structure == "kronecker":
        eqx.filter_eval_shape(layer_jacobians, network, nn.example_of(parts[0]))


def check_structure(structure: str, hessian: bool, rank: int | None) -> None:
    """Refuse a structure that there is not, and what does not go with it."""
    one_of("structure", structure, STRUCTURES)
    if hessian and structure != "full":
        raise ValueError(f"hessian must be False unless structure is 'full'; got structure={structure!r}.")
    if rank is not None:
        whole_number("rank", rank, least=1)
        if structure != "low_rank":
            raise ValueError(f"rank must be None unless structure is 'low_rank'; got structure={structure!r}.")


def refuse_large(network: Network, limit: int) -> None:
    """Refuse a full posterior whose matrix would take more than `limit` bytes."""
    taken = 8 * network.size**2
    if taken > limit:
        raise ValueError(
            f"limit must be at least {taken:,} bytes ({taken / 2**30:,.1f} GiB) for the full posterior of {network.size:,} "
            f"parameters; got {limit:,}. Take structure 'kronecker' or 'diagonal', or subset='last_layer'."
        )
