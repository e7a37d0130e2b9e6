"""Curvature through the outputs, Σ_n w_n J_nᵀ M_n J_n: Gauss–Newton and Fisher matrices."""

import abc
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from shinso._checks import whole_number
from shinso.curvature._dense import flat_matrix
from shinso.curvature._flat import flatten
from shinso.curvature._matrix import by_layers, by_roots
from shinso.curvature._operator import ParameterOperator
from shinso.curvature._problem import Parameters, Problem, problem
from shinso.objectives import Batch, Likelihood, Objective

FEW_ROOTS = 8
"""Output vectors of an example up to which a matrix is made sooner from their gradients than from products."""


class OutputCurvature(ParameterOperator):
    """Σ_n (w_n / Σ w) J_nᵀ M_n J_n + the penalties' second derivative, J_n = ∂a_n/∂θ; each kind has its own M_n.

    A product runs forward (J v), through M, and back (Jᵀ u): nothing of size K × W is stored.
    """

    problem: Problem
    semidefinite: bool = eqx.field(static=True)

    @abc.abstractmethod
    def curve(
        self, outputs: Float[Array, "n K"], targets: Array, indices: Int[Array, " n"], tangents: Float[Array, "n K"]
    ) -> Float[Array, "n K"]:
        """Return M_n u_n for each example; `indices` are the places of examples, or steps, in the data."""

    @abc.abstractmethod
    def roots(self, outputs: Float[Array, "n K"], targets: Array, indices: Int[Array, " n"]) -> Float[Array, "n C K"]:
        """Return vectors r_c for each example with Σ_c r_c r_cᵀ = M_n, which must not be negative."""

    @property
    def vectors(self) -> int:
        """C, the vectors of an example that `roots` returns."""
        return _count_of_roots(replace(self, problem=replace(self.problem, batch=self.problem.example)))

    @property
    def has_roots(self) -> bool:
        """Whether there is a `square_root`: M is known not to be negative, and each example has outputs of its own."""
        return not self.problem.per_step

    def square_root(self, batch: Batch, indices: Int[Array, " n"]) -> Float[Array, "n C W"]:
        """Return rows R_n = √(w_n/Σw) (J_nᵀr_c)ᵀ with A = Σ_n R_nᵀR_n + ∇∇ penalties: C backward passes for each example."""
        problem = self.problem

        def one(inputs: Any, target: Array, weight: Array, index: Array) -> Float[Array, "C W"]:
            single = jax.tree.map(lambda leaf: leaf[None], inputs)
            outputs, pull_back = jax.vjp(lambda parameters: problem.outputs(parameters, single), problem.parameters)
            vectors = self.roots(outputs, target[None], index[None])[0]
            rows: Array = jax.vmap(lambda vector: flatten(pull_back(vector[None])[0]))(vectors)
            return jnp.sqrt(problem.shares(weight, rows)) * rows

        found: Array = jax.vmap(one)(batch.inputs, batch.targets, batch.weights, indices)
        return found

    def product(self, vector: Parameters) -> Parameters:
        """Return A v."""
        problem = self.problem

        def of_examples(batch: Batch, indices: Int[Array, " n"]) -> Parameters:
            run = self._rows(batch)
            outputs, pull_back, (targets, weights) = jax.vjp(run, problem.parameters, has_aux=True)
            _, tangents, _ = jax.jvp(run, (problem.parameters,), (vector,), has_aux=True)
            curved = self.curve(outputs, targets, _places(indices, outputs), tangents)
            return pull_back(problem.shares(weights, outputs)[:, None] * curved)[0]

        return jax.tree.map(jnp.add, problem.over_chunks(of_examples), problem.penalty_product(vector))

    def forms(self, vectors: Parameters) -> Float[Array, "V V"]:
        """Return v_iᵀ A v_j for vectors along the first axis of every leaf; nothing is propagated back."""
        problem = self.problem

        def of_examples(batch: Batch, indices: Int[Array, " n"]) -> Float[Array, "V V"]:
            outputs, push, (targets, weights) = jax.linearize(self._rows(batch), problem.parameters, has_aux=True)
            tangents = jax.vmap(push)(vectors)
            places = _places(indices, outputs)
            curved = jax.vmap(lambda vector: self.curve(outputs, targets, places, vector))(tangents)
            return jnp.einsum("n,ink,jnk->ij", problem.shares(weights, outputs), tangents, curved)

        penalized = jax.vmap(problem.penalty_product)(vectors)
        pairs = zip(jax.tree.leaves(vectors), jax.tree.leaves(penalized), strict=True)
        of_penalties = [jnp.einsum("i...,j...->ij", one, other) for one, other in pairs]
        return sum(of_penalties, start=problem.over_chunks(of_examples))

    def _rows(self, batch: Batch) -> Callable[[Parameters], tuple[Array, tuple[Array, Array]]]:
        """Return what gives outputs, and targets and weights with them."""

        def run(parameters: Parameters) -> tuple[Array, tuple[Array, Array]]:
            outputs, targets, weights = self.problem.rows(parameters, batch)
            return outputs, (targets, weights)

        return run

    def point(self) -> Parameters:
        """Return θ."""
        return self.problem.parameters


class GaussNewton(OutputCurvature):
    """M = ∂²L/∂a∂aᵀ."""

    @property
    def has_roots(self) -> bool:
        """Whether besides the loss is convex."""
        return super().has_roots and self.problem.objective.likelihood.convex

    def curve(self, outputs: Array, targets: Array, indices: Array, tangents: Array) -> Array:
        """Return M u, the derivative of δ = ∂L/∂a along u: M itself, K × K for each example, is not made."""
        likelihood = self.problem.objective.likelihood
        curved: Array = jax.jvp(lambda a: output_gradient(likelihood, a, targets), (outputs,), (tangents,))[1]
        return curved

    def roots(self, outputs: Array, targets: Array, indices: Array) -> Array:
        """Return K rows."""
        return self.problem.objective.likelihood.hessian_root(outputs, targets)


class OuterProduct(OutputCurvature):
    """M = δδᵀ with δ = ∂L/∂a, so that JᵀMJ = ggᵀ."""

    def curve(self, outputs: Array, targets: Array, indices: Array, tangents: Array) -> Array:
        """Return δ (δᵀu)."""
        return _outer_times(output_gradient(self.problem.objective.likelihood, outputs, targets), tangents)

    def roots(self, outputs: Array, targets: Array, indices: Array) -> Array:
        """Return δ."""
        return output_gradient(self.problem.objective.likelihood, outputs, targets)[:, None]


class Fisher(OutputCurvature):
    """M = E[δδᵀ], targets drawn from the model."""

    def curve(self, outputs: Array, targets: Array, indices: Array, tangents: Array) -> Array:
        """Return M u."""
        return _times(self.problem.objective.likelihood.output_fisher(outputs), tangents)

    def roots(self, outputs: Array, targets: Array, indices: Array) -> Array:
        """Return K rows."""
        return self.problem.objective.likelihood.fisher_root(outputs)


class SampledFisher(OutputCurvature):
    """M = (1/S) Σ_s δ_s δ_sᵀ over S targets drawn from the model for each example, the same in every product."""

    key: PRNGKeyArray
    samples: int = eqx.field(static=True)

    def curve(self, outputs: Array, targets: Array, indices: Array, tangents: Array) -> Array:
        """Return (1/S) Σ_s δ_s (δ_sᵀu)."""
        mean: Array = jnp.mean(
            jax.lax.map(lambda key: _outer_times(self._drawn(outputs, indices, key), tangents), self._keys), axis=0
        )
        return mean

    def roots(self, outputs: Array, targets: Array, indices: Array) -> Array:
        """Return δ_s / √S."""
        drawn: Array = jax.vmap(lambda key: self._drawn(outputs, indices, key), out_axes=1)(self._keys)
        return drawn / jnp.sqrt(self.samples)

    @property
    def _keys(self) -> PRNGKeyArray:
        keys: Array = jax.random.split(self.key, self.samples)
        return keys

    def _drawn(self, outputs: Array, indices: Array, key: PRNGKeyArray) -> Array:
        """Return δ at one drawn target for each example."""
        likelihood = self.problem.objective.likelihood
        # A key for each example, so that chunks change nothing.
        keys = jax.vmap(jax.random.fold_in, (None, 0))(key, indices)
        targets = jax.vmap(lambda a, key: likelihood.sample(a[None], key)[0])(outputs, keys)
        return output_gradient(likelihood, outputs, targets)


def gauss_newton(
    model: Callable[..., Any], objective: Objective, data: Any, *, chunk: int | None = None
) -> GaussNewton:
    """Return the generalized Gauss–Newton matrix Σ_n (w_n/Σw) J_nᵀ M_n J_n + ∇∇ penalties, M = ∂²L/∂a∂aᵀ.

    It is the Hessian without the term Σ (∂L/∂a) ∇∇a, which vanishes for linear models and for outputs that fit. For
    a Gaussian likelihood of precision 1 it is Bishop's outer-product approximation Σ b bᵀ with b = ∇a. It is positive
    semidefinite where the likelihood is `convex`. Where M may be negative (`sigmoid_quadratic`) or is 0 almost everywhere
    (`quantile`) take `fisher`. A product holds the activations of one chunk.

    Args:
        model: Maps a batch to outputs `[N, K]`, or `[N, T, K]`, where n counts steps; the operator acts on its real
            arrays. It runs in prediction mode.
        objective: The cost.
        data: `(X, y)`, `(X, y, weights)`, a `Batch` or a `Dataset`.
        chunk: Examples looked at together, as for `hessian`.

    Raises:
        TypeError: `objective` or `data` is something else.
        ValueError: As `hessian`.

    Source: notes on neural networks, §2.2.4; Bishop, PRML (5.83)–(5.85); Schraudolph (2002).
    """
    made = problem(model, objective, data, chunk)
    return GaussNewton(made, objective.likelihood.convex and _convex_penalties(objective))


def outer_product(
    model: Callable[..., Any], objective: Objective, data: Any, *, chunk: int | None = None
) -> OuterProduct:
    """Return the empirical Fisher matrix Σ_n (w_n/Σw) g_n g_nᵀ + ∇∇ penalties, g_n = ∇L_n at the observed targets.

    g is the gradient of the loss, not of the outputs: the outer-product approximation of Bishop, PRML (5.84), is
    `gauss_newton`. Near a perfect fit g, and with it this matrix, vanishes where the Hessian does not. The model must treat
    examples one by one.

    Args:
        model: Maps a batch to outputs `[N, K]`, or `[N, T, K]`, where n counts steps; the operator acts on its real
            arrays. It runs in prediction mode.
        objective: The cost.
        data: `(X, y)`, `(X, y, weights)`, a `Batch` or a `Dataset`.
        chunk: Examples looked at together, as for `hessian`.

    Raises:
        TypeError: `objective` or `data` is something else.
        ValueError: As `hessian`.

    Source: Kunstner, Balles and Hennig (2019).
    """
    return OuterProduct(problem(model, objective, data, chunk), _convex_penalties(objective))


def fisher(
    model: Callable[..., Any],
    objective: Objective,
    data: Any,
    *,
    samples: int | None = None,
    key: PRNGKeyArray | None = None,
    chunk: int | None = None,
) -> Fisher | SampledFisher:
    """Return the Fisher matrix Σ_n (w_n/Σw) E_y[g_n g_nᵀ] + ∇∇ penalties, y ~ p(y | a_n).

    Exact without `samples`: M = E_y[δδᵀ], the likelihood's `output_fisher`. It equals `gauss_newton` for canonical links and
    tells the curvature where that does not (`sigmoid_quadratic`, `quantile`). With `samples`, an unbiased estimate by
    targets drawn once for each example.

    Args:
        model: Maps a batch to outputs `[N, K]`, or `[N, T, K]`, where n counts steps; the operator acts on its real
            arrays. It runs in prediction mode.
        objective: The cost.
        data: `(X, y)`, `(X, y, weights)`, a `Batch` or a `Dataset`; targets are read for their shape alone.
        samples: Targets drawn for each example, at least 1; None for the exact matrix.
        key: Random key, given exactly if `samples` is.
        chunk: Examples looked at together, as for `hessian`; it does not change what is drawn.

    Raises:
        TypeError: `objective` or `data` is something else, or one of `samples` and `key` is missing.
        ValueError: As `hessian`; `samples` is below 1.

    Source: notes on neural networks, §2.2.4; Martens (2020), §5–9.
    """
    if (samples is None) != (key is None):
        raise TypeError(f"samples and key must be given together; got samples={samples!r}, key={key!r}.")
    made = problem(model, objective, data, chunk)
    if samples is None or key is None:
        return Fisher(made, _convex_penalties(objective))
    return SampledFisher(made, _convex_penalties(objective), key, whole_number("samples", samples, least=1))


def gauss_newton_forms(problem: Problem, vectors: Parameters) -> Float[Array, "V V"]:
    """Return v_iᵀ A v_j, A the Gauss–Newton matrix, or the Fisher matrix where that may be negative; may be jitted.

    Args:
        problem: Model, cost and examples.
        vectors: A parameter tree with V vectors along the first axis of every leaf.
    """
    convex = problem.objective.likelihood.convex
    return (GaussNewton(problem, True) if convex else Fisher(problem, True)).forms(vectors)


def output_gradient(likelihood: Likelihood, outputs: Float[Array, "n K"], targets: Array) -> Float[Array, "n K"]:
    """Return δ = ∂L/∂a for each example."""
    delta: Array = jax.grad(lambda a: jnp.sum(likelihood.loss(a, targets)))(outputs)
    return delta


def _places(indices: Int[Array, " n"], outputs: Float[Array, "M K"]) -> Int[Array, " M"]:
    """Return the places of the rows of some examples, as many for each."""
    steps = len(outputs) // len(indices)
    return (indices[:, None] * steps + jnp.arange(steps)).ravel()


def _times(matrices: Float[Array, "n K K"], vectors: Float[Array, "n K"]) -> Float[Array, "n K"]:
    return jnp.einsum("nij,nj->ni", matrices, vectors)


def _outer_times(deltas: Float[Array, "n K"], vectors: Float[Array, "n K"]) -> Float[Array, "n K"]:
    return deltas * jnp.sum(deltas * vectors, axis=-1, keepdims=True)


def _convex_penalties(objective: Objective) -> bool:
    return all(penalty.convex for penalty in objective.penalties)


@eqx.filter_jit  # traced once for each structure; nothing is computed
def _count_of_roots(operator: OutputCurvature) -> int:
    problem = operator.problem
    outputs = jnp.zeros((1, *problem.output_shape))
    count: int = jax.eval_shape(operator.roots, outputs, problem.batch.targets, jnp.zeros(1, int)).shape[1]
    return count


@flat_matrix.register
def _(operator: OutputCurvature) -> Float[Array, "W W"]:
    few = operator.has_roots and operator.vectors <= FEW_ROOTS
    return by_roots(operator) if few else by_layers(operator)
