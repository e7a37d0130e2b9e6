import jax
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from shinso import curvature, nn, objectives
from shinso.objectives import L2, Objective


def by_loops(network, x, y):
    """PRML (5.79)–(5.81) for tanh layers and a softmax, unit by unit."""
    diagonal = np.zeros(sum(w.size + b.size for w, b in network))
    for n in range(len(x)):
        z, a = [x[n]], []
        for w, b in network:
            a.append(z[-1] @ w + b)
            z.append(np.tanh(a[-1]))
        p = np.exp(a[-1]) / np.exp(a[-1]).sum()
        first, second = p - np.eye(len(p))[y[n]], p * (1 - p)
        blocks = []
        for layer in reversed(range(len(network))):
            w, _ = network[layer]
            blocks.append(np.r_[(z[layer][:, None] ** 2 * second).ravel(), second])
            if layer:
                below_first, below_second = np.zeros(len(w)), np.zeros(len(w))
                for j in range(len(w)):
                    h1 = 1 - np.tanh(a[layer - 1][j]) ** 2
                    h2 = -2 * np.tanh(a[layer - 1][j]) * h1
                    back = sum(w[j, k] * first[k] for k in range(w.shape[1]))
                    below_first[j] = h1 * back
                    below_second[j] = h1**2 * sum(w[j, k] ** 2 * second[k] for k in range(w.shape[1])) + h2 * back
                first, second = below_first, below_second
        diagonal += np.concatenate(blocks[::-1])
    return diagonal / len(x)


def test_recursion_of_a_deep_network():
    with jax.enable_x64(True):
        model = nn.mlp((2, 2), 3, (4, 3), activation="tanh", dropout=0.5, key=jax.random.key(0))
        rng = np.random.default_rng(0)
        x, y = rng.normal(size=(5, 2, 2)), rng.integers(0, 3, size=5)
        objective = Objective(objectives.Categorical(), [L2(0.3)])
        found = curvature.diagonal_approximation(model, objective, (x, y), chunk=2)
        layers = [layer for layer in model.layers if isinstance(layer, nn.Dense)]
        network = [(np.asarray(layer.weight), np.asarray(layer.bias)) for layer in layers]
        penalty = np.concatenate([np.r_[np.full(w.size, 0.3), np.zeros(b.size)] for w, b in network])
        expected = by_loops(network, x.reshape(5, 4), y) + penalty
        np.testing.assert_allclose(ravel_pytree(found)[0], expected, atol=1e-13)


def test_it_is_exact_where_nothing_is_neglected(case):
    """The output layer, for any cost."""
    one = case("sigmoid_quadratic")
    found = ravel_pytree(curvature.diagonal_approximation(one.model, one.objective, one.data))[0]
    np.testing.assert_allclose(found[9:], np.diag(one.closed_form())[9:], atol=1e-13)


def test_other_layers_are_named():
    objective = Objective(objectives.Categorical())
    model = nn.Sequential([nn.Flatten(), nn.MaxPool2d(2)])
    with pytest.raises(TypeError, match=r"such as Dense and Activation; layer 2 of 2 is MaxPool2d"):
        curvature.diagonal_approximation(model, objective, (np.ones((2, 6, 6, 1)), np.zeros(2, int)))
    with pytest.raises(TypeError, match="model must be a Sequential of dense layers; got MaxPool2d"):
        curvature.diagonal_approximation(model.layers[-1], objective, (np.ones((2, 6)), np.zeros(2, int)))
