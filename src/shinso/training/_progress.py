"""What the host learns between stretches, and a progress bar made of it."""

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
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


Progress = bool | Callable[[Event], object] | Sequence[bool | Callable[[Event], object]]
"""What listens: nobody, a bar on stderr (True), something called with every `Event`, or several of these."""

_FREE = 3
"""Columns at the end of a bar's line, where a terminal shows ^C: a line that is full would break there and stay."""
_CLOCK = len("0:00:00")
_SKIPPED = ("epoch", "step", "seconds", "cost", "gradient_norm", "learning_rate")


@contextmanager
def listening(progress: Progress) -> Iterator[Callable[[Event], None] | None]:
    """Give what is called with every event for all that listen; `StopIteration` of one of them is raised after the last."""
    each = progress if isinstance(progress, Sequence) else (progress,)
    with ExitStack() as stack:
        listeners: list[Callable[[Event], object]] = []
        for one in each:
            if one is True:
                listeners.append(stack.enter_context(ProgressBar()))
            elif callable(one):
                listeners.append(one)

        def tell(event: Event) -> None:
            stopping = [one for one in listeners if _stops(one, event)]
            if stopping:
                raise StopIteration

        yield tell if listeners else None


def _stops(listener: Callable[[Event], object], event: Event) -> bool:
    try:
        listener(event)
    except StopIteration:
        return True
    return False


class ProgressBar:
    """A live bar on a terminal and in a notebook, and one line a few times in all where output is neither.

    Where a line has no room for all of it, metrics give way first, those of training before those of validation; epoch, bar
    and the time that is left stand on 60 columns.
    """

    def __init__(self, console: "Console | None" = None, lines: int = 10) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._console = console or Console(stderr=True)
        self._lines = lines
        self._said = 0
        self._row: Mapping[str, float] = {}
        self._task: TaskID | None = None
        self._cell: Any = None
        width = self._console.width
        self._bar_width = 40 if width >= 120 else 16 if width >= 80 else 8
        self._bar = Progress(
            TextColumn("{task.fields[epoch]}"),
            BarColumn(bar_width=self._bar_width),
            TextColumn("{task.fields[metrics]}", markup=False),
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
            self._row = event.rows[-1]
        seconds = event.remaining_seconds
        left = "" if seconds != seconds else f"{seconds:.0f} s left"
        if self._cell is not None:
            words = "  ".join(filter(None, (epoch, metrics_in_words(self._row), left)))
            self._cell.update(_shown(event.step, event.steps, words), raw=True)
        elif self._task is not None:
            taken = len(epoch) + self._bar_width + _CLOCK + len(left) + 4 + _FREE
            metrics = metrics_in_words(self._row, self._console.width - taken)
            self._bar.update(
                self._task, total=event.steps, completed=event.step, epoch=epoch, left=left, metrics=metrics
            )
        else:
            self._say(event)

    def _say(self, event: Event) -> None:
        due = event.epoch * self._lines // event.epochs
        if event.rows and due > self._said:
            self._said = due
            words = f"epoch {event.epoch}/{event.epochs}  {metrics_in_words(self._row)}"
            self._console.print(words, highlight=False, soft_wrap=True)


def _shown(step: int, steps: int, words: str) -> dict[str, str]:
    """Return a bar and words beside it as a notebook takes them."""
    bar = f'<progress value="{step}" max="{max(steps, 1)}" style="width:16em;vertical-align:middle"></progress>'
    return {"text/html": f"{bar} {escape(words)}", "text/plain": words}


def metrics_in_words(row: Mapping[str, float], most: int | None = None) -> str:
    """Return a history row's loss and score, training and validation, as one short line.

    Args:
        row: of a history.
        most: characters there is room for; what does not fit is left out, validation last. None for any number.
    """
    told = {name: f"{name.replace('_', ' ')} {value:.4g}" for name, value in row.items() if name not in _SKIPPED}
    kept: list[str] = []
    for name in sorted(told, key=lambda name: (not name.startswith("validation"), not name.endswith("loss"))):
        if most is not None and len("  ".join(told[one] for one in (*kept, name))) > most:
            break
        kept.append(name)
    return "  ".join(told[name] for name in told if name in kept)
