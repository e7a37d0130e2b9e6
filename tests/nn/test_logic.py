"""Perceptrons: every input of every table."""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest

from shinso import nn


def rows(n):
    return jnp.asarray(list(itertools.product((0.0, 1.0), repeat=n)))


def test_nand():
    np.testing.assert_array_equal(nn.nand()(rows(2)), [[1], [1], [1], [0]])
    np.testing.assert_array_equal(nn.nand().layers[0].weight, [[-2], [-2]])
    np.testing.assert_array_equal(nn.nand().layers[0].bias, [3])


def test_half_adder():
    bits = np.asarray(rows(2)).astype(int)
    total = bits.sum(axis=1)
    np.testing.assert_array_equal(nn.half_adder()(rows(2)), np.stack([total % 2, total // 2], axis=1))


def test_every_table_of_two_inputs():
    for outputs in itertools.product((0, 1), repeat=4):
        np.testing.assert_array_equal(nn.truth_table(outputs)(rows(2))[:, 0], outputs)


@pytest.mark.parametrize("n", [1, 3, 5])
def test_tables_of_several_outputs(n):
    """All 256 functions of three bits are the outputs of one network; of five bits, 100 drawn ones."""
    every = np.array(list(itertools.product((0, 1), repeat=2**n))).T if n < 5 else None
    outputs = np.random.default_rng(n).integers(0, 2, size=(2**n, 100)) if every is None else every
    model = nn.truth_table(outputs)
    np.testing.assert_array_equal(model(rows(n)), outputs)
    assert [type(layer).__name__ for layer in model.layers] == ["Dense", "Activation"] * 2
    assert model.layers[0].bias.size == outputs.any(axis=1).sum()


def test_a_table_by_inputs():
    majority = {bits: sum(bits) >= 2 for bits in itertools.product((1, 0), repeat=3)}
    np.testing.assert_array_equal(nn.truth_table(majority)(rows(3))[:, 0], [0, 0, 0, 1, 0, 1, 1, 1])


def test_a_constant_zero():
    np.testing.assert_array_equal(nn.truth_table([0, 0])(rows(1)), 0)


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
        nn.truth_table(table)
