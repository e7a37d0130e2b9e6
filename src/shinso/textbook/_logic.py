"""Perceptrons that compute: a unit gives 1 if w·x + b > 0, else 0, and a network of units any truth table."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np

from shinso import _checks
from shinso.nn import Activation, Dense, Sequential, Spec
from shinso.textbook._given import given_network

Table = Mapping[tuple[int, ...], Any] | Sequence[Any] | np.ndarray


def nand() -> Sequential:
    """Return NAND, from which every circuit can be built: one perceptron with w = (−2, −2), b = 3.

    Returns:
        A network from `[N, 2]` of 0 and 1 to `[N, 1]`: 0 where both inputs are 1, else 1.

    Source: Nielsen, chapter 1, "Perceptrons", (2).
    """
    return given_network([np.array([[-2.0], [-2.0]])], [np.array([3.0])], "step")


def truth_table(table: Table) -> Sequential:
    """Return a two-layer network of perceptrons that computes a truth table of n inputs and m outputs.

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

    Source: Nielsen, chapter 1, "Perceptrons" (they are universal for computation); the construction is the disjunctive
    normal form.
    """
    rows, outputs = _rows(table)
    fires = np.flatnonzero(outputs.sum(axis=1))
    if not fires.size:
        fires = np.array([0])  # a constant 0 still needs a unit: this one reaches no output
    rows, outputs = rows[fires], outputs[fires]
    weights = np.where(rows == 1, 1.0, -1.0).T, outputs.astype(float)
    return given_network(weights, (0.5 - rows.sum(axis=1), np.full(outputs.shape[1], -0.5)), "step")


def sharpened(model: Sequential, c: float, *, activation: Spec = "sigmoid") -> Sequential:
    """Return the network with every weight and bias times c, and every unit one with another activation.

    Perceptrons stay what they are: cz > 0 exactly where z > 0 (`activation="step"`). Sigmoid units become perceptrons as
    c → ∞ wherever no z = w·x + b is 0: σ(cz) differs from the step by σ(−c|z|) < e^(−c|z|), and is ½ at z = 0 for every c.

    Args:
        model: dense layers and activations in turn.
        c: > 0.
        activation: of every unit.

    Raises:
        TypeError: another kind of layer.
        ValueError: c is not positive, or an unknown activation.

    Source: Nielsen, chapter 1, exercises "Sigmoid neurons simulating perceptrons", parts I and II.
    """
    scale = _checks.real("c", c, above=0.0)
    for layer in model.layers:
        if not isinstance(layer, Dense | Activation):
            raise TypeError(f"model must be made of Dense and Activation layers; got {type(layer).__name__}.")
    return Sequential(
        jax.tree.map(lambda number: scale * number, layer) if isinstance(layer, Dense) else Activation(activation)
        for layer in model.layers
    )


def binary_code() -> Sequential:
    """Return the layer that turns ten outputs, one for each digit, into the four bits of the digit.

    w = 1 from a digit to the bits that are set in it, −1 to the others, b = 0. Where the right output is at least 0.99 and
    the others are at most 0.01, z is at least 0.99 − 9·0.01 = 0.9 for a set bit, and at most −0.9 for another.

    Returns:
        A layer of perceptrons from `[N, 10]` to `[N, 4]`, the most significant bit first; `sharpened` makes them sigmoid.

    Source: Nielsen, chapter 1, exercise on the bitwise representation of a digit.
    """
    digits = np.arange(10)[:, None]
    bits = digits >> np.arange(3, -1, -1) & 1
    return given_network([2.0 * bits - 1.0], [np.zeros(4)], "step")


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
