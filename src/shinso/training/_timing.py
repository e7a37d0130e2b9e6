"""Where the time of a training went."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """Where the time went: seconds of compiling and of training, optimizer updates, and examples seen."""

    compile_seconds: float
    train_seconds: float
    steps: int
    examples: int
