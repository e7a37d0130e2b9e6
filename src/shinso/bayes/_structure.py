"""What every structure of a posterior can do; the algebra is done in float64 on the host, whatever JAX's precision."""

import abc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from shinso.bayes._network import Network
from shinso.curvature import LayerJacobian


class LayerSlopes(NamedTuple):
    """J of n examples by the parameters of a layer, read as a matrix `[a, g]`: Σ_r a_r g_krᵀ.

    Attributes:
        places: where the matrix's numbers stand in the flat vector, `[a·g]`.
        rows: a_r, `[n, R, a]`.
        gradients: g_kr, `[n, K, R, g]`.
    """

    places: np.ndarray
    rows: np.ndarray
    gradients: np.ndarray

    def matrix(self, vector: np.ndarray) -> np.ndarray:
        """Return the layer's part of a flat vector, `[a, g]`."""
        matrix: np.ndarray = vector[self.places].reshape(self.rows.shape[-1], -1)
        return matrix


class Choices(NamedTuple):
    """What a call of `laplace` chose of its structure.

    Attributes:
        hessian: the exact Hessian instead of the Gauss–Newton matrix.
        rank: directions kept; None for the structure's own.
        limit: bytes a dense matrix may take.
    """

    hessian: bool
    rank: int | None
    limit: int


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

    def takes(self, layers: Sequence[LayerJacobian], examples: int) -> bool:
        """Return whether `of_layers` is there, and quicker, for so many examples with Jacobians of such shapes."""
        return False

    def of_layers(self, layers: Sequence[LayerSlopes]) -> np.ndarray:
        """Return J A⁻¹ Jᵀ `[n, K, K]` for Jacobians in products."""
        raise NotImplementedError

    @abc.abstractmethod
    def colour(self, noise: np.ndarray) -> np.ndarray:
        """Return draws from N(0, A⁻¹) `[S, W]` for independent standard normal numbers `[S, W]`."""


@dataclass(frozen=True, eq=False)
class Curvature(abc.ABC):
    """H: the second derivative of the data's negative log-likelihood (at noise precision 1), in some structure.

    The fields of a subclass are arrays and numbers.

    Attributes:
        name: as `laplace` knows it.
        options: which of `hessian` and `rank` it heeds.
    """

    name: ClassVar[str]
    options: ClassVar[tuple[str, ...]] = ()

    @classmethod  # noqa: B027
    def check(cls, network: Network, example: Any, limit: int) -> None:
        """Refuse, by shapes alone, a network of which it cannot be made.

        Raises:
            ValueError: a matrix that would take more bytes than the limit, or a layer that it does not take.
        """

    @classmethod
    @abc.abstractmethod
    def of(cls, sums: Any, choices: Choices) -> Self:
        """Return the curvature from the sums over the training data (`Sums`)."""

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


def gram_of_layer(rows: np.ndarray, gradients: np.ndarray, masses: np.ndarray) -> np.ndarray:
    """Return Σ_ij J_kij J_lij / m_ij for J_kij = Σ_r a_ri g_krj, `[n, K, K]`.

    With one row, J is a product: Σ_j g_kj g_lj Σ_i a_i² / m_ij, and no number is made for each parameter.
    """
    if rows.shape[1] == 1:
        shares = np.square(rows[:, 0]) @ (1 / masses)
        slopes = gradients[:, :, 0]
        product: np.ndarray = np.matmul(slopes * shares[:, None], np.swapaxes(slopes, -1, -2))
        return product
    jacobians = np.matmul(np.swapaxes(rows, -1, -2)[:, None], gradients) / np.sqrt(masses)
    return gram(jacobians.reshape(*jacobians.shape[:2], -1))


UNDETERMINED = (
    "data must determine every parameter that has no prior (a unit that is always 0 leaves its bias open); the smallest "
    "eigenvalue of the posterior's precision is {least:.3g}. Give a prior, such as prior_precision={{'*.bias': 1.0}}, or a "
    "penalty to every parameter."
)
