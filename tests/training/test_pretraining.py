"""Greedy layer-wise pre-training with autoencoders, against a transcription in NumPy."""

import jax
import numpy as np
import pytest

from shinso import nn
from shinso.training import pretrain_autoencoders
from shinso.training._stages import stage_seed

RATE, EPOCHS = 0.5, 3


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def autoencoder(F, W, b, V, c):
    """Full-batch gradient descent on ½‖F − F̂‖², F̂ = σ(FW + b)V + c; returns W, b and the codes."""
    for _ in range(EPOCHS):
        h = sigmoid(F @ W + b)
        error = (h @ V + c - F) / len(F)
        delta = error @ V.T * h * (1 - h)
        W, b, V, c = W - RATE * F.T @ delta, b - RATE * delta.sum(0), V - RATE * h.T @ error, c - RATE * error.sum(0)
    return W, b, sigmoid(F @ W + b)


def test_weights_are_those_of_autoencoders_on_the_codes_below(table):
    with jax.enable_x64(True):
        X = table[0][0].astype(float)
        model = nn.mlp(3, 2, (4, 3), activation="sigmoid", key=jax.random.key(1))
        settings = {"optimizer": "sgd", "learning_rate": RATE, "epochs": EPOCHS, "batch_size": len(X)}
        trained, runs = pretrain_autoencoders(model, X, seed=7, **settings)
        codes = X
        for stage, place in enumerate((0, 2)):
            layer = model.layers[place]
            decoder = nn.Dense(*layer.weight.shape[::-1], key=jax.random.key(stage_seed(7, stage)))
            W, b, codes = autoencoder(
                codes, *(np.asarray(x) for x in (layer.weight, layer.bias)), decoder.weight, decoder.bias
            )
            np.testing.assert_allclose(trained.layers[place].weight, W, rtol=1e-11)
            np.testing.assert_allclose(trained.layers[place].bias, b, rtol=1e-11)
            assert np.abs(W - layer.weight).max() > 1e-3
            np.testing.assert_array_equal(runs[stage].model.layers[0].weight, trained.layers[place].weight)
        np.testing.assert_array_equal(trained.layers[4].weight, model.layers[4].weight)
        assert trained.recipe == model.recipe
        assert len(runs) == 2


def test_images_are_flattened_and_corruption_is_for_training_only(table):
    X = table[0][0][:, :, None]
    model = nn.mlp((3, 1), 2, (4,), activation="tanh", dropout=0.5, key=jax.random.key(1))
    settings = {"epochs": 1, "batch_size": 11, "optimizer": "sgd", "learning_rate": 0.1}
    spoiled = pretrain_autoencoders(model, X, corruption=nn.Dropout(0.5), **settings)
    layers = spoiled.runs[0].model.layers
    assert [type(layer).__name__ for layer in layers] == ["Dropout", "Dense", "Activation", "Dense"]
    np.testing.assert_array_equal(spoiled.model.layers[1].weight, layers[1].weight)
    F = X[:, :, 0]
    loss = 0.5 * ((spoiled.runs[0].outputs(F) - F) ** 2).sum(axis=1).mean()
    assert spoiled.runs[0].evaluate(F, F).loss == pytest.approx(loss, rel=1e-5)


@pytest.mark.parametrize(
    ("model", "arguments", "error", "message"),
    [
        (nn.cnn((8, 8, 1), 2, key=jax.random.key(0)), {}, TypeError, "Flatten and Dropout layers; got a Conv2d"),
        (nn.linear(3, 2, key=jax.random.key(0)), {}, ValueError, "model must have a hidden Dense layer .*got 1 Dense"),
        (abs, {}, TypeError, "model must be a Sequential of Dense layers; got builtin"),
        (None, {"folder": "here"}, TypeError, r"takes the arguments of train but folder.*run.save\(folder\)"),
        (None, {"validation": ()}, TypeError, "takes the arguments of train but validation"),
        (
            None,
            {"corruption": 0.5},
            TypeError,
            r"corruption must be a layer, such as shinso.nn.Dropout\(0.2\).*got 0.5",
        ),
        (None, {"seed": -1}, ValueError, "seed must be a whole number"),
    ],
)
def test_bad_input(model, arguments, error, message):
    model = nn.mlp(3, 2, (4,), key=jax.random.key(0)) if model is None else model
    with pytest.raises(error, match=message):
        pretrain_autoencoders(model, np.ones((4, 3)), **arguments)
