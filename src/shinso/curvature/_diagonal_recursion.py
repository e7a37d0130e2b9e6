"""The diagonal of the Hessian by one backward pass that keeps only diagonal terms."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from shinso.curvature._output_curvature import output_gradient
from shinso.curvature._problem import Parameters, Problem, one_output_each, problem
from shinso.nn import Activation, Dense, Dropout, Flatten, Sequential
from shinso.objectives import Batch, Objective

_WITHOUT_PARAMETERS = (Activation, Flatten, Dropout)


class _Derivatives(NamedTuple):
    """First and second derivatives of each example's loss by each number of a layer's output."""

    first: Float[Array, "n *shape"]
    second: Float[Array, "n *shape"]


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
        model: A `Sequential` of Dense, Activation, Flatten and Dropout layers (dropout is off: prediction mode).
        objective: The cost; its penalties' own diagonal is added.
        data: `(X, y)`, `(X, y, weights)`, a `Batch` or a `Dataset`.
        chunk: Examples looked at together, as for `hessian`.

    Raises:
        TypeError: The model is not a `Sequential`, or has another kind of layer, which is named.
        ValueError: As `hessian`.

    Source: S2; PRML (5.79)–(5.81); Becker and Le Cun (1989).
    """
    _check_layers(model)
    return _diagonal(one_output_each("diagonal_approximation", problem(model, objective, data, chunk)))


def _check_layers(model: Any) -> None:
    if not isinstance(model, Sequential):
        raise TypeError(f"model must be a Sequential of dense layers; got {type(model).__name__}.")
    for number, layer in enumerate(model.layers, start=1):
        if not isinstance(layer, (Dense, *_WITHOUT_PARAMETERS)):
            raise TypeError(
                "model must have Dense, Activation, Flatten and Dropout layers only; "
                f"layer {number} of {len(model.layers)} is {type(layer).__name__}."
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
    inputs = _forward(model.layers, batch.inputs)
    outputs = inputs.pop()
    hessians = likelihood.output_hessian(outputs, batch.targets)
    derivatives = _Derivatives(
        output_gradient(likelihood, outputs, batch.targets), jnp.diagonal(hessians, axis1=-2, axis2=-1)
    )
    shares = problem.shares(batch.weights, outputs)
    diagonal = problem.parameters
    for place in reversed(range(len(model.layers))):
        layer, z = model.layers[place], inputs[place]
        if isinstance(layer, Dense):
            second = shares[:, None] * derivatives.second
            found = (jnp.square(z).T @ second, jnp.sum(second, axis=0))
            diagonal = _with_layer(diagonal, place, found)
        derivatives = _below(layer, z, derivatives)
    return diagonal


def _with_layer(tree: Parameters, place: int, found: tuple[Array, Array]) -> Parameters:
    return eqx.tree_at(lambda tree: (tree.layers[place].weight, tree.layers[place].bias), tree, found)


def _forward(layers: Sequence[Callable[..., Any]], x: Array) -> list[Array]:
    """Return the input of every layer, and the output of the last."""
    values = [x]
    for layer in layers:
        values.append(layer(values[-1], key=None))
    return values


def _below(layer: Any, z: Array, derivatives: _Derivatives) -> _Derivatives:
    """Return the derivatives by the layer's input `z`, given those by its output."""
    first, second = derivatives
    if isinstance(layer, Dense):
        return _Derivatives(first @ layer.weight.T, second @ jnp.square(layer.weight).T)
    if isinstance(layer, Activation):
        slope, bend = _slope_and_bend(layer, z)
        return _Derivatives(slope * first, slope**2 * second + bend * first)
    return _Derivatives(first.reshape(z.shape), second.reshape(z.shape))


def _slope_and_bend(function: Callable[[Array], Array], a: Array) -> tuple[Array, Array]:
    """Return h′(a) and h″(a) of a function that acts on every element."""

    def slope(a: Array) -> Array:
        along: Array = jax.jvp(function, (a,), (jnp.ones_like(a),))[1]
        return along

    return jax.jvp(slope, (a,), (jnp.ones_like(a),))
