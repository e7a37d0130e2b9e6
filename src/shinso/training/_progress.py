"""What the host learns between stretches, and a progress bar made of it."""

import importlib
from dataclasses import dataclass
from html import escape
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

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
    """A live bar on a terminal and in a notebook, and one line a few times in all where output is neither."""

    def __init__(self, console: "Console | None" = None, lines: int = 10) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._console = console or Console(stderr=True)
        self._lines = lines
        self._said = 0
        self._metrics = ""
        self._task: TaskID | None = None
        self._cell: Any = None
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
        if self._console.is_jupyter:
            # A notebook has IPython, and nobody else needs it; Rich's own bar asks for widgets besides.
            display = importlib.import_module("IPython.display").display
            self._cell = display(_shown(0, 1, "compiling"), raw=True, display_id=True)
        elif self._console.is_terminal:
            self._bar.start()
            self._task = self._bar.add_task("", total=None, epoch="compiling", metrics="", left="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._bar.stop()
        if self._cell is not None:
            self._cell.update({"text/html": "", "text/plain": ""}, raw=True)

    def __call__(self, event: Event) -> None:
        """Show `event`."""
        epoch = f"epoch {min(event.epoch + 1, event.epochs)}/{event.epochs}"
        if event.rows:
            self._metrics = metrics_in_words(event.rows[-1])
        left = "" if event.remaining_seconds != event.remaining_seconds else f"{event.remaining_seconds:.0f} s left"
        if self._cell is not None:
            words = "  ".join(filter(None, (epoch, self._metrics, left)))
            self._cell.update(_shown(event.step, event.steps, words), raw=True)
        elif self._task is not None:
            self._bar.update(
                self._task,
                total=event.steps,
                completed=event.step,
                epoch=epoch,
                left=left,
                metrics=self._metrics,
            )
        else:
            self._say(event)

    def _say(self, event: Event) -> None:
        due = event.epoch * self._lines // event.epochs
        if event.rows and due > self._said:
            self._said = due
            self._console.print(f"epoch {event.epoch}/{event.epochs}  {self._metrics}", highlight=False)


def _shown(step: int, steps: int, words: str) -> dict[str, str]:
    """Return a bar and words beside it as a notebook takes them."""
    bar = f'<progress value="{step}" max="{max(steps, 1)}" style="width:16em;vertical-align:middle"></progress>'
    return {"text/html": f"{bar} {escape(words)}", "text/plain": words}


def metrics_in_words(row: dict[str, float]) -> str:
    """Return a history row's loss and score, training and validation, as one short line."""
    skip = ("epoch", "step", "seconds", "cost", "gradient_norm", "learning_rate")
    return "  ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in row.items() if name not in skip)
