"""What back-propagation saves: the gradient from one pass back, where differences need a pass forward for every weight."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from shinso import _checks
from shinso.nn import Dense, Sequential, parameter_count


class GradientWork(NamedTuple):
    """What a gradient costs for one example.

    Attributes:
        forward_passes: that differences of the cost need: one for every parameter, and one more.
        differences: multiply-adds in those.
        back_propagation: multiply-adds in one pass forward and one back.
    """

    forward_passes: int
    differences: int
    back_propagation: int


def gradient_work(model: Sequential) -> GradientWork:
    """Return what the gradient of a network of dense layers costs both ways, counted.

    A pass forward is Σ_l n_{l−1} n_l multiply-adds. A pass back has as many for ∂C/∂w = a δᵀ, and as many for wᵀδ but for
    the first layer, whose inputs need no δ: with a million weights 10⁶ + 1 passes forward stand against less than three.

    Raises:
        TypeError: a layer has parameters and is not dense.

    Source: Nielsen, chapter 2, "In what sense is backpropagation a fast algorithm?".
    """
    dense = [layer for layer in model.layers if isinstance(layer, Dense)]
    if sum(layer.weight.size + layer.bias.size for layer in dense) != parameter_count(model) or not dense:
        raise TypeError("model must have dense layers, and no other layers with parameters.")
    forward = sum(layer.weight.size for layer in dense)
    passes = parameter_count(model) + 1
    return GradientWork(passes, passes * forward, 3 * forward - dense[0].weight.size)


def difference_gradient(cost: Callable[[np.ndarray], Any], weights: np.ndarray, *, step: float = 1e-6) -> np.ndarray:
    """Return ∂C/∂w_j ≈ (C(w + ε e_j) − C(w))/ε for every j, from W + 1 evaluations of the cost.

    Args:
        cost: C, called with a vector of W numbers.
        weights: w, `[W]`.
        step: ε > 0.

    Source: Nielsen, chapter 2, (46).
    """
    epsilon = _checks.real("step", step, above=0.0)
    w = np.asarray(weights, dtype=float)
    here = float(cost(w))
    return np.array([(float(cost(w + epsilon * unit)) - here) / epsilon for unit in np.eye(w.size)])
