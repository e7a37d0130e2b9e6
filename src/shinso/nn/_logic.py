"""Perceptrons that compute: a unit gives 1 if w·x + b > 0, else 0, and a network of units any truth table."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from shinso.nn._activations import Activation
from shinso.nn._given import given_dense
from shinso.nn._layer import Layer
from shinso.nn._sequential import Sequential

Table = Mapping[tuple[int, ...], Any] | Sequence[Any] | np.ndarray


def nand() -> Sequential:
    """NAND, from which every circuit can be built: one perceptron with w = (−2, −2), b = 3.

    Returns:
        A network from `[N, 2]` of 0 and 1 to `[N, 1]`: 0 where both inputs are 1, else 1.

    Source: S4 L133–142 (chapter 1, perceptrons), equation (2).
    """
    return _perceptrons((np.array([[-2.0], [-2.0]]), np.array([3.0])))


def half_adder() -> Sequential:
    """The sum of two bits in binary, built of five NANDs.

    With n = NAND(x₁, x₂), the sum is x₁ ⊕ x₂ = NAND(NAND(x₁, n), NAND(x₂, n)) and the carry x₁ ∧ x₂ = NAND(n, n), a
    single weight −4. A wire past a layer is a perceptron with w = 1, b = −½, which gives back the bit it is given.

    Returns:
        A network from `[N, 2]` of 0 and 1 to `[N, 2]`: the sum bit and the carry bit.

    Source: S4 L143–164 (chapter 1, perceptrons).
    """
    return _perceptrons(
        # x₁, x₂ → x₁, x₂, n
        (np.array([[1.0, 0.0, -2.0], [0.0, 1.0, -2.0]]), np.array([-0.5, -0.5, 3.0])),
        # x₁, x₂, n → NAND(x₁, n), NAND(x₂, n), carry
        (np.array([[-2.0, 0.0, 0.0], [0.0, -2.0, 0.0], [-2.0, -2.0, -4.0]]), np.array([3.0, 3.0, 3.0])),
        # → sum, carry
        (np.array([[-2.0, 0.0], [-2.0, 0.0], [0.0, 1.0]]), np.array([3.0, -0.5])),
    )


def truth_table(table: Table) -> Sequential:
    """A two-layer network of perceptrons that computes a truth table of n inputs and m outputs.

    Every row with a true output has a hidden unit that fires for that row alone: wᵢ = 1 where the row's input is 1 and
    −1 where it is 0, b = ½ − (number of ones), so that w·x + b is ½ there and at most −½ elsewhere. An output unit is
    the OR of its true rows: w = 1, b = −½.

    Args:
        table: `{(0, 0): 0, (0, 1): 1, …}`, all 2ⁿ rows in any order, or a sequence of the 2ⁿ outputs in counting order,
            the first input being the most significant bit. An output is 0 or 1, or a sequence of m of them.

    Returns:
        A network from `[N, n]` of 0 and 1 to `[N, m]`.

    Raises:
        ValueError: There are not 2ⁿ rows, n ≥ 1, or a number in the table is not 0 or 1, or rows differ in length.

    Source: S4 L133–164 (perceptrons are universal for computation); the construction is the disjunctive normal form.
    """
    rows, outputs = _rows(table)
    fires = np.flatnonzero(outputs.sum(axis=1))
    if not fires.size:
        fires = np.array([0])  # a constant 0 still needs a unit: this one reaches no output
    rows, outputs = rows[fires], outputs[fires]
    return _perceptrons(
        (np.where(rows == 1, 1.0, -1.0).T, 0.5 - rows.sum(axis=1)),
        (outputs.astype(float), np.full(outputs.shape[1], -0.5)),
    )


def _perceptrons(*layers: tuple[np.ndarray, np.ndarray]) -> Sequential:
    """Layers of step units with these weights and biases."""
    parts: list[Layer] = []
    for weight, bias in layers:
        parts += [given_dense(weight, bias), Activation("step")]
    return Sequential(parts)


def _rows(table: Table) -> tuple[np.ndarray, np.ndarray]:
    """Inputs `[2ⁿ, n]` and outputs `[2ⁿ, m]` of a table."""
    if isinstance(table, Mapping):
        inputs, values = _bits(list(table)), _bits(list(table.values()))
    else:
        values = _bits(table)
        inputs = np.array(list(itertools.product((0, 1), repeat=max(len(values).bit_length() - 1, 1))))
    count, width = inputs.shape
    if len(values) != count or count != 2**width or len(np.unique(inputs, axis=0)) != count:
        raise ValueError(f"table must have a row for each of the 2ⁿ inputs, n ≥ 1; got {len(values)} rows.")
    return inputs, values


def _bits(values: Any) -> np.ndarray:
    """Rows of 0 and 1, `[rows, bits]`."""
    try:
        array = np.asarray(values)
    except ValueError:
        raise ValueError(f"table must have rows of one length; got {values!r}.") from None
    if array.ndim not in (1, 2) or array.size == 0 or not np.isin(array, (0, 1)).all():
        raise ValueError(f"table must hold 0 and 1 only, one row for each input; got {values!r}.")
    return array.reshape(len(array), -1).astype(int)
