"""Circuits of NANDs: every input of each, and how many gates and layers they take."""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shinso import textbook


def rows(n):
    return np.array(list(itertools.product((0, 1), repeat=n)))


def computed(model, inputs):
    return np.asarray(model(jnp.asarray(inputs, float))).astype(int)


def gates_of(model):
    """Units with bias 3: the NANDs."""
    return sum(int((layer.bias == 3).sum()) for layer in model.layers[::2])


def test_every_operation():
    x, y = textbook.bits(2)
    model = textbook.circuit([x, y], [x.nand(y), ~x, x & y, x | y, x ^ y, ~~y, x])
    expected = [[1 - a * b, 1 - a, a & b, a | b, a ^ b, b, a] for a, b in rows(2)]
    np.testing.assert_array_equal(computed(model, rows(2)), expected)


def test_half_adder():
    model = textbook.half_adder()
    total = rows(2).sum(axis=1)
    np.testing.assert_array_equal(computed(model, rows(2)), np.stack([total % 2, total // 2], axis=1))
    assert gates_of(model) == 5
    assert (model.layers[2].weight == -4).sum() == 1


def test_full_adder():
    model = textbook.full_adder()
    total = rows(3).sum(axis=1)
    np.testing.assert_array_equal(computed(model, rows(3)), np.stack([total % 2, total // 2], axis=1))
    assert gates_of(model) == 9


@pytest.mark.parametrize("n", [1, 2, 4])
def test_ripple_adder(n):
    model = textbook.ripple_adder(n)
    powers = 2 ** np.arange(n + 1)[::-1]
    numbers = rows(2 * n)
    sums = computed(model, numbers) @ powers
    np.testing.assert_array_equal(sums, numbers[:, :n] @ powers[1:] + numbers[:, n:] @ powers[1:])
    assert gates_of(model) == 5 + 9 * (n - 1)


@given(st.data())
def test_any_circuit(data):
    """A random circuit of NANDs, its wires used in any order and any number of times, against its own evaluation."""
    wires = textbook.bits(3)
    values = list(rows(3).T)
    for _ in range(data.draw(st.integers(0, 8))):
        a, b = (data.draw(st.integers(0, len(wires) - 1)) for _ in range(2))
        wires.append(wires[a].nand(wires[b]))
        values.append(1 - values[a] * values[b])
    wanted = data.draw(st.lists(st.integers(0, len(wires) - 1), min_size=1, max_size=4))
    model = textbook.circuit(wires[:3], [wires[index] for index in wanted])
    weights, found = [np.asarray(layer.weight) for layer in model.layers[::2]], rows(3)
    for weight, layer in zip(weights, model.layers[::2], strict=True):
        found = (found @ weight + np.asarray(layer.bias) > 0).astype(int)
    np.testing.assert_array_equal(found, np.stack([values[index] for index in wanted], axis=1))


def test_what_is_no_circuit():
    x, y = textbook.bits(2)
    with pytest.raises(ValueError, match="outputs must be at least one bit"):
        textbook.circuit([x, y], [])
    with pytest.raises(ValueError, match="a bit that is not among them"):
        textbook.circuit([x], [x & y])
    with pytest.raises(ValueError, match="count must be a whole number, at least 1"):
        textbook.bits(0)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8])
def test_parity(n):
    odd = rows(n).sum(axis=1, keepdims=True) % 2
    deep, shallow = textbook.deep_parity(n), textbook.shallow_parity(n)
    np.testing.assert_array_equal(computed(deep, rows(n)), odd)
    np.testing.assert_array_equal(computed(shallow, rows(n)), odd)
    assert gates_of(deep) == 4 * (n - 1)
    assert len(deep.layers) == 2 * max(1, 3 * int(np.ceil(np.log2(n))))
    assert textbook.unit_count(shallow) == 2 ** (n - 1) + 1
    assert len(shallow.layers) == 4


def test_depth_saves_units():
    assert textbook.unit_count(textbook.deep_parity(16)) == 6 * 15
    assert textbook.unit_count(textbook.shallow_parity(12)) == 2**11 + 1
    with pytest.raises(ValueError, match="n must be at most 16"):
        textbook.shallow_parity(17)
