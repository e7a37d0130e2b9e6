"""Circuits of NAND gates, written as expressions of bits, and the networks of perceptrons that compute them."""

from collections.abc import Sequence

import numpy as np

from shinso import _checks
from shinso.nn import Sequential
from shinso.textbook._given import given_network


class Bit:
    """A wire of a circuit: one of its inputs, or the NAND of two wires.

    `~x`, `x & y`, `x | y` and `x ^ y` are made of NANDs; so circuits compose as expressions do, and functions of bits are
    circuits inside circuits.

    Source: Nielsen, chapter 1, "Perceptrons".
    """

    __slots__ = ("sources",)

    def __init__(self, *sources: "Bit") -> None:
        self.sources = sources

    def nand(self, other: "Bit") -> "Bit":
        """0 where both are 1, else 1."""
        return Bit(self, other)

    def __invert__(self) -> "Bit":
        if self.sources and self.sources[0] is self.sources[1]:  # ~~x is x
            return self.sources[0]
        return self.nand(self)

    def __and__(self, other: "Bit") -> "Bit":
        return ~self.nand(other)

    def __or__(self, other: "Bit") -> "Bit":
        return (~self).nand(~other)

    def __xor__(self, other: "Bit") -> "Bit":
        either = self.nand(other)
        return self.nand(either).nand(other.nand(either))


def bits(count: int) -> list[Bit]:
    """Return that many inputs, at least 1."""
    return [Bit() for _ in range(_checks.whole_number("count", count, least=1))]


def circuit(inputs: Sequence[Bit], outputs: Sequence[Bit]) -> Sequential:
    """Return the network of perceptrons that computes `outputs` from `inputs`, exactly.

    A NAND is a perceptron with w = (−2, −2), b = 3; two inputs from one wire are a single weight −4. A gate stands in the
    layer after its later source; a wire that passes a layer is a perceptron with w = 1, b = −½ there, which gives back the
    bit it is given. A gate that is written twice is built once.

    Args:
        inputs: the wires that are given, in order.
        outputs: the wires that are wanted, in order.

    Returns:
        A network from `[N, inputs]` of 0 and 1 to `[N, outputs]`.

    Raises:
        ValueError: no output, or one that depends on a bit which is not among the inputs.

    Source: Nielsen, chapter 1, "Perceptrons".
    """
    if not outputs:
        raise ValueError("outputs must be at least one bit; got none.")
    gates, wanted = _numbered(inputs, outputs)
    level = [0] * len(inputs)
    for pair in gates:
        level.append(1 + max(level[source] for source in pair))
    depth = max(1, *(level[wire] for wire in wanted))
    until = [-1] * len(level)  # the last layer after which somebody listens
    for pair, gate_level in zip(gates, level[len(inputs) :], strict=True):
        for source in pair:
            until[source] = max(until[source], gate_level - 1)
    for wire in wanted:
        until[wire] = depth
    weights, biases, before = [], [], list(range(len(inputs)))
    for layer in range(1, depth + 1):
        here = [wire for wire in range(len(level)) if level[wire] <= layer <= until[wire]] if layer < depth else wanted
        weight, bias = np.zeros((len(before), len(here))), np.zeros(len(here))
        for column, wire in enumerate(here):
            gate = level[wire] == layer
            for source in gates[wire - len(inputs)] if gate else (wire,):
                weight[before.index(source), column] += -2.0 if gate else 1.0
            bias[column] = 3.0 if gate else -0.5
        weights.append(weight)
        biases.append(bias)
        before = here
    return given_network(weights, biases, "step")


def _numbered(inputs: Sequence[Bit], outputs: Sequence[Bit]) -> tuple[list[tuple[int, int]], list[int]]:
    """Number the inputs and then the gates, sources first; return each gate's two sources, and the outputs' numbers."""
    number = {bit: index for index, bit in enumerate(inputs)}
    gates: dict[tuple[int, int], int] = {}
    waiting = list(outputs)
    while waiting:
        bit = waiting[-1]
        missing = [source for source in bit.sources if source not in number] if bit not in number else []
        waiting += missing
        if missing:
            continue
        waiting.pop()
        if bit in number:
            continue
        if not bit.sources:
            raise ValueError("outputs must depend on the inputs alone; one depends on a bit that is not among them.")
        low, high = sorted(number[source] for source in bit.sources)
        number[bit] = gates.setdefault((low, high), len(inputs) + len(gates))
    return list(gates), [number[bit] for bit in outputs]
