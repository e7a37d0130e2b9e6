"""Deep against shallow: the parity of n bits needs few perceptrons in many layers, exponentially many in two."""

import itertools

from shinso import _checks
from shinso.nn import Dense, Sequential
from shinso.textbook._circuits import bits, circuit
from shinso.textbook._logic import truth_table

_MOST_SHALLOW = 16


def deep_parity(n: int) -> Sequential:
    """Return the parity x₁ ⊕ … ⊕ xₙ as a tree: of pairs of bits, then of pairs of pairs, and so on.

    At most 4(n − 1) gates in 3⌈log₂ n⌉ layers, and the wires that pass a layer: in all 6(n − 1) perceptrons where n is a
    power of two.

    Args:
        n: ≥ 1.

    Returns:
        A network of perceptrons from `[N, n]` of 0 and 1 to `[N, 1]`.

    Raises:
        ValueError: n < 1.

    Source: Nielsen, chapter 5, introduction.
    """
    inputs = bits(n)
    rest = inputs
    while len(rest) > 1:
        pairs = [x ^ y for x, y in zip(rest[::2], rest[1::2], strict=False)]
        rest = pairs + (rest[-1:] if len(rest) % 2 else [])
    return circuit(inputs, rest)


def shallow_parity(n: int) -> Sequential:
    """Return the parity of n bits with one hidden layer of 2ⁿ⁻¹ perceptrons, one for each odd row of its truth table.

    No two odd rows can share a term of a disjunctive normal form: they differ in two places at least.

    Args:
        n: from 1 to 16.

    Returns:
        A network of perceptrons from `[N, n]` of 0 and 1 to `[N, 1]`.

    Raises:
        ValueError: n is out of range.

    Source: Nielsen, chapter 5, introduction; Furst, Saxe and Sipser (1984): shallow circuits for parity grow
    exponentially.
    """
    if _checks.whole_number("n", n, least=1) > _MOST_SHALLOW:
        raise ValueError(f"n must be at most {_MOST_SHALLOW} for a shallow network of 2ⁿ⁻¹ units; got {n}.")
    return truth_table([sum(row) % 2 for row in itertools.product((0, 1), repeat=n)])


def unit_count(model: Sequential) -> int:
    """Return how many units the dense layers of a network have, the output units included."""
    return sum(layer.bias.size for layer in model.layers if isinstance(layer, Dense))
