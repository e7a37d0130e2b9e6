"""A batch of weighted examples."""

from typing import Any, NamedTuple

from jaxtyping import Array, Float, PyTree

from shinso.nn import Sequences, flatten_steps


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


def per_example(outputs: Any, batch: Batch) -> tuple[Float[Array, "M K"], Array, Float[Array, " M"]]:
    """Return outputs, targets and weights as a likelihood reads them: M rows of K outputs.

    Outputs `[N, K]` are that already. Outputs for every step, `[N, T, K]` or `Sequences`, become M = N·T examples with
    targets `[N, T]` or `[N, T, …]`; a step has the weight of its sequence, padding the weight 0.

    Raises:
        ValueError: There are outputs for every step, but not targets.
    """
    if isinstance(outputs, Sequences) or outputs.ndim == 3:
        return flatten_steps(outputs, batch.targets, batch.weights)
    return outputs, batch.targets, batch.weights
