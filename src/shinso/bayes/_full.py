"""The full posterior: a dense precision matrix and its Cholesky factor."""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from scipy import linalg

from shinso.bayes._structure import UNDETERMINED, Covariance, Curvature, gram


@dataclass(frozen=True, eq=False)
class Full(Curvature):
    """All of H.

    Attributes:
        matrix: H, `[W, W]`, symmetric.
        exact: whether it is the Hessian, which may be indefinite, rather than the Gauss–Newton matrix.
        resolution: relative rounding of its entries, that of the numbers it was computed in.
    """

    matrix: np.ndarray
    exact: bool
    resolution: float
    name: ClassVar[str] = "full"

    @property
    def diagonal(self) -> np.ndarray:
        """H_ii."""
        return np.diag(self.matrix)

    def covariance(self, prior: np.ndarray, scale: float) -> "DenseCovariance":
        """Return (diag α + βH)⁻¹ = (LLᵀ)⁻¹.

        A Gauss–Newton matrix that rounding has made indefinite is first projected on the nearest semidefinite one.

        Raises:
            ValueError: the matrix is not positive definite.
        """
        factor = _cholesky(self._precision(self.matrix, prior, scale))
        if factor is None and not self.exact and (prior > 0).all():
            values, vectors = linalg.eigh(self.matrix)
            factor = _cholesky(self._precision((vectors * np.maximum(values, 0)) @ vectors.T, prior, scale))
        if factor is None or self._undetermined(factor, prior):
            least = float(linalg.eigvalsh(self._precision(self.matrix, prior, scale), subset_by_index=[0, 0])[0])
            raise ValueError((_INDEFINITE if self.exact else UNDETERMINED).format(least=least))
        return DenseCovariance(factor)

    def _precision(self, matrix: np.ndarray, prior: np.ndarray, scale: float) -> np.ndarray:
        precision = scale * matrix
        precision[np.diag_indices_from(precision)] += prior
        return precision

    def _undetermined(self, factor: np.ndarray, prior: np.ndarray) -> bool:
        """Whether a pivot is no more than rounding; with a prior everywhere it is at least the prior."""
        pivots = np.diag(factor) ** 2
        size = np.square(factor).sum(axis=1)
        return bool((prior == 0).any() and (pivots <= 10 * self.resolution * size).any())


_INDEFINITE = (
    "hessian must be positive definite with the prior added; the smallest eigenvalue is {least:.3g}: the parameters are "
    "at a saddle or not yet at a minimum. Train longer, take a larger prior_precision, or the Gauss–Newton matrix "
    "(hessian=False)."
)


def _cholesky(matrix: np.ndarray) -> np.ndarray | None:
    try:
        factor: np.ndarray = linalg.cholesky(matrix, lower=True, overwrite_a=True)
    except linalg.LinAlgError:
        return None
    return factor


@dataclass(frozen=True, eq=False)
class DenseCovariance(Covariance):
    """(LLᵀ)⁻¹."""

    factor: np.ndarray

    @property
    def log_determinant(self) -> float:
        """2 Σ ln L_ii."""
        return float(2 * np.log(np.diag(self.factor)).sum())

    @cached_property
    def variances(self) -> np.ndarray:
        """Sums of the squared columns of L⁻¹."""
        inverse, _ = linalg.lapack.dtrtri(self.factor, lower=1)
        variances: np.ndarray = np.square(inverse).sum(axis=0)
        return variances

    def solve(self, vector: np.ndarray) -> np.ndarray:
        """Return L⁻ᵀL⁻¹v."""
        solution: np.ndarray = linalg.cho_solve((self.factor, True), vector)
        return solution

    def of_outputs(self, jacobians: np.ndarray) -> np.ndarray:
        """Return (L⁻¹Jᵀ)ᵀ(L⁻¹Jᵀ)."""
        rows = jacobians.reshape(-1, jacobians.shape[-1])
        return gram(linalg.solve_triangular(self.factor, rows.T, lower=True).T.reshape(jacobians.shape))

    def colour(self, noise: np.ndarray) -> np.ndarray:
        """Return L⁻ᵀε."""
        drawn: np.ndarray = linalg.solve_triangular(self.factor, noise.T, lower=True, trans="T").T
        return drawn
