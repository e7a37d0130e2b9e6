"""When training stops before its last epoch, or slows down, because nothing improves."""

import math

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from shinso._checks import real, whole_number
from shinso._numbers import device_array, plain_number

NEVER = 2**31 - 1
"""Epochs of patience, the largest int32, that no training outlasts."""
LOWER_IS_BETTER = ("cost", "loss", "_error", "deviance", "gradient_norm")


class Stopping(eqx.Module):
    """Early stopping, or a lower learning rate, after `patience` epochs without improvement.

    An epoch improves when the monitored column is better than the best so far by at least `min_delta`. After
    `patience` epochs in a row without improvement training stops, or, given `factor`, the learning rate is multiplied by
    it and the count starts again, until the rate has fallen to `smallest` of its start (Goodfellow et al., algorithm 7.1).

    Nielsen's schedule (chapter 3) holds the rate until the validation accuracy stalls, then halves it, and ends when it is
    1/128 of its start: ``Stopping("validation_accuracy", 10, min_delta=1e-6, factor=0.5, smallest=1 / 64)``, whose last
    stall, at 1/64, stops instead of halving once more. His "no improvement in ten" alone is
    ``Stopping("validation_accuracy", 10, min_delta=1e-6)``: a tie is no improvement.

    Where parameters are kept by a training figure (`restore_best` with ``"loss"``, ``"cost"`` or the score), what is judged
    is that of the parameters themselves on the training data at the epoch's end, not the mean over the epoch's
    mini-batches, each of which had others; full-batch methods have one batch, and nothing is evaluated twice.

    Args:
        monitor: a column of the history: ``"validation_loss"``, ``"validation_accuracy"``, ``"loss"``, ``"cost"``, …
        patience: epochs without improvement that are accepted, at least 1; ``math.inf`` never stops.
        min_delta: what counts as an improvement, in the column's unit, ≥ 0.
        restore_best: keep the parameters of the best epoch and return those.
        factor: in (0, 1): what a stall multiplies the learning rate by; None stops at the first stall.
        smallest: in (0, 1): the share of the first learning rate at which a further stall stops.
    """

    monitor: str = eqx.field(static=True)
    restore_best: bool = eqx.field(static=True)
    patience: Int[Array, ""]
    min_delta: Float[Array, ""]
    factor: Float[Array, ""]
    smallest: Float[Array, ""]

    def __init__(
        self,
        monitor: str = "validation_loss",
        patience: float = 20,
        *,
        min_delta: float = 0.0,
        restore_best: bool = True,
        factor: float | None = None,
        smallest: float = 1 / 128,
    ) -> None:
        self.monitor = monitor
        self.restore_best = restore_best
        self.patience = device_array(
            NEVER if patience == math.inf else whole_number("patience", patience, least=1), jnp.int32
        )
        self.min_delta = device_array(real("min_delta", min_delta, least=0))
        self.factor = device_array(0.0 if factor is None else real("factor", factor, above=0, below=1))
        self.smallest = device_array(real("smallest", smallest, above=0, below=1))

    @property
    def sign(self) -> int:
        """+1 where lower is better, −1 where higher is."""
        return 1 if self.monitor.endswith(LOWER_IS_BETTER) else -1

    @property
    def recipe(self) -> dict[str, float | int | str | bool | None]:
        """The plain dictionary of arguments."""
        patience = self.patience.item()
        return {
            "monitor": self.monitor,
            "patience": math.inf if patience == NEVER else patience,
            "min_delta": plain_number(self.min_delta),
            "restore_best": self.restore_best,
            "factor": plain_number(self.factor) or None,
            "smallest": plain_number(self.smallest),
        }
