"""What a posterior refuses, of a trained model and of one that is still to be trained."""

from typing import Any

from shinso import nn
from shinso._checks import one_of, whole_number
from shinso._kinds import STRUCTURES
from shinso.bayes._inputs import training_data
from shinso.bayes._network import Subset, network_of
from shinso.objectives import Likelihood, predictive

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
    STRUCTURES[structure].check(network, nn.example_of(parts[0]), limit)


def check_structure(structure: str, hessian: bool, rank: int | None) -> None:
    """Refuse a structure that there is not, and options that it does not heed."""
    options = STRUCTURES[one_of("structure", structure, STRUCTURES)].options
    for name, given, plain in (("hessian", hessian, False), ("rank", rank, None)):
        if given != plain and name not in options:
            takes = " or ".join(repr(kind) for kind, made in STRUCTURES.items() if name in made.options)
            raise ValueError(f"{name} must be {plain} unless structure is {takes}; got structure={structure!r}.")
    if rank is not None:
        whole_number("rank", rank, least=1)
