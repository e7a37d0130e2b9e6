"""A batch of weighted examples."""

from typing import Any, NamedTuple

from jaxtyping import Array, Float, PyTree


class Batch(NamedTuple):
    """N examples with their weights; what every objective reads.

    A padding example is a copy of a real one with weight 0, so its loss is finite and it contributes exactly nothing.

    Attributes:
        inputs: Arrays whose first axis counts the N examples.
        targets: What the likelihood expects, N along the first axis.
        weights: Non-negative weight of each example, `[N]`.
    """

    inputs: PyTree[Any]
    targets: Array
    weights: Float[Array, " N"]
