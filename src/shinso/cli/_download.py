"""The progress of a download."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

from shinso.data import DownloadProgress


class DownloadBar:
    """A live bar for each file on a terminal; elsewhere one line for each file and each retry."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._tasks: dict[str, TaskID] = {}
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), console=console
        )

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._bar.stop()

    def __call__(self, event: DownloadProgress) -> None:
        """Show `event`."""
        if event.name not in self._tasks:
            self._tasks[event.name] = self._bar.add_task(event.name, total=event.total)
            if not self._console.is_terminal:
                self._console.print(f"{event.name} from {event.url}")
        self._bar.update(self._tasks[event.name], completed=event.received, total=event.total)
        if event.message:
            self._console.print(f"{event.name}: {event.message}")
