"""The low-rank posterior: the directions that the data determine best, and the prior in all others."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from scipy import linalg

from shinso.bayes._structure import Choices, Covariance, Curvature, gram

RANK = 50
"""Directions kept, unless a call says otherwise."""
OVERSAMPLING, PASSES = 10, 3
"""Directions searched beyond those kept, and products with each."""


@dataclass(frozen=True, eq=False)
class LowRank(Curvature):
    """H ≈ U diag(s) Uᵀ with its R largest eigenvalues.

    Attributes:
        vectors: U, `[W, R]`, orthonormal columns.
        values: s, `[R]`, ≥ 0.
    """

    vectors: np.ndarray
    values: np.ndarray
    name: ClassVar[str] = "low_rank"
    options: ClassVar[tuple[str, ...]] = ("rank",)

    @classmethod
    def of(cls, sums: Any, choices: Choices) -> "LowRank":
        """Return the leading eigenvectors, from products."""
        size = sums.network.size
        return leading_pairs(sums.product, size, min(RANK if choices.rank is None else choices.rank, size))

    @property
    def diagonal(self) -> np.ndarray:
        """Σ_r U_ir² s_r."""
        found: np.ndarray = np.square(self.vectors) @ self.values
        return found

    def covariance(self, prior: np.ndarray, scale: float) -> "LowRankCovariance":
        """Return Λ^−½ (I + BBᵀ)⁻¹ Λ^−½ with Λ = diag α and B = Λ^−½ U (βs)^½.

        Raises:
            ValueError: a parameter has no prior.
        """
        if not (prior > 0).all():
            raise ValueError(
                "prior must have a precision above 0 for every parameter in structure 'low_rank', which knows nothing else "
                "in most directions; give prior_precision, or take another structure."
            )
        root = 1 / np.sqrt(prior)
        bases, singular, _ = linalg.svd(
            root[:, None] * self.vectors * np.sqrt(scale * self.values), full_matrices=False
        )
        return LowRankCovariance(root, bases, np.square(singular))


@dataclass(frozen=True, eq=False)
class LowRankCovariance(Covariance):
    """Λ^−½ (I + Q diag(m) Qᵀ)⁻¹ Λ^−½."""

    root: np.ndarray
    bases: np.ndarray
    masses: np.ndarray

    @property
    def log_determinant(self) -> float:
        """Σ ln α + Σ ln(1 + m)."""
        return float(np.log1p(self.masses).sum() - 2 * np.log(self.root).sum())

    @cached_property
    def variances(self) -> np.ndarray:
        """(1 − Σ_r Q_ir² m_r/(1 + m_r))/α_i."""
        shrunk = np.square(self.bases) @ (self.masses / (1 + self.masses))
        found: np.ndarray = np.square(self.root) * np.maximum(1 - shrunk, 0)
        return found

    def solve(self, vector: np.ndarray) -> np.ndarray:
        """Return A⁻¹v."""
        found: np.ndarray = self.root * self._in_bases(self.root * vector, 1 / (1 + self.masses))
        return found

    def of_outputs(self, jacobians: np.ndarray) -> np.ndarray:
        """Return J A⁻¹ Jᵀ."""
        return gram(self._in_bases(jacobians * self.root, 1 / np.sqrt(1 + self.masses)))

    def colour(self, noise: np.ndarray) -> np.ndarray:
        """Return Λ^−½ (I + Q diag(m) Qᵀ)^−½ ε."""
        found: np.ndarray = self.root * self._in_bases(noise, 1 / np.sqrt(1 + self.masses))
        return found

    def _in_bases(self, rows: np.ndarray, factors: np.ndarray) -> np.ndarray:
        """Return rows whose part along Q is multiplied by `factors`."""
        found: np.ndarray = rows + ((rows @ self.bases) * (factors - 1)) @ self.bases.T
        return found


def leading_pairs(product: Callable[[np.ndarray], np.ndarray], size: int, rank: int) -> LowRank:
    """Return the leading eigenpairs of a semidefinite matrix by block Lanczos from R + 10 fixed random directions S.

    They are the Ritz pairs of [S, HS, H²S], so data are read three times whatever the rank. Where three blocks fill the
    space, the result is exact. Source: Golub and Underwood (1977); Musco and Musco (2015), algorithm 2.

    Args:
        product: H V for V `[W, any]`.
        size: W.
        rank: R ≤ W.
    """
    width = min(size, rank + OVERSAMPLING)
    block = np.linalg.qr(np.random.default_rng(0).standard_normal((size, width)))[0]
    basis = np.empty((size, 0))
    columns: list[np.ndarray] = []
    while len(columns) < PASSES and block.shape[1]:
        basis = np.hstack([basis, block])
        image = product(block)
        columns.append(basis.T @ image)
        block = _beyond(basis, image[:, : size - basis.shape[1]])
    small = np.zeros((basis.shape[1],) * 2)
    for column in columns:
        small[: len(column), len(column) - column.shape[1] : len(column)] = column
    values, rotation = linalg.eigh(small, lower=False)
    return LowRank(basis @ rotation[:, -rank:], np.maximum(values[-rank:], 0))


def _beyond(basis: np.ndarray, block: np.ndarray) -> np.ndarray:
    """Return orthonormal columns for what of `block` is not in the span of `basis`; twice, against rounding."""
    for _ in range(2):
        block = np.linalg.qr(block - basis @ (basis.T @ block))[0]
    return block
