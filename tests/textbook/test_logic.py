"""Perceptrons: every input of every table."""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest

from shinso import nn, textbook


def rows(n):
    return jnp.asarray(list(itertools.product((0.0, 1.0), repeat=n)))


def test_nand():
    np.testing.assert_array_equal(textbook.nand()(rows(2)), [[1], [1], [1], [0]])
    np.testing.assert_array_equal(textbook.nand().layers[0].weight, [[-2], [-2]])
    np.testing.assert_array_equal(textbook.nand().layers[0].bias, [3])


def test_every_table_of_two_inputs():
    for outputs in itertools.product((0, 1), repeat=4):
        np.testing.assert_array_equal(textbook.truth_table(outputs)(rows(2))[:, 0], outputs)


@pytest.mark.parametrize("n", [1, 3, 5])
def test_tables_of_several_outputs(n):
    """All 256 functions of three bits are the outputs of one network; of five bits, 100 drawn ones."""
    every = np.array(list(itertools.product((0, 1), repeat=2**n))).T if n < 5 else None
    outputs = np.random.default_rng(n).integers(0, 2, size=(2**n, 100)) if every is None else every
    model = textbook.truth_table(outputs)
    np.testing.assert_array_equal(model(rows(n)), outputs)
    assert [type(layer).__name__ for layer in model.layers] == ["Dense", "Activation"] * 2
    assert model.layers[0].bias.size == outputs.any(axis=1).sum()


def test_a_table_by_inputs():
    majority = {bits: sum(bits) >= 2 for bits in itertools.product((1, 0), repeat=3)}
    np.testing.assert_array_equal(textbook.truth_table(majority)(rows(3))[:, 0], [0, 0, 0, 1, 0, 1, 1, 1])


def test_a_constant_zero():
    np.testing.assert_array_equal(textbook.truth_table([0, 0])(rows(1)), 0)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ([0, 1, 1], "2ⁿ inputs, n ≥ 1; got 3 rows"),
        ([1], "2ⁿ inputs, n ≥ 1; got 1 rows"),
        ([], "table must hold 0 and 1 only"),
        ([0, 2], "table must hold 0 and 1 only"),
        ([[0, 1], [1]], "rows of one length"),
        ({(0, 0): 0, (0, 1): 1, (1, 0): 1}, "got 3 rows"),
        ({(0, 0): 0, (1,): 1}, "rows of one length"),
        ("01", "table must hold 0 and 1 only"),
    ],
)
def test_bad_tables(table, sentence):
    with pytest.raises(ValueError, match=sentence):
        textbook.truth_table(table)


def test_scaling_perceptrons_changes_nothing():
    model = textbook.full_adder()
    np.testing.assert_array_equal(textbook.sharpened(model, 0.01, activation="step")(rows(3)), model(rows(3)))


def test_sigmoid_units_become_perceptrons():
    """Every z of the adder is ½ or more from 0, so a unit is off by less than e^(−c/2)."""
    model, inputs = textbook.ripple_adder(2), rows(4)
    exact = model(inputs)
    worst = [float(abs(textbook.sharpened(model, c)(inputs) - exact).max()) for c in (5.0, 10.0, 20.0, 80.0)]
    assert worst[0] > worst[1] > worst[2] > worst[3]
    assert worst[2] < 2 * np.exp(-20 / 2)
    assert worst[3] < 1e-12


def test_at_zero_no_sharpness_helps():
    undecided = textbook.given_network([np.ones((1, 1))], [np.zeros(1)], "step")
    for c in (1.0, 1e6):
        assert float(textbook.sharpened(undecided, c)(jnp.zeros((1, 1)))[0, 0]) == 0.5


def test_what_cannot_be_sharpened():
    with pytest.raises(TypeError, match="Dense and Activation layers; got Flatten"):
        textbook.sharpened(nn.Sequential([nn.Flatten()]), 2.0)
    with pytest.raises(ValueError, match="c must be a finite number > 0"):
        textbook.sharpened(textbook.nand(), 0.0)


@pytest.mark.parametrize("right", [0.99, 1.0])
@pytest.mark.parametrize("wrong", [0.0, 0.01])
def test_digits_in_binary(right, wrong):
    outputs = jnp.full((10, 10), wrong).at[jnp.diag_indices(10)].set(right)
    expected = [[int(bit) for bit in f"{digit:04b}"] for digit in range(10)]
    np.testing.assert_array_equal(textbook.binary_code()(outputs), expected)
    np.testing.assert_allclose(textbook.sharpened(textbook.binary_code(), 10.0)(outputs), expected, atol=1.3e-4)


def test_given_numbers():
    """a = φ(a W + b) by hand."""
    w, b = [np.array([[1.0, -2.0]]), np.array([[3.0], [0.5]])], [np.array([0.5, 0.0]), np.array([-1.0])]
    hidden = np.tanh(2.0 * w[0][0] + b[0])
    for output, expected in ((None, np.tanh(hidden @ w[1] + b[1])), ("identity", hidden @ w[1] + b[1])):
        found = textbook.given_network(w, b, "tanh", output=output)(jnp.asarray([[2.0]]))
        np.testing.assert_allclose(found[0], expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("weights", "biases"),
    [([], []), ([np.ones((1, 2))], [np.ones(1)]), ([np.ones((1, 2)), np.ones((3, 1))], [np.ones(2), np.ones(1)])],
)
def test_given_numbers_that_do_not_fit(weights, biases):
    with pytest.raises(ValueError, match="layer after layer; got"):
        textbook.given_network(weights, biases)
