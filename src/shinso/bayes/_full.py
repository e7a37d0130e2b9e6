"""The full posterior: a dense precision matrix and its Cholesky factor."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from scipy import linalg

from shinso.bayes._network import Network
from shinso.bayes._structure import UNDETERMINED, Choices, Covariance, Curvature, LayerSlopes, gram
from shinso.curvature import LayerJacobian

MOST_BYTES = 2**27
"""What the products of rows of the examples looked at together may take."""


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
    options: ClassVar[tuple[str, ...]] = ("hessian",)

    @classmethod
    def check(cls, network: Network, example: Any, limit: int) -> None:
        """Refuse a matrix that would take more than `limit` bytes."""
        taken = 8 * network.size**2
        if taken > limit:
            raise ValueError(
                f"limit must be at least {taken:,} bytes ({taken / 2**30:,.1f} GiB) for the full posterior of "
                f"{network.size:,} parameters; got {limit:,}. Take structure 'kronecker' or 'diagonal', or "
                "subset='last_layer'."
            )

    @classmethod
    def of(cls, sums: Any, choices: Choices) -> "Full":
        """Return the Gauss–Newton matrix, or the Hessian."""
        matrix = sums.hessian(choices.limit) if choices.hessian else sums.dense()
        return cls(matrix, choices.hessian, sums.resolution)

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

    @cached_property
    def inverse(self) -> np.ndarray:
        """A⁻¹ itself."""
        lower, _ = linalg.lapack.dpotri(self.factor, lower=1)
        inverse: np.ndarray = np.tril(lower) + np.tril(lower, -1).T
        return inverse

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

    def takes(self, layers: Sequence[LayerJacobian], examples: int) -> bool:
        """Return whether all layers are dense, and there are outputs enough to make the inverse for."""
        outputs = layers[0].gradients.shape[1]
        dense = all(layer.rows.shape[1] == 1 for layer in layers)
        return dense and outputs > 1 and examples * outputs > len(self.factor)

    def of_layers(self, layers: Sequence[LayerSlopes]) -> np.ndarray:
        """Return the same from Jacobians in products, Σ_lm G_l (a_lᵀ (A⁻¹)_lm a_m) G_mᵀ over pairs of dense layers l, m.

        W² operations for each example, where Jacobians written out take KW².
        """
        total = np.zeros((len(layers[0].rows), *[layers[0].gradients.shape[1]] * 2))
        for place, one in enumerate(layers):
            for other in layers[place:]:
                part = _of_pair(self.inverse, one, other)
                total += part if one is other else part + np.swapaxes(part, -1, -2)
        return total

    def colour(self, noise: np.ndarray) -> np.ndarray:
        """Return L⁻ᵀε."""
        drawn: np.ndarray = linalg.solve_triangular(self.factor, noise.T, lower=True, trans="T").T
        return drawn


def _of_pair(inverse: np.ndarray, one: LayerSlopes, other: LayerSlopes) -> np.ndarray:
    """Return G (aᵀ B b) Hᵀ of each example, B `[a·g, b·h]` the inverse's part, for rows a, b and gradients G, H."""
    (a, g), (b, h) = ((layer.rows.shape[-1], layer.gradients.shape[-1]) for layer in (one, other))
    block = inverse[np.ix_(one.places, other.places)].reshape(a, g, b, h)
    block = np.swapaxes(block, 1, 2).reshape(a * b, g * h)
    size = max(1, MOST_BYTES // (8 * (a * b + g * h)))
    parts = []
    for start in range(0, len(one.rows), size):
        rows, gradients, others, other_gradients = (
            part[start : start + size]
            for layer in (one, other)
            for part in (layer.rows[:, 0], layer.gradients[:, :, 0])
        )
        images = (rows[:, :, None] * others[:, None]).reshape(-1, a * b) @ block
        parts.append(gradients @ images.reshape(-1, g, h) @ np.swapaxes(other_gradients, -1, -2))
    return np.concatenate(parts)
