"""Circuits that add numbers in binary."""

from shinso.nn import Sequential
from shinso.textbook._circuits import Bit, bits, circuit


def half_adder() -> Sequential:
    """Return the sum of two bits in binary as a network of five NANDs.

    Returns:
        A network from `[N, 2]` of 0 and 1 to `[N, 2]`: the sum bit x₁ ⊕ x₂ and the carry bit x₁ ∧ x₂.

    Source: Nielsen, chapter 1, "Perceptrons".
    """
    x, y = bits(2)
    return circuit([x, y], [x ^ y, x & y])


def full_adder() -> Sequential:
    """Return the sum of three bits in binary as a network of nine NANDs: two half adders, one after the other.

    Returns:
        A network from `[N, 3]` of 0 and 1 to `[N, 2]`: the sum bit and the carry bit.
    """
    inputs = bits(3)
    return circuit(inputs, _sum(*inputs))


def ripple_adder(n: int) -> Sequential:
    """Return the adder of two numbers of n bits: a half adder for the last bits, then full adders that hand on the carry.

    Args:
        n: ≥ 1.

    Returns:
        A network from `[N, 2n]` of 0 and 1, one number after the other, to the n + 1 bits of their sum, `[N, n + 1]`; the
        most significant bit is the first.

    Raises:
        ValueError: n < 1.
    """
    first, second = bits(n), bits(n)
    carry = first[-1] & second[-1]
    digits = [first[-1] ^ second[-1]]
    for x, y in zip(first[-2::-1], second[-2::-1], strict=True):
        digit, carry = _sum(x, y, carry)
        digits.append(digit)
    return circuit([*first, *second], [carry, *reversed(digits)])


def _sum(x: Bit, y: Bit, z: Bit) -> tuple[Bit, Bit]:
    """The sum bit and the carry bit of three."""
    half = x ^ y
    return half ^ z, (x & y) | (half & z)
