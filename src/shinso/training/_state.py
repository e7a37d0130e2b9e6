"""Everything that changes while training."""

from typing import NamedTuple

from jaxtyping import Array, Float, Int, PRNGKeyArray, PyTree

from shinso import _threefry

ROWS = 64
"""Epochs whose metrics one stretch can hold before the host has to read them."""
STALLED, NOT_FINITE = 4, 5
"""Why training ended, after the codes with which an optimizer says that it is done."""


class Sums(NamedTuple):
    """What an epoch has added up so far."""

    cost: Float[Array, ""]
    examples: Float[Array, ""]
    loss: Float[Array, ""]
    score: Float[Array, ""]
    weight: Float[Array, ""]
    gradient_norm: Float[Array, ""]


class Monitored(NamedTuple):
    """How the monitored column has fared; `best` has the sign that makes lower better."""

    best: Float[Array, ""]
    best_epoch: Int[Array, ""]
    unimproved: Int[Array, ""]
    scale: Float[Array, ""]


class Network(NamedTuple):
    """What of a model changes while training: its parameters, their averages if there are any, and its buffers."""

    params: PyTree
    buffers: PyTree
    averages: PyTree


class TrainState(NamedTuple):
    """Everything that changes while training; with the settings and the data it determines every later bit.

    Of networks trained side by side each has its own numbers, but for `epoch`, `position`, `order`, `probed` and the
    numbers of rows, which all share: so the order is drawn, and the loops end, once for all.

    Attributes:
        params: the parameters.
        buffers: what training carries along beside them, such as statistics of batch normalization.
        optimizer: the optimizer's state.
        step: optimizer updates made.
        epochs: epochs completed by this network.
        sums: what the epoch has added up so far.
        monitored: how the monitored column has fared.
        best: the network of the best epoch, if it is to be kept.
        code: why training ended; `RUNNING` until then.
        rows: metrics of the epochs since the host last read them.
        probes: rows of probes, likewise.
        epoch: epochs completed by the loop.
        position: mini-batches of this epoch that have been used.
        order: this epoch's order.
        n_rows: rows written.
        probed: mini-batches used before the last probe, and one; 0 before the first.
        n_probes: probes since the host last read them.
    """

    params: PyTree
    buffers: PyTree
    optimizer: PyTree
    step: Int[Array, ""]
    epochs: Int[Array, ""]
    sums: Sums
    monitored: Monitored
    best: Network | None
    code: Int[Array, ""]
    rows: Float[Array, "R C"]
    probes: Float[Array, "R P"]
    epoch: Int[Array, ""]
    position: Int[Array, ""]
    order: Int[Array, "M"] | None
    n_rows: Int[Array, ""]
    probed: Int[Array, ""]
    n_probes: Int[Array, ""]


EACH = TrainState(*[0] * 11, *[None] * 6)  # type: ignore[arg-type]
"""Which parts of the state networks trained side by side have for themselves: the axis that counts them."""
SHARED = tuple(name for name, axis in zip(TrainState._fields, EACH, strict=True) if axis is None)


class Keys(NamedTuple):
    """Where the random numbers of a training come from: the order of the examples, and noise."""

    order: PRNGKeyArray
    noise: PRNGKeyArray


def keys_of(seed: int) -> Keys:
    """Return the keys that belong to a seed."""
    return Keys(*_threefry.split(_threefry.key_of(seed)))
