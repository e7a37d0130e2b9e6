"""The diagonal posterior: every parameter independent of the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from shinso.bayes._structure import UNDETERMINED, Choices, Covariance, Curvature, LayerSlopes, gram, gram_of_layer
from shinso.curvature import LayerJacobian


@dataclass(frozen=True, eq=False)
class Diagonal(Curvature):
    """The diagonal of the generalized Gauss–Newton matrix.

    Attributes:
        values: h, `[W]`, ≥ 0.
    """

    values: np.ndarray
    name: ClassVar[str] = "diagonal"

    @classmethod
    def of(cls, sums: Any, choices: Choices) -> "Diagonal":
        """Return the diagonal of the sums."""
        return cls(sums.diagonal())

    @property
    def diagonal(self) -> np.ndarray:
        """The values."""
        return self.values

    def covariance(self, prior: np.ndarray, scale: float) -> "DiagonalCovariance":
        """Return 1/(α + βh).

        Raises:
            ValueError: an entry is 0.
        """
        precision = prior + scale * self.values
        if not (precision > 0).all():
            raise ValueError(UNDETERMINED.format(least=precision.min()))
        return DiagonalCovariance(precision)


@dataclass(frozen=True, eq=False)
class DiagonalCovariance(Covariance):
    """1/(α + βh)."""

    precision: np.ndarray

    @property
    def log_determinant(self) -> float:
        """Σ ln(α + βh)."""
        return float(np.log(self.precision).sum())

    @property
    def variances(self) -> np.ndarray:
        """1/(α + βh)."""
        return 1 / self.precision

    def solve(self, vector: np.ndarray) -> np.ndarray:
        """Return v/(α + βh)."""
        found: np.ndarray = vector / self.precision
        return found

    def of_outputs(self, jacobians: np.ndarray) -> np.ndarray:
        """Return J A⁻¹ Jᵀ."""
        return gram(jacobians / np.sqrt(self.precision))

    def takes(self, layers: Sequence[LayerJacobian], examples: int) -> bool:
        """Return True."""
        return True

    def of_layers(self, layers: Sequence[LayerSlopes]) -> np.ndarray:
        """Return the same from Jacobians in products."""
        parts = [gram_of_layer(layer.rows, layer.gradients, layer.matrix(self.precision)) for layer in layers]
        found: np.ndarray = np.sum(parts, axis=0)
        return found

    def colour(self, noise: np.ndarray) -> np.ndarray:
        """Return ε/√(α + βh)."""
        found: np.ndarray = noise / np.sqrt(self.precision)
        return found
