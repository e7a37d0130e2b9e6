"""Work handed to the device in stretches, and when the host ends it: the one controller of all that takes long."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from shinso._interrupt import Interrupt

SECONDS = 0.2
"""How long the host leaves the device alone: short enough for a live bar and a prompt Ctrl-C."""


@dataclass
class Stretches:
    """How long the next stretch is, and whether there should be one.

    Attributes:
        interrupt: what hears Ctrl-C; active while the work goes on.
        until: when the time is up, on the clock.
        clock: seconds, from anywhere.
        size: steps of the next stretch, as many as take `SECONDS`.
    """

    interrupt: Interrupt
    until: float = math.inf
    clock: Callable[[], float] = time.monotonic
    size: int = 1

    @property
    def left(self) -> float:
        """Seconds until then."""
        return self.until - self.clock()

    @property
    def over(self) -> str | None:
        """Why no further stretch should begin, "interrupted" or "seconds"; None while one may."""
        if self.interrupt.requested:
            return "interrupted"
        return "seconds" if self.left <= 0 else None

    def made(self, steps: int, seconds: float) -> None:
        """Learn from a stretch: the next is as long as lasts `SECONDS`, at most ten times as long as this one."""
        self.size = int(min(max(SECONDS * steps / max(seconds, 1e-9), 1), 10 * self.size))
