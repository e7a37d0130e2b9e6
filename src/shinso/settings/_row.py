"""One row of the table of settings: everything that is known of a setting but its name, its type and its default."""

import dataclasses
from collections.abc import Callable
from typing import Any

from shinso.settings._accepted import Accepted

DATA = "Data"
"""The panel of what is learned from."""
NETWORK = "Network"
"""The panel of what is trained."""
COST = "Cost"
"""The panel of what is minimized."""
TRAINING = "Training"
"""The panel of how it is minimized."""
PANELS = (DATA, NETWORK, COST, TRAINING)
"""Where settings stand in help and in the docs."""

BY_DATA = "by the data"
"""How a default reads that the policy chooses when it sees the data."""

Usual = Callable[[Any, int], "tuple[float, float] | list[Any] | None"]


@dataclasses.dataclass(frozen=True)
class Searched:
    """How a search varies a setting.

    Attributes:
        usual: complete settings and the number of training examples → what is searched when nobody says: an interval
            `(low, high)`, a list of values, or None.
        number: its values compile nothing, so that trials which differ in it are trained side by side; else each value
            compiles a program of its own.
        log: intervals go by factors.
    """

    usual: Usual = lambda base, examples: None
    number: bool = False
    log: bool = False


@dataclasses.dataclass(frozen=True)
class Row:
    """What is known of a setting.

    Attributes:
        accepted: the values it takes.
        panel: one of `PANELS`.
        help: what it is, in one line.
        default: its default in words; None says the default itself.
        searched: how `shinso tune` varies it; None where it does not.
        argument: the argument of a network's builder that it becomes; None where it is none.
    """

    accepted: Accepted
    panel: str
    help: str
    default: str | None
    searched: Searched | None
    argument: str | None


def setting(
    accepted: Accepted,
    panel: str,
    help: str,
    *,
    default: Any = None,
    words: str | None = BY_DATA,
    searched: Searched | None = None,
    argument: str | None = None,
) -> Any:
    """Return a field of `Settings`.

    Args:
        accepted: the values it takes.
        panel: where help shows it.
        help: what it is, in one line.
        default: None leaves it to the data (`complete`).
        words: the default in words, where `default` does not say it; empty: there is none.
        searched: how a search varies it.
        argument: the builder's argument that it becomes.
    """
    words = words if default is None else None
    row = Row(accepted, panel, help, words, searched, argument)
    return dataclasses.field(default=default, metadata={"row": row})
