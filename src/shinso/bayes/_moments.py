"""Mean and covariance of the linearized network's outputs, for one posterior or several of the same network."""

from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Float, PyTree

from shinso import curvature, nn
from shinso.bayes._network import (
    MOST_BYTES,
    MOST_EXAMPLES,
    Network,
    examples_together,
    linearized,
    pieces,
    places_in,
    places_of,
)
from shinso.bayes._structure import Covariance, LayerSlopes

Centred = Callable[[Any, int], np.ndarray]
"""`(array, axis) → float64`, with what does not matter of outputs taken away."""


def output_moments(
    network: Network, covariances: Sequence[Covariance], inputs: PyTree[Any], centred: Centred
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return f(x) `[N, K]` and J A⁻¹ Jᵀ `[N, K, K]` for every A⁻¹, a chunk of inputs at a time.

    Where all covariances take them and the layers show them, Jacobians stay the products of rows and gradients that
    they are, layer by layer.
    """
    first = nn.example_of(inputs)
    shapes, examples = layer_shapes(network, first), len(jax.tree.leaves(inputs)[0])
    if shapes is None or not all(one.takes(shapes, examples) for one in covariances):
        outputs = jax.eval_shape(network.outputs, network.parameters, first).shape[-1]
        size, moments = examples_together(outputs, network.size), _moments
    else:
        size, moments = max(1, min(MOST_EXAMPLES, MOST_BYTES // _bytes(shapes))), _moments_by_layers
    parts = [moments(network, covariances, piece, new, centred) for piece, new in pieces(inputs, size)]
    means, found = zip(*parts, strict=True)
    return np.concatenate(means), [np.concatenate(one) for one in zip(*found, strict=True)]


def _moments(
    network: Network, covariances: Sequence[Covariance], inputs: PyTree[Any], new: int, centred: Centred
) -> tuple[np.ndarray, list[np.ndarray]]:
    outputs, jacobians = linearized(network, inputs)
    slopes = centred(jacobians, 1)[:new]
    return centred(outputs, 1)[:new], [covariance.of_outputs(slopes) for covariance in covariances]


def _moments_by_layers(
    network: Network, covariances: Sequence[Covariance], inputs: PyTree[Any], new: int, centred: Centred
) -> tuple[np.ndarray, list[np.ndarray]]:
    outputs, layers = layer_jacobians(network, inputs)
    places = places_of(network)
    slopes = [
        LayerSlopes(
            places_in(layer.names, places),
            np.asarray(layer.rows, dtype=np.float64)[:new],
            centred(layer.gradients, 1)[:new],
        )
        for layer in layers
    ]
    return centred(outputs, 1)[:new], [covariance.of_layers(slopes) for covariance in covariances]


@eqx.filter_jit
def layer_jacobians(
    network: Network, inputs: PyTree[Any]
) -> tuple[Float[Array, "n K"], tuple[curvature.LayerJacobian, ...]]:
    """Return outputs and their Jacobians by the chosen parameters, in products; see `curvature.layer_jacobians`."""
    chosen = network.shapes
    return curvature.layer_jacobians(network.model, inputs, lambda path, _: path in chosen)


def layer_shapes(network: Network, first: PyTree[Any]) -> tuple[curvature.LayerJacobian, ...] | None:
    """Return the shapes of one example's Jacobians in products; None where a layer does not show them."""
    try:
        layers: tuple[curvature.LayerJacobian, ...] = _layer_shapes(network, first)
    except ValueError:
        return None
    return layers


@eqx.filter_jit  # traced once for each structure; nothing is computed
def _layer_shapes(network: Network, first: PyTree[Any]) -> tuple[curvature.LayerJacobian, ...]:
    layers: tuple[curvature.LayerJacobian, ...] = eqx.filter_eval_shape(layer_jacobians, network, first)[1]
    return layers


def _bytes(layers: Sequence[Any]) -> int:
    """Return what an example takes in float64: rows and gradients, and the Jacobian of a layer of several rows."""
    taken = 0
    for _, rows, gradients in layers:
        matrix = gradients.shape[1] * rows.shape[-1] * gradients.shape[-1] if rows.shape[1] > 1 else 0
        taken += 8 * (2 * rows.size + 2 * gradients.size + 2 * matrix)
    return taken
