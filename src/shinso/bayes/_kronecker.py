"""The Kronecker-factored posterior: a block for each layer, whose inputs and outputs vary independently."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple, Self

import equinox as eqx
import numpy as np
from scipy import linalg

from shinso.bayes._moments import layer_jacobians
from shinso.bayes._network import Network, places_in, places_of
from shinso.bayes._structure import UNDETERMINED, Choices, Covariance, Curvature, LayerSlopes, gram, gram_of_layer
from shinso.curvature import LayerJacobian


class Factors(NamedTuple):
    """H ≈ A ⊗ G on parameters read as one matrix `[a, g]`: a layer's weight and, below it, its bias.

    Attributes:
        inputs: A, `[a, a]`.
        vectors: eigenvectors of G, `[g, g]`.
        values: eigenvalues of G, `[g]`.
        places: where the matrix's numbers stand in the flat vector, `[a·g]`.
    """

    inputs: np.ndarray
    vectors: np.ndarray
    values: np.ndarray
    places: np.ndarray


@dataclass(frozen=True, eq=False)
class Kronecker(Curvature):
    """K-FAC: H ≈ a block diagonal of A ⊗ G.

    Attributes:
        blocks: one for each layer.
    """

    blocks: tuple[Factors, ...]
    name: ClassVar[str] = "kronecker"

    @classmethod
    def check(cls, network: Network, example: Any, limit: int) -> None:
        """Refuse layers that do not show their rows and gradients."""
        eqx.filter_eval_shape(layer_jacobians, network, example)

    @classmethod
    def of(cls, sums: Any, choices: Choices) -> "Kronecker":
        """Return the factors that `shinso.curvature.kronecker` finds."""
        places, found = places_of(sums.network), []
        for block in sums.kronecker().blocks:
            left, right, products = (
                np.asarray(part, dtype=np.float64) for part in (block.left, block.right, block.values)
            )
            # The eigenvalues are products; either factor is known up to a number.
            first, second = np.unravel_index(products.argmax(), products.shape)
            top = products[first, second] or 1.0
            inputs = (left * products[:, second]) @ left.T
            found.append(Factors(inputs, right, products[first] / top, places_in(block.names, places)))
        return cls(tuple(found))

    @property
    def diagonal(self) -> np.ndarray:
        """A_ii G_jj."""
        found = np.empty(sum(len(block.places) for block in self.blocks))
        for block in self.blocks:
            found[block.places] = np.outer(np.diag(block.inputs), np.square(block.vectors) @ block.values).ravel()
        return found

    def covariance(self, prior: np.ndarray, scale: float) -> "KroneckerCovariance":
        """Return the blocks (Λ ⊗ I + βA ⊗ G)⁻¹, Λ the precisions of the rows: each input and the bias may have its own.

        Raises:
            ValueError: a block is singular, or precisions differ among the outputs of a layer.
        """
        return KroneckerCovariance(tuple(_inverted(block, prior[block.places], scale) for block in self.blocks))

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all that it holds, as arrays by name."""
        return {f"{i}.{name}": array for i, block in enumerate(self.blocks) for name, array in block._asdict().items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """Return what `arrays` was made of."""
        count = len(arrays) // len(Factors._fields)
        return cls(tuple(Factors(*(arrays[f"{i}.{name}"] for name in Factors._fields)) for i in range(count)))


class Inverted(NamedTuple):
    """(V ⊗ Q) diag(1/m) (V ⊗ Q)ᵀ."""

    left: np.ndarray
    right: np.ndarray
    masses: np.ndarray
    places: np.ndarray


def _inverted(block: Factors, prior: np.ndarray, scale: float) -> Inverted:
    """Return the inverse of Λ ⊗ I + βA ⊗ G, from V with Vᵀ(cA + Λ)V = I and VᵀΛV = diag μ.

    Then Vᵀ cA V = diag(1 − μ), and the block is diagonal with entries μ_i + (1 − μ_i) β g_j / c. The number c makes the
    largest of βg/c one, so that both terms count alike. It holds for any Λ ≥ 0, a bias without a prior included.
    """
    rows = prior.reshape(len(block.inputs), -1)
    if (rows != rows[:, :1]).any():
        raise ValueError("prior must have one precision for all outputs of a layer in structure 'kronecker'.")
    share = scale * max(float(block.values.max()), np.finfo(np.float64).tiny)
    both = share * block.inputs + np.diag(rows[:, 0])
    try:
        mu, left = linalg.eigh(np.diag(rows[:, 0]), both)
    except linalg.LinAlgError:
        raise ValueError(UNDETERMINED.format(least=float(linalg.eigvalsh(both)[0]))) from None
    mu = np.clip(mu, 0, 1)
    masses = mu[:, None] + (1 - mu[:, None]) * (scale * block.values / share)
    if not (masses > 0).all():
        raise ValueError(UNDETERMINED.format(least=float(masses.min())))
    return Inverted(left, block.vectors, masses, block.places)


@dataclass(frozen=True, eq=False)
class KroneckerCovariance(Covariance):
    """One inverse for each block."""

    blocks: tuple[Inverted, ...]

    @property
    def log_determinant(self) -> float:
        """Σ ln m − 2g ln|det V| over the blocks."""
        return float(
            sum(
                np.log(block.masses).sum() - 2 * len(block.right) * np.linalg.slogdet(block.left)[1]
                for block in self.blocks
            )
        )

    @cached_property
    def variances(self) -> np.ndarray:
        """The diagonals of the blocks."""
        return self._placed(
            [np.square(block.left) @ (1 / block.masses) @ np.square(block.right).T for block in self.blocks], ()
        )

    def solve(self, vector: np.ndarray) -> np.ndarray:
        """Return A⁻¹v."""
        turned = [self._turned(block, vector) / block.masses for block in self.blocks]
        return self._placed(
            [block.left @ part @ block.right.T for block, part in zip(self.blocks, turned, strict=True)], ()
        )

    def of_outputs(self, jacobians: np.ndarray) -> np.ndarray:
        """Return J A⁻¹ Jᵀ, the sum over the blocks."""
        total = np.zeros((*jacobians.shape[:-1], jacobians.shape[-2]))
        for block in self.blocks:
            turned = self._turned(block, jacobians) / np.sqrt(block.masses)
            total += gram(turned.reshape(*jacobians.shape[:-1], -1))
        return total

    def takes(self, layers: Sequence[LayerJacobian], examples: int) -> bool:
        """Return True."""
        return True

    def of_layers(self, layers: Sequence[LayerSlopes]) -> np.ndarray:
        """Return the same from Jacobians in products, Σ_r (Vᵀa_r)(Qᵀg_r)ᵀ."""
        blocks = {block.places[0]: block for block in self.blocks}
        pairs = [(blocks[layer.places[0]], layer) for layer in layers]
        found: np.ndarray = np.sum(
            [
                gram_of_layer(layer.rows @ block.left, layer.gradients @ block.right, block.masses)
                for block, layer in pairs
            ],
            axis=0,
        )
        return found

    def colour(self, noise: np.ndarray) -> np.ndarray:
        """Return V (ε/√m) Qᵀ block by block."""
        parts = []
        for block in self.blocks:
            part = noise[:, block.places].reshape(-1, *block.masses.shape)
            parts.append(block.left @ (part / np.sqrt(block.masses)) @ block.right.T)
        return self._placed(parts, noise.shape[:1])

    def _turned(self, block: Inverted, vectors: np.ndarray) -> np.ndarray:
        """Return Vᵀ X Q for the block's part X of each vector."""
        matrices = vectors[..., block.places].reshape(*vectors.shape[:-1], *block.masses.shape)
        found: np.ndarray = np.matmul(np.matmul(block.left.T, matrices), block.right)
        return found

    def _placed(self, parts: list[np.ndarray], leading: tuple[int, ...]) -> np.ndarray:
        """Return the blocks' matrices as flat vectors."""
        vectors = np.empty((*leading, sum(len(block.places) for block in self.blocks)))
        for block, part in zip(self.blocks, parts, strict=True):
            vectors[..., block.places] = part.reshape(*leading, -1)
        return vectors
