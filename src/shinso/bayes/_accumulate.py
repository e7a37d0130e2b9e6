"""What a pass through the data gives: the curvature in each structure, and how well the model fits."""

from dataclasses import dataclass, replace
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from shinso import curvature
from shinso.bayes._network import Network, examples_together, pieces
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
        objective: the likelihood (Gaussian: at precision 1) and the penalties.
        data: as curvature functions take it.
    """

    def __init__(self, network: Network, objective: Objective, data: Any):
        self.network, self.data = network, data
        self.objective = objective
        self.unpenalized = Objective(objective.likelihood)
        # The operator is built for the whole model, which checks the data; then it is made to act on the subset.
        whole = curvature.gauss_newton(network.model, objective, data)
        if whole.problem.per_step:
            raise ValueError("model must have outputs [N, K] for a posterior; it has one for every step of a sequence.")
        self.problem = replace(whole.problem, parameters=network.parameters, rest=network.rest)
        self.whole = replace(whole, problem=replace(self.problem, objective=self.unpenalized))
        first = jax.tree.map(lambda leaf: leaf[:1], self.problem.batch.inputs)
        self.outputs = jax.eval_shape(network.outputs, network.parameters, first).shape[-1]

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
        loss, likelihood = map(float, _fit(self.problem))
        return Fit(self.examples, self.examples * self.outputs, loss, likelihood + loss)

    def gradient_of(self, objective: Objective) -> np.ndarray:
        """Return ∇E of a mean cost with its penalties, `[W]`."""
        return np.asarray(_gradient(replace(self.problem, objective=objective)), dtype=np.float64)

    def dense(self) -> np.ndarray:
        """Return the Gauss–Newton matrix Σ w_n J_nᵀ M_n J_n, `[W, W]`: RᵀR of the rows R = √w_n M_n^½ J_n.

        A symmetric product takes half the work of one with M_nJ_n, and in float64 no eigenvalue of it is negative.
        """
        matrix = np.zeros((self.network.size, self.network.size))
        for piece, new in pieces(self.problem.batch, examples_together(self.outputs, self.network.size)):
            weights = np.where(np.arange(len(piece.weights)) < new, piece.weights, 0)
            rows = np.asarray(_rooted(self.network, self.whole, piece._replace(weights=weights)), dtype=np.float64)
            rows = rows.reshape(-1, rows.shape[-1])
            matrix += rows.T @ rows
        return matrix

    def diagonal(self) -> np.ndarray:
        """Return its diagonal, `[W]`."""
        found = ravel_pytree(curvature.diagonal(self.whole))[0]
        return self.examples * np.maximum(np.asarray(found, dtype=np.float64), 0)

    def hessian(self, limit: int) -> np.ndarray:
        """Return Σ w_n ∇∇L_n, `[W, W]`."""
        operator = curvature.hessian(self.network.model, self.unpenalized, self.data)
        operator = replace(operator, problem=replace(self.problem, objective=self.unpenalized))
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
def _fit(problem: Any) -> tuple[Float[Array, ""], Float[Array, ""]]:
    def of_examples(batch: Batch, _: Array) -> tuple[Array, Array]:
        outputs, likelihood = problem.outputs(problem.parameters, batch.inputs), problem.objective.likelihood
        weights = batch.weights.astype(outputs.dtype)
        losses = jnp.vdot(weights, likelihood.loss(outputs, batch.targets))
        return losses, jnp.vdot(weights, likelihood.log_likelihood(outputs, batch.targets))

    found: tuple[Array, Array] = problem.over_chunks(of_examples)
    return found


@eqx.filter_jit
def _gradient(problem: Any) -> Float[Array, " W"]:
    return ravel_pytree(problem.gradient(problem.parameters))[0]


@eqx.filter_jit
def _rooted(network: Network, operator: Any, batch: Batch) -> Float[Array, "n C W"]:
    outputs, jacobians = network.jacobians(batch.inputs)
    roots = operator.roots(outputs, batch.targets, jnp.arange(len(outputs)))
    weighted = jnp.sqrt(batch.weights.astype(outputs.dtype))[:, None, None] * roots
    return jnp.matmul(weighted, jacobians, precision=jax.lax.Precision.HIGHEST)
