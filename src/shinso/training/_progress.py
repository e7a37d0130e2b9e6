"""What the host learns between stretches, and a progress bar made of it."""

from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID


@dataclass(frozen=True)
class Event:
    """Where training stands.

    Attributes:
        step: optimizer updates so far, of at most `steps`.
        epoch: completed epochs, of at most `epochs`.
        rows: history rows completed since the event before.
        compile_seconds: time spent compiling; the first event, at step 0, comes right after it.
        train_seconds: time spent training, compilation apart.
        remaining_seconds: what is left at the present speed; NaN before there is one.
    """

    step: int
    steps: int
    epoch: int
    epochs: int
    rows: tuple[dict[str, float], ...]
    compile_seconds: float
    train_seconds: float
    remaining_seconds: float


class ProgressBar:
    """A live bar on a terminal, and one line a few times in all where output is not a terminal."""

    def __init__(self, console: "Console | None" = None, lines: int = 10) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._console = console or Console(stderr=True)
        self._lines = lines
        self._said = 0
        self._metrics = ""
        self._task: TaskID | None = None
        self._bar = Progress(
            TextColumn("{task.fields[epoch]}"),
            BarColumn(),
            TextColumn("{task.fields[metrics]}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=self._console,
            transient=True,
        )

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bar.start()
            self._task = self._bar.add_task("", total=None, epoch="compiling", metrics="", left="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._bar.stop()

    def __call__(self, event: Event) -> None:
        """Show `event`."""
        epoch = f"epoch {min(event.epoch + 1, event.epochs)}/{event.epochs}"
        if event.rows:
            self._metrics = metrics_in_words(event.rows[-1])
        if self._task is None:
            due = event.epoch * self._lines // event.epochs
            if event.rows and due > self._said:
                self._said = due
                self._console.print(f"epoch {event.epoch}/{event.epochs}  {self._metrics}", highlight=False)
            return
        left = event.remaining_seconds
        self._bar.update(
            self._task,
            total=event.steps,
            completed=event.step,
            epoch=epoch,
            left="" if left != left else f"{left:.0f} s left",
            metrics=self._metrics,
        )


def metrics_in_words(row: dict[str, float]) -> str:
    """Return a history row's loss and score, training and validation, as one short line."""
    skip = ("epoch", "step", "seconds", "cost", "gradient_norm", "learning_rate")
    return "  ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in row.items() if name not in skip)
