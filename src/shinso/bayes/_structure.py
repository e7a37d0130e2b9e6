"""What every structure of a posterior can do; the algebra is done in float64 on the host, whatever JAX's precision."""

import abc
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import ClassVar, Self

import numpy as np


class Covariance(abc.ABC):
    """A⁻¹ = (diag α + βH)⁻¹ in the form a structure allows."""

    @property
    @abc.abstractmethod
    def log_determinant(self) -> float:
        """ln|A|, of the precision."""

    @property
    @abc.abstractmethod
    def variances(self) -> np.ndarray:
        """The diagonal of A⁻¹, `[W]`."""

    @abc.abstractmethod
    def solve(self, vector: np.ndarray) -> np.ndarray:
        """Return A⁻¹v, `[W]`."""

    @abc.abstractmethod
    def of_outputs(self, jacobians: np.ndarray) -> np.ndarray:
        """Return J A⁻¹ Jᵀ `[n, K, K]` for J `[n, K, W]`."""

    @abc.abstractmethod
    def colour(self, noise: np.ndarray) -> np.ndarray:
        """Return draws from N(0, A⁻¹) `[S, W]` for independent standard normal numbers `[S, W]`."""


@dataclass(frozen=True, eq=False)
class Curvature(abc.ABC):
    """H: the second derivative of the data's negative log-likelihood (at noise precision 1), in some structure.

    The fields of a subclass are arrays and numbers.
    """

    name: ClassVar[str]

    @property
    @abc.abstractmethod
    def diagonal(self) -> np.ndarray:
        """The diagonal of H, `[W]`."""

    @abc.abstractmethod
    def covariance(self, prior: np.ndarray, scale: float) -> Covariance:
        """Return (diag(prior) + scale·H)⁻¹.

        Raises:
            ValueError: that matrix is not positive definite.
        """

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all that it holds, as arrays by name."""
        return {field.name: np.asarray(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """Return what `arrays` was made of.

        Raises:
            KeyError, TypeError: names are missing or unknown.
        """
        return cls(**{name: array if array.ndim else array.item() for name, array in arrays.items()})


def gram(rows: np.ndarray) -> np.ndarray:
    """Return R Rᵀ for each of n matrices R `[n, K, W]`."""
    product: np.ndarray = np.matmul(rows, np.swapaxes(rows, -1, -2))
    return product


UNDETERMINED = (
    "data must determine every parameter that has no prior (a unit that is always 0 leaves its bias open); the smallest "
    "eigenvalue of the posterior's precision is {least:.3g}. Give a prior, such as prior_precision={{'*.bias': 1.0}}, or a "
    "penalty to every parameter."
)
