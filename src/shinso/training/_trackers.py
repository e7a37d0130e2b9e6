"""Listeners that send the history to where experiments are followed; each is called with every `Event`, as any listener."""

import importlib
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Protocol, Self

from shinso._checks import one_of
from shinso.training._progress import Event

PROJECT = "shinso"


class Sink(Protocol):
    """Where numbers go."""

    def log(self, numbers: dict[str, float], step: int) -> None:
        """Take numbers by name at a step."""

    def close(self) -> None:
        """Take no more."""


class Opening(NamedTuple):
    """What a sink is opened with: the run's name, its settings, and a folder for files."""

    name: str
    settings: Mapping[str, Any]
    folder: Path


class Tracker:
    """A listener that sends every row of the history on, by its epoch; opened with the first event, closed after `with`.

    `tracker` makes one.
    """

    def __init__(self, sink: Callable[[Opening], Sink], opening: Opening) -> None:
        self._make, self._opening = sink, opening
        self._sink: Sink | None = None
        self._epoch = 0

    def __call__(self, event: Event) -> None:
        """Send the rows of an event."""
        for row in event.rows:
            self._epoch = int(row["epoch"])
            self.log({name: value for name, value in row.items() if name != "epoch"}, self._epoch)

    def log(self, numbers: Mapping[str, float], epoch: int | None = None) -> None:
        """Send further numbers, such as scores of the test examples, at an epoch, or at the last."""
        self._sink = self._sink or self._make(self._opening)
        finite = {name: float(value) for name, value in numbers.items() if math.isfinite(value)}
        self._sink.log(finite, self._epoch if epoch is None else epoch)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._sink is not None:
            self._sink.close()
            self._sink = None


def tracker(kind: str, name: str, settings: Mapping[str, Any] | None = None, *, folder: str | Path = "runs") -> Tracker:
    """Return what `progress` of `shinso.train` takes to send the history on, once for every epoch.

    Args:
        kind: one of `TRACKERS`: `"tensorboard"`, `"mlflow"`, `"wandb"` or `"trackio"`; each needs the extra of its name.
        name: of the run there.
        settings: to be stored with it; values that are not given (None) are left out.
        folder: where TensorBoard's files are put, in `tensorboard/NAME`; the others know their own place.

    Raises:
        ImportError: the package is not installed; the sentence says which extra brings it.
        ValueError: there is no such kind.
    """
    module, sink = TRACKERS[one_of("tracker", kind, TRACKERS)]
    try:
        importlib.import_module(module)
    except ImportError:
        raise ImportError(f"{kind} needs the package {module}: pip install 'shinso[{kind}]'.") from None
    given = {key: value for key, value in (settings or {}).items() if value is not None}
    return Tracker(sink, Opening(name, given, Path(folder)))


class _TensorBoard:
    def __init__(self, opening: Opening) -> None:
        from tensorboardX import SummaryWriter

        self._writer = SummaryWriter(str(opening.folder / "tensorboard" / opening.name))
        if opening.settings:
            lines = [f"    {key} = {value!r}" for key, value in opening.settings.items()]
            self._writer.add_text("settings", "\n".join(lines))

    def log(self, numbers: dict[str, float], step: int) -> None:
        for name, value in numbers.items():
            self._writer.add_scalar(name, value, step)
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()


class _MLflow:
    def __init__(self, opening: Opening) -> None:
        self._library: Any = importlib.import_module("mlflow")
        self._library.set_experiment(PROJECT)
        self._library.start_run(run_name=opening.name)
        self._library.log_params(dict(opening.settings))

    def log(self, numbers: dict[str, float], step: int) -> None:
        self._library.log_metrics(numbers, step=step)

    def close(self) -> None:
        self._library.end_run()


class _Run:
    """Weights & Biases, and trackio, which has its interface."""

    def __init__(self, opening: Opening, module: str) -> None:
        self._run: Any = importlib.import_module(module).init(
            project=PROJECT, name=opening.name, config=dict(opening.settings)
        )

    def log(self, numbers: dict[str, float], step: int) -> None:
        self._run.log(numbers, step=step)

    def close(self) -> None:
        self._run.finish()


TRACKERS: dict[str, tuple[str, Callable[[Opening], Sink]]] = {
    "tensorboard": ("tensorboardX", _TensorBoard),
    "mlflow": ("mlflow", _MLflow),
    "wandb": ("wandb", lambda opening: _Run(opening, "wandb")),
    "trackio": ("trackio", lambda opening: _Run(opening, "trackio")),
}
"""Where a history can be sent: the module that is needed, and what opens it."""
