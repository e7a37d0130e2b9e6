"""The part of a Gauss–Newton matrix that belongs to two dense layers, summed over examples."""

from collections.abc import Mapping

import numpy as np

from shinso.bayes._network import places_in
from shinso.curvature import LayerJacobian


class LayerPair:
    """Σ_n (a bᵀ) ⊗ (GᵀH) for rows a, b and roots G, H of two dense layers, or of one: then both factors are symmetric.

    It is held as numbers [pairs of rows, pairs of columns], of what is symmetric the upper half.

    Args:
        one: shapes of a layer's rows and gradients.
        other: those of the other, or the same.
    """

    def __init__(self, one: LayerJacobian, other: LayerJacobian):
        self.one, self.other = one, other
        (self._a, self._g), (self._b, self._h) = _sizes(one), _sizes(other)
        self._columns = _pairs(self._g, self._h, one is other)
        # The rows' products are made where they are fewer than a row times the columns' products.
        self._by_rows = self._a <= len(self._columns)
        self._rows = _pairs(self._a, self._b, one is other and self._by_rows)
        self._sums = np.zeros((len(self._rows), len(self._columns)))

    @property
    def bytes(self) -> int:
        """What an example takes."""
        rows, columns = self._sums.shape
        return 8 * (rows + columns if self._by_rows else self._b * columns)

    def add(self, a: np.ndarray, g: np.ndarray, b: np.ndarray, h: np.ndarray) -> None:
        """Add some examples: rows a `[n, a]` and b `[n, b]`, roots g `[n, C, g]` and h `[n, C, h]`."""
        columns = np.matmul(np.swapaxes(g, -1, -2), h).reshape(len(a), -1)[:, self._columns]
        if self._by_rows:
            self._sums += self._products(np.ascontiguousarray(a.T), np.ascontiguousarray(b.T)) @ columns
        else:
            both = (b[:, :, None] * columns[:, None]).reshape(len(a), -1)
            self._sums += (a.T @ both).reshape(self._sums.shape)

    def _products(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Return a_i b_j of the pairs of rows, `[pairs, n]`, for a `[a, n]` and b `[b, n]`."""
        if self.one is self.other:
            return np.concatenate([row * b[place:] for place, row in enumerate(a)])
        products: np.ndarray = (a[:, None] * b).reshape(-1, a.shape[1])
        return products

    def write(self, matrix: np.ndarray, places: Mapping[str, slice]) -> None:
        """Write the sum, and where the layers are two its transpose, to where the layers' parameters stand in `matrix`."""
        rows = _spread(self._sums, self._rows, self._a, self._b)
        both = _spread(rows.T, self._columns, self._g, self._h).T.reshape(self._a, self._b, self._g, self._h)
        down = places_in(self.one.names, places).reshape(self._a, 1, self._g, 1)
        across = places_in(self.other.names, places).reshape(1, self._b, 1, self._h)
        matrix[down, across] = both
        matrix[across, down] = both


def _sizes(layer: LayerJacobian) -> tuple[int, int]:
    return layer.rows.shape[-1], layer.gradients.shape[-1]


def _pairs(first: int, second: int, symmetric: bool) -> np.ndarray:
    """Return the places of all pairs in a matrix `[first, second]` read row by row, of a symmetric one those with i ≤ j."""
    i, j = np.divmod(np.arange(first * second), second)
    return np.flatnonzero(i <= j) if symmetric else np.arange(first * second)


def _spread(values: np.ndarray, pairs: np.ndarray, first: int, second: int) -> np.ndarray:
    """Return values `[pairs, any]` as `[first · second, any]`, those of (i, j) at (j, i) too where that is no pair."""
    if len(pairs) == first * second:
        return values
    i, j = np.divmod(pairs, second)
    whole = np.empty((first * second, values.shape[1]))
    whole[pairs] = values
    whole[j * second + i] = values
    return whole
