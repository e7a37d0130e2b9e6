"""The diagonal of the Hessian by one backward pass that keeps only diagonal terms."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

from shinso.curvature._operator import DiagonalOperator
from shinso.curvature._output_curvature import output_gradient
from shinso.curvature._problem import Parameters, Problem, one_output_each, problem
from shinso.nn import Layer, Sequential, parameters, written_out
from shinso.objectives import Batch, Objective


def diagonal_approximation(
    model: Sequential, objective: Objective, data: Any, *, chunk: int | None = None
) -> Parameters:
    """Return PRML's approximation of the Hessian's diagonal for a network of dense layers, as a parameter tree.

    With a = Wᵀz + b and z = h(a) of the layer below,

        ∂²L/∂w_ij² = z_i² ∂²L/∂a_j²,    ∂²L/∂a_j² = h′(a_j)² Σ_k w_jk² ∂²L/∂a_k² + h″(a_j) Σ_k w_jk ∂L/∂a_k,

    which starts at the output with the diagonal of M = ∂²L/∂a∂aᵀ and neglects every off-diagonal term of the second
    derivatives. It is exact for the output layer and for a layer that feeds a single unit, and costs one gradient, O(W);
    elsewhere it can be far from the exact diagonal (`diagonal(hessian(…))`), whose matrix is seldom diagonal anyway.

    Args:
        model: A `Sequential` of layers in which the recursion is written out (`Layer.backpropagate_diagonal`): Dense,
            Activation, Flatten and Dropout (dropout is off: prediction mode).
        objective: The cost; its penalties' own diagonal is added.
        data: `(X, y)`, `(X, y, weights)`, a `Batch` or a `Dataset`.
        chunk: Examples looked at together, as for `hessian`.

    Raises:
        TypeError: The model is not a `Sequential`, or has another kind of layer, which is named.
        ValueError: As `hessian`.

    Source: Bishop, PRML (5.79)–(5.81); Becker and Le Cun (1989).
    """
    _check_layers(model)
    return _diagonal(one_output_each("diagonal_approximation", problem(model, objective, data, chunk)))


def diagonal_operator(
    model: Sequential, objective: Objective, data: Any, *, chunk: int | None = None
) -> DiagonalOperator:
    """Return `diagonal_approximation` as an operator."""
    return DiagonalOperator(diagonal_approximation(model, objective, data, chunk=chunk))


def _check_layers(model: Any) -> None:
    if not isinstance(model, Sequential):
        raise TypeError(f"model must be a Sequential of dense layers; got {type(model).__name__}.")
    for number, layer in enumerate(model.layers, start=1):
        if not written_out(layer, "backpropagate_diagonal"):
            raise TypeError(
                "model must have layers only in which the diagonal of second derivatives is written out, such as Dense and "
                f"Activation; layer {number} of {len(model.layers)} is {type(layer).__name__}."
            )


@eqx.filter_jit
def _diagonal(problem: Problem) -> Parameters:
    # Penalties act on each parameter alone, so their Hessian times a vector of ones is its diagonal.
    ones = jax.tree.map(jnp.ones_like, problem.parameters)

    def of_examples(batch: Batch, _: Int[Array, " n"]) -> Parameters:
        return _backward(problem, batch)

    return jax.tree.map(jnp.add, problem.over_chunks(of_examples), problem.penalty_product(ones))


def _backward(problem: Problem, batch: Batch) -> Parameters:
    model, likelihood = eqx.combine(problem.parameters, problem.rest), problem.objective.likelihood
    given = [batch.inputs]
    for layer in model.layers:
        given.append(layer(given[-1]))
    outputs = given.pop()
    # What goes back is linear in both derivatives: an example's share multiplies them once, here.
    shares = problem.shares(batch.weights, outputs)[:, None]
    first = shares * output_gradient(likelihood, outputs, batch.targets)
    second = shares * jnp.diagonal(likelihood.output_hessian(outputs, batch.targets), axis1=-2, axis2=-1)
    diagonals: list[Layer] = []
    for layer, x in zip(reversed(model.layers), reversed(given), strict=True):
        first, second, diagonal = layer.backpropagate_diagonal(x, first, second)
        diagonals.insert(0, diagonal)
    return parameters(Sequential(diagonals, model.recipe))[0]
