"""The Gaussian prior in groups, as the penalties of an objective or the user's own precisions describe it."""

import dataclasses
import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from shinso._checks import real
from shinso.bayes._network import Network, places_of
from shinso.objectives import Penalty

FREE = -1
"""The group of parameters without a prior."""

_Group: TypeAlias = tuple[str, float, np.ndarray]
"""Name, precision, and places in the flat vector."""


@dataclass(frozen=True, eq=False)
class Prior:
    """w ~ N(0, 1/α_k) for every parameter w of group k; parameters without a group have a flat, improper prior.

    Attributes:
        names: the groups: their parameters' paths joined by a comma, with `[d]` for one input d of an `ARD`.
        precisions: α, `[G]`, ≥ 0.
        membership: the group of each of W parameters, −1 for none.
        vanishing: what stands for a precision of 0 where a matrix is inverted, `[W]`: 0, or next to nothing where the
            likelihood leaves a direction open that no prediction depends on.
    """

    names: tuple[str, ...]
    precisions: np.ndarray
    membership: np.ndarray
    vanishing: np.ndarray

    @property
    def of_parameters(self) -> np.ndarray:
        """Each parameter's precision, `[W]`; 0 without a prior."""
        precisions: np.ndarray = np.append(self.precisions, 0.0)[self.membership]
        return precisions

    @property
    def to_invert(self) -> np.ndarray:
        """Each parameter's precision, or `vanishing` where that is 0, `[W]`."""
        alpha = self.of_parameters
        return np.where(alpha > 0, alpha, self.vanishing)

    @property
    def proper(self) -> bool:
        """Whether every parameter has a precision above 0."""
        return bool((self.of_parameters > 0).all())

    @property
    def sizes(self) -> np.ndarray:
        """Parameters in each group, `[G]`."""
        return self.sums(np.ones(len(self.membership)))

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Return the sums of `values` `[W]` over each group, `[G]`."""
        member = self.membership != FREE
        return np.bincount(self.membership[member], weights=values[member], minlength=len(self.names))

    def with_precisions(self, precisions: np.ndarray) -> "Prior":
        """Return the same groups with other precisions."""
        return dataclasses.replace(self, precisions=np.asarray(precisions, dtype=np.float64))

    def free_paths(self, network: Network) -> list[str]:
        """Return the paths of parameters whose precision is 0."""
        without = self.of_parameters == 0
        return [path for path, place in places_of(network).items() if without[place].any()]


def prior_of(penalties: Sequence[Penalty], network: Network, examples: float, given: Any = None) -> Prior:
    """Return the prior that a user gives, and for other parameters the one whose −ln is N times the penalties.

    Args:
        penalties: of `scale="mean"`: α = Nλ for `L2`, Nλα_d for `ARD`.
        network: the model and the parameters that the posterior is of.
        examples: N, the sum of the examples' weights.
        given: one α > 0 for all parameters, {pattern over paths: α} for some, or None.

    Raises:
        TypeError, ValueError: a precision is not a number above 0, a pattern matches no parameter, a penalty is no
            Gaussian prior, or a parameter is touched twice.
    """
    groups = _given(given, network)
    taken = np.zeros(network.size, dtype=bool)
    for _, _, places in groups:
        taken[places] = True
    left = [path for path, place in places_of(network).items() if not taken[place].any()]
    for penalty in penalties:
        touched = [path for path in penalty.touched(network.model) if path in left]
        if not touched:
            continue
        precisions = penalty.prior_precisions
        if precisions is None:
            raise ValueError(
                f"penalties must be L2 or ARD, which are Gaussian priors; got {type(penalty).__name__}. "
                "Give prior_precision to put a prior in its place."
            )
        groups += _groups(penalty, precisions, touched, network, examples)
    return _assembled(groups, network)


def penalties_of_prior(penalties: Sequence[Penalty], model: Any, prior: Prior, examples: float) -> tuple[Penalty, ...]:
    """Return `penalties` with the precisions of `prior`; those of groups that it does not have are kept."""
    precisions = dict(zip(prior.names, prior.precisions.tolist(), strict=True))

    def updated(penalty: Penalty) -> Penalty:
        # A group has the name of those parameters of the penalty that the posterior is of.
        touched = penalty.touched(model)
        names = [name for name in precisions if name.partition("[")[0].split(", ")[0] in touched]
        if not names or penalty.prior_precisions is None:
            return penalty
        found = np.array([precisions[name] for name in names]) / examples
        return penalty.with_prior_precisions(found.reshape(penalty.prior_precisions.shape))

    return tuple(updated(penalty) for penalty in penalties)


def free_precisions(penalties: Sequence[Penalty], network: Network) -> dict[str, float]:
    """Return a precision of 1 for each array of the posterior that no penalty gives a Gaussian prior."""
    gaussian = [one for one in penalties if one.prior_precisions is not None and float(one.strength) > 0]
    touched = {path for penalty in gaussian for path in penalty.touched(network.model)}
    return {path: 1.0 for path in network.shapes if path not in touched}


def in_units_of_the_mean(penalties: Sequence[Penalty], batch: float) -> tuple[Penalty, ...]:
    """Return equal penalties of `scale="mean"`, where those of `scale="batch"` are divided by a weight of `batch`."""
    return tuple(
        dataclasses.replace(penalty, strength=penalty.strength / batch, scale="mean")
        if penalty.scale == "batch"
        else penalty
        for penalty in penalties
    )


def _given(given: Any, network: Network) -> list[_Group]:
    if given is None:
        return []
    if not isinstance(given, Mapping):
        return [("all", real("prior_precision", given, above=0.0), np.arange(network.size))]
    places = places_of(network)
    groups, taken = [], set[str]()
    for pattern, value in given.items():
        paths = [path for path in places if fnmatch.fnmatchcase(path, pattern) and path not in taken]
        if not paths:
            raise ValueError(
                f"prior_precision must have patterns that match parameters of the posterior, each its own; "
                f"got {pattern!r}, and there are {', '.join(places)}."
            )
        taken |= set(paths)
        members = np.concatenate([np.arange(network.size)[places[path]] for path in paths])
        groups.append((", ".join(paths), real(f"prior_precision of {pattern}", value, above=0.0), members))
    return groups


def _groups(
    penalty: Penalty, precisions: np.ndarray, touched: Sequence[str], network: Network, examples: float
) -> list[_Group]:
    """Return name, precision and members of each group of a penalty."""
    places, name = places_of(network), ", ".join(touched)
    members = np.concatenate([np.arange(network.size)[places[path]] for path in touched])
    group = np.concatenate([penalty.prior_groups(network.shapes[path]).ravel() for path in touched])
    names = [name] if precisions.ndim == 0 else [f"{name}[{d}]" for d in range(len(precisions))]
    alphas = (examples * precisions).ravel().tolist()
    return [(names[k], alpha, members[group == k]) for k, alpha in enumerate(alphas)]


def _assembled(groups: Sequence[_Group], network: Network) -> Prior:
    membership = np.full(network.size, FREE, dtype=np.int32)
    for number, (name, _, places) in enumerate(groups):
        if (membership[places] != FREE).any():
            raise ValueError(f"penalties must each touch parameters of their own for a posterior; {name} has two.")
        membership[places] = number
    names, precisions = (
        tuple(name for name, _, _ in groups),
        np.array([alpha for _, alpha, _ in groups], dtype=np.float64),
    )
    return Prior(names, precisions, membership, np.zeros(network.size))
