"""Schedules by name: a rate and a number of steps are all that they need."""

from shinso._checks import one_of
from shinso._kinds import SCHEDULES
from shinso.optim._schedules import Constant, Cosine, Exponential, LinearDecay, OneCycle, RobbinsMonro, Schedule


def schedule_named(name: str, learning_rate: float, steps: int) -> Schedule:
    """Return a schedule.

    Args:
        name: one of `SCHEDULES`: "constant", "robbins_monro" (ε/(k + 1)), "linear" and "cosine" (down to 0),
            "exponential" (down to ε/100), "one_cycle" (up and down again).
        learning_rate: ε > 0, the first rate, of "one_cycle" the largest.
        steps: optimizer updates of the whole training, ≥ 1.

    Raises:
        TypeError, ValueError: an unknown name, or a number out of range.
    """
    made: Schedule = SCHEDULES[one_of("schedule", name, SCHEDULES)](learning_rate, steps)
    return made


def constant(learning_rate: float, steps: int) -> Schedule:
    """ε_k = ε, whatever the number of steps."""
    del steps
    return Constant(learning_rate)


def robbins_monro(learning_rate: float, steps: int) -> Schedule:
    """ε_k = ε/(k + 1), whatever the number of steps."""
    del steps
    return RobbinsMonro(learning_rate)


def linear(learning_rate: float, steps: int) -> Schedule:
    """ε_k = (1 − k/τ) ε."""
    return LinearDecay(learning_rate, 0.0, steps)


def exponential(learning_rate: float, steps: int) -> Schedule:
    """ε_k = ε 100^{−k/τ}."""
    return Exponential(learning_rate, learning_rate / 100, steps)


def cosine(learning_rate: float, steps: int) -> Schedule:
    """ε_k = ½ ε (1 + cos(πk/τ))."""
    return Cosine(learning_rate, steps)


def one_cycle(learning_rate: float, steps: int) -> Schedule:
    """From ε/25 up to ε in the first three tenths of the steps, and down to 0 nearly."""
    return OneCycle(learning_rate, steps)
