"""The exact Hessian of the cost, and its gradient."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from shinso.curvature._dense import flat_matrix
from shinso.curvature._matrix import by_layers
from shinso.curvature._operator import ParameterOperator
from shinso.curvature._problem import Parameters, Problem, problem
from shinso.objectives import Objective


class Hessian(ParameterOperator):
    """H = ∇∇E; products are forward over reverse: H v = d/dε ∇E(θ + εv) at ε = 0, O(W) for each example."""

    problem: Problem
    semidefinite: bool = eqx.field(static=True, default=False)

    def product(self, vector: Parameters) -> Parameters:
        """Return H v."""
        parameters = self.problem.parameters

        def of_examples(batch: Any, _: Any) -> Parameters:
            gradient = jax.grad(lambda parameters: self.problem.cost_of(parameters, batch))
            return jax.jvp(gradient, (parameters,), (vector,))[1]

        return jax.tree.map(jnp.add, self.problem.over_chunks(of_examples), self.problem.penalty_product(vector))

    def point(self) -> Parameters:
        """Return θ."""
        return self.problem.parameters


def hessian(model: Callable[..., Any], objective: Objective, data: Any, *, chunk: int | None = None) -> Hessian:
    """Return the Hessian of the cost that training minimises, E = Σ_n w_n L_n / Σ_n w_n + Σ penalties.

    The model runs in prediction mode (`key=None`): dropout is off and statistics are fixed. Where an activation has a
    corner (relu, elu at 0) or a penalty has (L1 at 0), the second derivative is the one almost everywhere: 0 for relu
    and L1. It need not be positive: at a saddle it has negative eigenvalues. Products read the data once, `chunk`
    examples at a time, and hold the activations of one chunk.

    Args:
        model: Maps a batch to outputs `[N, K]`, or `[N, T, K]`, where n counts steps; the operator acts on its real arrays.
        objective: The cost.
        data: `(X, y)`, `(X, y, weights)`, a `Batch` or a `Dataset`.
        chunk: Examples looked at together, at least 1; None for what a processor's cache holds, at most 1,024. It changes
            memory, time and rounding, nothing else.

    Raises:
        TypeError: `objective` or `data` is something else.
        ValueError: The model has no parameters or a `step` activation, there is no example, lengths differ, numbers are
            not finite, weights are negative or all 0, or targets do not fit the outputs.

    Source: Bishop, PRML §5.4.5–5.4.6 (the R-operator); Pearlmutter (1994).
    """
    return Hessian(problem(model, objective, data, chunk))


def gradient(model: Callable[..., Any], objective: Objective, data: Any, *, chunk: int | None = None) -> Parameters:
    """Return ∇E over all of `data` as a parameter tree, `chunk` examples at a time; arguments are those of `hessian`.

    Raises:
        TypeError: `objective` or `data` is something else.
        ValueError: As `hessian`.
    """
    return _gradient(problem(model, objective, data, chunk))


@eqx.filter_jit
def _gradient(problem: Problem) -> Parameters:
    return problem.gradient(problem.parameters)


flat_matrix.register(Hessian, by_layers)
