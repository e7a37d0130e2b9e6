"""Networks written down from a function, against the function and against a sum of exact steps."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shinso import nn, textbook

STEPPING = ("sigmoid", "tanh", "erf", "gaussian_cdf", "step", "relu", "elu", "softplus", "gelu", "silu")


def book(x):
    """Equation (106), with the x the print lost."""
    return 0.2 + 0.4 * x**2 + 0.3 * x * math.sin(15 * x) + 0.05 * math.cos(50 * x)


def cell_mean(f, left, right):
    return np.mean([f(left + (right - left) * part) for part in (0.125, 0.375, 0.625, 0.875)])


def plane(x, y):
    return 0.2 + 0.5 * x + 0.2 * y


def grid(m, points):
    axis = np.linspace(0.0, 1.0, points)
    return np.stack(np.meshgrid(*[axis] * m, indexing="ij"), axis=-1).reshape(-1, m)


evaluate = eqx.filter_jit(lambda model, x: model(x))


def errors(model, f, m=1, points=1001):
    """Absolute errors on a grid, in float32."""
    x = grid(m, points)
    expected = np.array([np.atleast_1d(f(*point)) for point in x])
    return np.abs(np.asarray(evaluate(model, jnp.asarray(x, jnp.float32))) - expected)


def test_the_layers_are_the_books():
    """Five bumps: step points 0, 1/5, …, weights ±h, output bias 0; the outermost steps half a bump outside."""
    model = textbook.approximate(book, 5, steepness=1000.0)
    hidden, phi, last = model.layers
    np.testing.assert_allclose(
        -hidden.bias / hidden.weight[0], [-0.1, 0.2, 0.2, 0.4, 0.4, 0.6, 0.6, 0.8, 0.8, 1.1], rtol=1e-6
    )
    np.testing.assert_array_equal(hidden.weight, 1000.0)
    heights = [cell_mean(book, j / 5, (j + 1) / 5) for j in range(5)]
    np.testing.assert_allclose(last.weight[:, 0], np.ravel([(h, -h) for h in heights]), rtol=1e-6)
    assert phi.name == "sigmoid"
    assert float(last.bias[0]) == 0.0


def test_the_books_challenge():
    """Five bumps under σ: the average deviation of the weighted output from σ⁻¹∘f is below 0.40."""
    model = textbook.approximate(textbook.challenge, 5, output="sigmoid")
    assert [type(layer).__name__ for layer in model.layers] == ["Dense", "Activation", "Dense", "Activation"]
    inner = nn.Sequential(model.layers[:-1])
    assert textbook.average_deviation(inner, lambda x: math.log(book(x) / (1 - book(x)))) < 0.40
    assert textbook.average_deviation(model, book) < 0.08
    flat = nn.Sequential(textbook.approximate(lambda x: 0.5, 5, output="sigmoid").layers[:-1])
    assert textbook.average_deviation(flat, lambda x: math.log(book(x) / (1 - book(x)))) > 0.40


def test_the_deviation_is_the_mean_over_the_interval():
    assert textbook.average_deviation(lambda x: x, lambda x: 0.0) == pytest.approx(0.5)
    np.testing.assert_allclose(textbook.challenge(np.linspace(0, 1, 7)), [book(x) for x in np.linspace(0, 1, 7)])


@pytest.mark.parametrize("output", ["linear", "sigmoid"])
def test_the_error_falls_as_one_over_n(output):
    """A function of Lipschitz constant L on cells of width 1/N: at most L/2N, so a quarter at four times the bumps."""
    lipschitz = np.abs(np.diff([book(x) for x in np.linspace(0, 1, 10001)])).max() * 10000
    mean = {}
    for n in (20, 80, 320):
        found = errors(textbook.approximate(book, n, output=output), book)
        mean[n] = found.mean()
        assert found.max() <= 1.05 * lipschitz / (2 * n)
    assert mean[80] == pytest.approx(mean[20] / 4, rel=0.25)
    assert mean[320] == pytest.approx(mean[80] / 4, rel=0.25)


@pytest.mark.parametrize("activation", STEPPING)
@pytest.mark.parametrize("m", [1, 2])
def test_every_activation_with_two_limits(activation, m):
    """In float64 and away from the steps the network is the piecewise constant function itself."""
    n, f = 6, (book if m == 1 else plane)
    with jax.enable_x64(True):
        model = textbook.approximate(f, n, activation=activation, dimensions=m, steepness=4000.0)
        cells = grid(m, 5) * 0.0 + np.random.default_rng(0).integers(0, n, size=(5**m, m))
        x = (cells + np.random.default_rng(1).uniform(0.05, 0.95, size=cells.shape)) / n
        expected = [cell_mean(f, *cell / n, *(cell + 1) / n) if m == 1 else f(*(cell + 0.5) / n) for cell in cells]
        np.testing.assert_allclose(model(jnp.asarray(x))[:, 0], expected, atol=1e-6)


def test_why_not_identity():
    sentence = (
        "two different finite limits at −∞ and \\+∞, or to lines of two different slopes.*; identity tends to -∞ and ∞"
    )
    with pytest.raises(ValueError, match=sentence):
        textbook.approximate(book, 5, activation="identity")


def test_a_rectifier_makes_a_step_with_a_partner():
    """One bump of height 1: four units max(0, w(x − s) ± ½), which go from 0 to 1 in a window exactly 1/w wide."""
    model = textbook.approximate(lambda x: 1.0, 1, activation="relu", steepness=100.0)
    np.testing.assert_allclose(-model.layers[0].bias / 100.0, [-0.505, 1.495, -0.495, 1.505], rtol=1e-6)
    np.testing.assert_array_equal(model.layers[2].weight[:, 0], [1, -1, -1, 1])
    x = jnp.asarray([[-0.505], [-0.5], [-0.495], [0.3], [1.495], [1.5], [1.505]])
    np.testing.assert_allclose(model(x)[:, 0], [0, 0.5, 1, 1, 1, 0.5, 0], atol=1e-4)


def test_towers():
    model = textbook.approximate(plane, 8, dimensions=2)
    assert [layer.bias.size for layer in model.layers[::2]] == [32, 64, 1]
    np.testing.assert_allclose(model.layers[2].bias, -1.5 * float(model.layers[2].weight.max()))
    coarse, fine = (errors(textbook.approximate(plane, n, dimensions=2), plane, 2, 48).mean() for n in (8, 24))
    assert coarse < 0.03
    assert fine == pytest.approx(coarse / 3, rel=0.25)


def test_three_dimensions_and_several_outputs():
    def f(x, y, z):
        return [x * y, z - x]

    model = textbook.approximate(f, 6, dimensions=3, activation="tanh")
    np.testing.assert_allclose(model.layers[2].bias, -100.0)  # (½ − m) g
    found = errors(model, f, 3, 14)
    assert found.shape == (14**3, 2)
    assert found.mean() < 0.09


def test_half_height_networks_repair_the_windows():
    """Where four towers meet one network gives nothing; two of half the height still give half."""

    def one(x, y):
        return 1.0

    corners = jnp.asarray([[i / 4, j / 4] for i in range(1, 4) for j in range(1, 4)])
    plain = textbook.approximate(one, 4, dimensions=2)
    repaired = textbook.approximate(one, 4, dimensions=2, shifts=2)
    np.testing.assert_allclose(plain(corners), 0.0, atol=1e-3)
    np.testing.assert_allclose(repaired(corners), 0.5, atol=1e-3)
    worse, better = (errors(textbook.approximate(book, 40, shifts=shifts), book) for shifts in (1, 2))
    assert better.max() < 0.6 * worse.max()
    assert better.mean() < 0.6 * worse.mean()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"bumps": 0}, "bumps must be a whole number, at least 1"),
        ({"dimensions": 0}, "dimensions must be a whole number, at least 1"),
        ({"shifts": 0}, "shifts must be a whole number, at least 1"),
        ({"bumps": 200, "dimensions": 2}, r"at most 20,000 cells.*got 200 \*\* 2"),
        ({"steepness": 0.0}, "steepness must be a finite number > 0"),
        ({"output": "sigmod"}, "output must be one of linear, sigmoid"),
        ({"activation": "sigmod"}, "activation must be one of"),
        (
            {"output": "sigmoid", "f": lambda x: x - 0.2},
            "f must lie between 0 and 1, both excluded.*from -0.175 to 0.775",
        ),
        ({"f": lambda x: math.inf}, "f must be finite on the whole unit cube; got inf"),
    ],
)
def test_bad_input(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        textbook.approximate(**{"f": book, "bumps": 5, **change})
