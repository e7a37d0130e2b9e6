"""Hints: one step of gradient descent against the gradient in NumPy, and what is refused."""

from types import SimpleNamespace

import equinox as eqx
import jax
import numpy as np
import pytest

from shinso import nn
from shinso.training import _hints as module
from shinso.training import fit_hints
from shinso.training._hints import _guide

TEACHER = nn.mlp(3, 2, (5,), activation="tanh", key=jax.random.key(1))
STUDENT = nn.mlp(3, 2, (4, 2, 3), activation="tanh", key=jax.random.key(2))


def test_one_step_goes_down_the_gradient(table):
    with jax.enable_x64(True):
        X = table[0][0].astype(float)
        teacher = nn.mlp(3, 2, (5,), activation="tanh", key=jax.random.key(1))
        student = nn.mlp(3, 2, (4, 2, 3), activation="tanh", key=jax.random.key(2))
        settings = {"optimizer": "sgd", "learning_rate": 1.0, "epochs": 1, "batch_size": len(X)}
        guided, (run,) = fit_hints(student, teacher, X, [(4, 2)], seed=3, **settings)
        (W1, b1), (W2, b2), (T, t) = (
            (np.asarray(layer.weight), np.asarray(layer.bias)) for layer in (*student.layers[:4:2], teacher.layers[0])
        )
        regressor = nn.Dense(2, 5, key=jax.random.key(3))
        R, r = np.asarray(regressor.weight), np.asarray(regressor.bias)
        h1 = np.tanh(X @ W1 + b1)
        h2 = np.tanh(h1 @ W2 + b2)
        error = (h2 @ R + r - np.tanh(X @ T + t)) / len(X)
        delta2 = error @ R.T * (1 - h2**2)
        delta1 = delta2 @ W2.T * (1 - h1**2)
        for found, before, gradient in (
            (guided.layers[0].weight, W1, X.T @ delta1),
            (guided.layers[0].bias, b1, delta1.sum(0)),
            (guided.layers[2].weight, W2, h1.T @ delta2),
            (guided.layers[2].bias, b2, delta2.sum(0)),
            (run.model.layers[4].weight, R, h2.T @ error),
            (run.model.layers[4].bias, r, error.sum(0)),
        ):
            np.testing.assert_allclose(before - found, gradient, rtol=1e-9, atol=1e-13)
        assert run.history["loss"][0] == pytest.approx(0.5 * len(X) * (error**2).sum(), rel=1e-12)
        np.testing.assert_array_equal(guided.layers[4].weight, student.layers[4].weight)
        assert guided.recipe == student.recipe


def test_pairs_are_taken_from_below(monkeypatch):
    def step(network, objective, data, **settings):
        """Stands for a training that adds 1 to every parameter."""
        seen.append((len(network.layers), data[1].shape))
        return SimpleNamespace(
            model=jax.tree.map(lambda leaf: leaf + 1, network), stop=SimpleNamespace(reason="epochs")
        )

    seen = []
    monkeypatch.setattr(module, "train", step)
    guided, _ = fit_hints(STUDENT, TEACHER, np.ones((4, 3)), [(4, 2), (2, 2)])
    assert seen == [(4, (4, 5)), (6, (4, 5))]
    for place, steps in ((0, 2), (2, 1), (4, 0)):
        np.testing.assert_allclose(guided.layers[place].bias, STUDENT.layers[place].bias + steps)


def test_regressor_between_images_is_a_convolution():
    def build():
        small = nn.Sequential([nn.Conv2d(1, 3, 2, key=jax.random.key(0))])
        large = nn.Sequential([nn.Conv2d(1, 5, 4, key=jax.random.key(0))])
        return small, large, _guide(small, large, (1, 1), (8, 8, 1), 0)

    small, large, regressor = eqx.filter_eval_shape(build)
    assert isinstance(regressor, nn.Conv2d)
    assert regressor.output_shape(small.output_shape((8, 8, 1))) == large.output_shape((8, 8, 1))
    with pytest.raises(ValueError, match=r"features in vectors, or in images .*got \(5, 5, 5\) and \(7, 7, 3\)"):
        _guide(large, small, (1, 1), (8, 8, 1), 0)


@pytest.mark.parametrize(
    ("student", "teacher", "pairs", "error", "message"),
    [
        (STUDENT, abs, [(2, 2)], TypeError, "teacher must be a Sequential, whose layers have features; got builtin"),
        (STUDENT, TEACHER, [(2, 9)], ValueError, "pairs must name layers 1 to 3 of the teacher; got 9"),
        (STUDENT, TEACHER, [(0, 1)], ValueError, "pairs must be a whole number, at least 1; got 0"),
        (STUDENT, TEACHER, [], ValueError, "pairs must be at least one"),
        (STUDENT, TEACHER, [3], ValueError, "pairs must be at least one .*got"),
        (STUDENT, nn.mlp(4, 2, key=jax.random.key(0)), [(2, 2)], ValueError, "inputs and teacher do not fit: layer 1"),
    ],
)
def test_mismatch_is_refused(student, teacher, pairs, error, message):
    with pytest.raises(error, match=message):
        fit_hints(student, teacher, np.ones((4, 3)), pairs)
