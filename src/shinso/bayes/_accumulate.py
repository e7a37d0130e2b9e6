"""What a pass through the data gives: the curvature in each structure, and how well the model fits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from shinso import curvature
from shinso.bayes._layer_pair import LayerPair
from shinso.bayes._moments import layer_jacobians, layer_shapes
from shinso.bayes._network import MOST_BYTES, MOST_EXAMPLES, Network, examples_together, pieces, places_of
from shinso.objectives import Batch, Objective

VECTORS = 16
"""Products with the Gauss–Newton matrix made together."""


@dataclass(frozen=True)
class Fit:
    """How well the model fits the data, as far as the evidence asks.

    Attributes:
        examples: Σ w_n.
        values: K Σ w_n, the numbers observed.
        loss: Σ w_n L_n, for a Gaussian likelihood at precision 1: half the sum of squares.
        constant: Σ w_n (ln p_n + L_n), at precision 1.
    """

    examples: float
    values: float
    loss: float
    constant: float

    def log_likelihood(self, noise_precision: float | None) -> float:
        """Return Σ w_n ln p(y_n | x_n)."""
        if noise_precision is None:
            return self.constant - self.loss
        return self.constant - noise_precision * self.loss + 0.5 * self.values * float(np.log(noise_precision))


class Sums:
    """Sums over the training data for a model, a part of whose parameters is chosen.

    Args:
        network: the model.
        objective: the likelihood (at noise precision 1, if it has one) and the penalties.
        data: as curvature functions take it.
    """

    def __init__(self, network: Network, objective: Objective, data: Any):
        self.network = network
        # The operator is built for the whole model, which checks the data; then it is made to act on the subset.
        made = curvature.gauss_newton if objective.likelihood.convex else curvature.fisher
        whole = made(network.model, objective, data)
        if whole.problem.per_step:
            raise ValueError("model must have outputs [N, K] for a posterior; it has one for every step of a sequence.")
        self.problem = replace(whole.problem, parameters=network.parameters, rest=network.rest)
        self.unpenalized = replace(self.problem, objective=Objective(objective.likelihood))
        self.whole = replace(whole, problem=self.unpenalized)
        self.outputs = self.problem.output_shape[-1]

    @property
    def examples(self) -> float:
        """Σ w_n."""
        return float(np.asarray(self.problem.batch.weights, dtype=np.float64).sum())

    @property
    def resolution(self) -> float:
        """Relative rounding of the numbers the network is computed in."""
        return float(np.finfo(ravel_pytree(self.network.parameters)[0].dtype).eps)

    def fit(self) -> Fit:
        """Return how well the model fits."""
        loss, likelihood = map(float, self._passed[0])
        return Fit(self.examples, self.examples * self.outputs, loss, likelihood + loss)

    def gradient(self, noise_precision: float | None) -> np.ndarray:
        """Return ∇E of the mean cost with its penalties, `[W]`."""
        of_data = np.asarray(self._passed[1], dtype=np.float64) * (noise_precision or 1.0) / self.examples
        return of_data + np.asarray(_penalty_gradient(self.problem), dtype=np.float64)

    @cached_property
    def _passed(self) -> tuple[tuple[Float[Array, ""], Float[Array, ""]], Float[Array, " W"]]:
        return _fit_and_gradient(self.problem)

    def dense(self) -> np.ndarray:
        """Return the Gauss–Newton matrix Σ w_n J_nᵀ M_n J_n, `[W, W]`: RᵀR of the rows R = √w_n M_n^½ J_n.

        A symmetric product takes half the work of one with M_nJ_n, and in float64 no eigenvalue of it is negative. Of dense
        layers R_n is a product a ⊗ G_n, and the matrix is Σ (a_l a_mᵀ) ⊗ (G_lᵀG_m): W² operations for each example, where
        its C rows written out take CW².
        """
        shown = layer_shapes(self.network, self.problem.example.inputs)
        if shown is not None and self.whole.vectors > 1 and all(layer.rows.shape[1] == 1 for layer in shown):
            return self._dense_of_layers(shown)
        matrix = np.zeros((self.network.size, self.network.size))
        for batch in self._batches(examples_together(self.outputs, self.network.size)):
            rows = np.asarray(_rooted(self.whole, batch), dtype=np.float64)
            rows = rows.reshape(-1, rows.shape[-1])
            matrix += rows.T @ rows
        return self.examples * matrix

    def _dense_of_layers(self, shown: Sequence[curvature.LayerJacobian]) -> np.ndarray:
        pairs = [LayerPair(one, other) for place, one in enumerate(shown) for other in shown[place:]]
        size = max(1, min(MOST_EXAMPLES, MOST_BYTES // max(pair.bytes for pair in pairs)))
        for batch in self._batches(size):
            found = _layers_rooted(self.network, self.whole, batch)
            layers = {
                layer.names: [np.asarray(part, np.float64) for part in parts]
                for layer, parts in zip(shown, found, strict=True)
            }
            for pair in pairs:
                pair.add(*layers[pair.one.names], *layers[pair.other.names])
        matrix = np.empty((self.network.size, self.network.size))
        places = places_of(self.network)
        for pair in pairs:
            pair.write(matrix, places)
        return matrix

    def _batches(self, size: int) -> Iterator[Batch]:
        """Yield the examples in pieces of one size; what fills up the last has weight 0."""
        for piece, new in pieces(self.problem.batch, size):
            yield piece._replace(weights=np.where(np.arange(len(piece.weights)) < new, piece.weights, 0))

    def kronecker(self) -> curvature.BlockOperator:
        """Return its Kronecker factors."""
        return curvature.kronecker_of(self.whole).scaled(self.examples)

    def diagonal(self) -> np.ndarray:
        """Return its diagonal, `[W]`."""
        found = ravel_pytree(curvature.diagonal(self.whole))[0]
        return self.examples * np.maximum(np.asarray(found, dtype=np.float64), 0)

    def hessian(self, limit: int) -> np.ndarray:
        """Return Σ w_n ∇∇L_n, `[W, W]`."""
        operator = curvature.hessian(self.network.model, self.unpenalized.objective, self.unpenalized.batch)
        operator = replace(operator, problem=self.unpenalized)
        matrix = np.asarray(curvature.dense(operator, limit=limit), dtype=np.float64)
        return self.examples * (matrix + matrix.T) / 2

    def product(self, vectors: np.ndarray) -> np.ndarray:
        """Return the Gauss–Newton matrix times the columns of `vectors` `[W, any]`, a few at a time."""
        flat, unflatten = ravel_pytree(self.network.parameters)
        rows, count = vectors.T, vectors.shape[1]
        images = []
        for start in range(0, count, VECTORS):
            block = np.zeros((min(VECTORS, count), len(vectors)))
            block[: len(rows[start : start + VECTORS])] = rows[start : start + VECTORS]
            found = curvature.products(self.whole, jax.vmap(unflatten)(jnp.asarray(block, flat.dtype)))
            images.append(np.asarray(jax.vmap(lambda tree: ravel_pytree(tree)[0])(found), dtype=np.float64))
        return self.examples * np.concatenate(images)[:count].T


@eqx.filter_jit
def _fit_and_gradient(problem: Any) -> tuple[tuple[Float[Array, ""], Float[Array, ""]], Float[Array, " W"]]:
    """Return Σ w_n L_n, Σ w_n ln p_n, and the gradient of the first."""

    def of_examples(batch: Batch, _: Array) -> tuple[tuple[Array, Array], Any]:
        def summed(parameters: Any) -> tuple[Array, tuple[Array, Array]]:
            outputs, likelihood = problem.outputs(parameters, batch.inputs), problem.objective.likelihood
            weights = batch.weights.astype(outputs.dtype)
            loss = jnp.vdot(weights, likelihood.loss(outputs, batch.targets))
            return loss, (loss, jnp.vdot(weights, likelihood.log_likelihood(outputs, batch.targets)))

        gradient, sums = jax.grad(summed, has_aux=True)(problem.parameters)
        return sums, gradient

    sums, gradient = problem.over_chunks(of_examples)
    return sums, ravel_pytree(gradient)[0]


@eqx.filter_jit
def _penalty_gradient(problem: Any) -> Float[Array, " W"]:
    return ravel_pytree(jax.grad(problem.penalty)(problem.parameters))[0]


@eqx.filter_jit
def _layers_rooted(
    network: Network, operator: Any, batch: Batch
) -> list[tuple[Float[Array, "n a"], Float[Array, "n C g"]]]:
    """Return a and √w M^½ G of each dense layer, G the outputs' derivatives by its sums."""
    outputs, layers = layer_jacobians(network, batch.inputs)
    roots = operator.roots(outputs, batch.targets, jnp.arange(len(outputs)))
    weighted = jnp.sqrt(batch.weights.astype(outputs.dtype))[:, None, None] * roots
    with jax.default_matmul_precision("highest"):
        return [(layer.rows[:, 0], weighted @ layer.gradients[:, :, 0]) for layer in layers]


@eqx.filter_jit
def _rooted(operator: Any, batch: Batch) -> Float[Array, "n C W"]:
    rows: Array = operator.square_root(batch, jnp.arange(len(batch.weights)))
    return rows
