"""Universality with one hidden layer: in the plane, and with rectifiers; against dense grids and closed forms."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shinso import textbook

AXIS = np.linspace(0.0, 1.0, 41)
SQUARE = np.stack(np.meshgrid(AXIS, AXIS, indexing="ij"), axis=-1).reshape(-1, 2)
evaluate = eqx.filter_jit(lambda model, x: model(x))


def wave(x, y):
    return math.sin(3 * x) * math.cos(2 * y)


def errors(model, f, points=SQUARE):
    expected = np.array([np.atleast_1d(f(*point)) for point in points])
    return np.abs(np.asarray(evaluate(model, jnp.asarray(points))) - expected)


def test_one_layer_in_the_plane():
    """The error is that of a blur of width ε: it falls with ε, and quadratically inside, where f bends by L₂: ½ε²∇²f."""
    wide, narrow = (textbook.approximate_in_one_layer(wave, width=width) for width in (0.1, 0.05))
    assert [type(layer).__name__ for layer in wide.layers] == ["Dense", "Activation", "Dense"]
    assert wide.layers[0].bias.size == 40 * 100
    far, near = errors(wide, wave), errors(narrow, wave)
    assert far.max() < 0.1 * 3 * math.sqrt(math.pi / 2)
    assert near.mean() < 0.6 * far.mean()
    inside = (np.abs(SQUARE - 0.5) < 0.25).all(axis=1)
    assert near[inside].max() < 0.5 * 0.05**2 * 13 + 0.005


def test_a_tower_is_round_and_nowhere_else():
    """The network of a function that is 1 at the centre of the square and 0 around it has the Gaussian there."""
    width = 0.1

    def spike(x, y):
        return float(abs(x - 0.5) < 0.01 and abs(y - 0.5) < 0.01)

    with jax.enable_x64(True):
        model = textbook.approximate_in_one_layer(spike, width=width, steps=800)
        distance = np.sum((SQUARE - 0.5) ** 2, axis=1) / width**2
        np.testing.assert_allclose(model(jnp.asarray(SQUARE))[:, 0], np.exp(-distance / 2) / (2 * math.pi), atol=0.004)


@pytest.mark.parametrize("activation", ["tanh", "step", "relu"])
def test_other_units(activation):
    """The same cells and steps, whatever makes the steps: they differ in the windows only."""
    models = [
        textbook.approximate_in_one_layer(lambda x, y: [wave(x, y), x], width=0.2, activation=phi)
        for phi in ("sigmoid", activation)
    ]
    first, second = (np.asarray(evaluate(model, jnp.asarray(SQUARE))) for model in models)
    assert first.shape == (len(SQUARE), 2)
    np.testing.assert_allclose(first, second, atol=0.02)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"width": 0.0}, "width must be a finite number ≥ 0.01"),
        ({"directions": 0}, "directions must be a whole number, at least 1"),
        ({"steps": 0}, "steps must be a whole number, at least 1"),
        ({"activation": "identity"}, "identity tends to"),
        ({"f": lambda x, y: math.nan}, "f must be finite"),
    ],
)
def test_bad_input(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        textbook.approximate_in_one_layer(**{"f": wave, **change})


def test_rectifiers_interpolate():
    """NumPy's linear interpolation, and max|f″|/(8N²) from f."""
    f = math.exp
    with jax.enable_x64(True):
        for n in (1, 4, 9):
            model = textbook.interpolate(f, n)
            assert model.layers[0].bias.size == n
            knots = np.arange(n + 1) / n
            found = np.asarray(model(jnp.asarray(AXIS[:, None])))[:, 0]
            np.testing.assert_allclose(found, np.interp(AXIS, knots, np.exp(knots)), rtol=1e-12)
            assert np.abs(found - np.exp(AXIS)).max() <= math.e / (8 * n**2)
    several = textbook.interpolate(lambda x: [x, 1 - x], 3)(jnp.asarray(AXIS[:, None]))
    np.testing.assert_allclose(several, np.stack([AXIS, 1 - AXIS], axis=1), atol=1e-6)
    with pytest.raises(ValueError, match="pieces must be a whole number, at least 1"):
        textbook.interpolate(f, 0)
