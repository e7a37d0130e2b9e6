"""`shinso train` and `shinso resume`."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shinso._files import write_atomically
from shinso._interrupt import INTERRUPTED
from shinso.cli._app import OUTPUT, CheckpointSeconds, Config, DataDir, Quiet, RunFolder, app, console
from shinso.cli._options import given, option, with_settings
from shinso.settings import TRAINING, Settings, read_settings

if TYPE_CHECKING:
    from shinso.training import Ensemble, Run, Tracker

Track = Annotated[
    list[str] | None,
    option(
        OUTPUT,
        "Send the history on, once an epoch; may be repeated: tensorboard, mlflow, wandb, trackio (each an extra).",
        False,
        metavar="NAME",
    ),
]
TRIALS = "trials.svg"
"""Picture of a search, in its folder and in that of a run with its settings."""
_EXIT_CODES = {"interrupted": INTERRUPTED, "not_finite": 1}


@app.command(
    epilog="Examples:  shinso train digits  |  shinso train mnist --network mlp --hidden 100,30 --epochs 10  |  "
    "shinso train iris.csv --target species --l2 0.001  |  shinso train --config runs/digits-1/settings.toml --seed 1",
)
@with_settings()
def train(
    config: Config = None,
    out: Annotated[Path | None, option(OUTPUT, "Run folder to make.", "runs/SOURCE-1, -2, …", metavar="DIR")] = None,
    checkpoint_seconds: CheckpointSeconds = 30.0,
    track: Track = None,
    quiet: Quiet = False,
    **settings: Any,
) -> None:
    """Train a network and leave a run folder: model, history, settings and report.

    What is not given is chosen by the data. The folder's [bold]settings.toml[/] is what [bold]--config[/] reads; the
    same settings and seed give the same bits. Ctrl-C ends training and keeps the work, which can be resumed.
    """
    asked = Settings.from_dict({**(read_settings(config) if config is not None else {}), **given(settings)})

    from shinso.experiment import next_folder, run_experiment

    folder = out or next_folder(asked.source)

    def work(progress: Any) -> "Run | Ensemble":
        run = run_experiment(asked, folder=folder, progress=progress, checkpoint_seconds=checkpoint_seconds)
        if config is not None and run.folder is not None:
            _take_along(config.parent / TRIALS, run.folder)
        return run

    _train(work, _trackers(track, folder, asked), quiet=quiet)


def _take_along(picture: Path, folder: Path) -> None:
    """Copy the picture of the search that chose the settings into the folder of the run, whose report shows it."""
    if picture.is_file():
        write_atomically(folder / TRIALS, picture.read_bytes())


@app.command()
def resume(
    run: RunFolder,
    epochs: Annotated[
        int | None, option(TRAINING, "Epochs in all, those already done included.", "as first asked")
    ] = None,
    data_dir: DataDir = None,
    checkpoint_seconds: CheckpointSeconds = 30.0,
    track: Track = None,
    quiet: Quiet = False,
) -> None:
    """Continue training that was cut short, from its last checkpoint: the same bits as if it had never stopped.

    A finished run goes on with more [bold]--epochs[/]: a schedule that had its end begins again (a warm restart).
    """
    from shinso.experiment import read_experiment, resume_run

    _train(
        lambda progress: resume_run(
            run, epochs=epochs, data_dir=data_dir, progress=progress, checkpoint_seconds=checkpoint_seconds
        ),
        _trackers(track, run, read_experiment(run)),
        quiet=quiet,
    )


def _trackers(names: list[str] | None, folder: Path, settings: Settings) -> "list[Tracker]":
    """Return what sends the history on, under the name of the run folder."""
    if not names:
        return []
    from shinso.training import tracker

    return [tracker(name, folder.name, settings.to_dict(), folder=folder.parent) for name in dict.fromkeys(names)]


def _train(work: "Callable[[Any], Run | Ensemble]", trackers: "list[Tracker]", *, quiet: bool) -> None:
    """Train with a progress bar and trackers, then tell what came out."""
    from shinso.training import ProgressBar

    errors = console(error=True)
    with ExitStack() as stack:
        listeners: list[Any] = [stack.enter_context(one) for one in trackers]
        bar = [] if quiet else [stack.enter_context(ProgressBar(errors))]
        run = work([*bar, *listeners])
        for one in trackers:
            one.log(_scores(run))
    _tell(run, quiet=quiet)


def _scores(run: "Run | Ensemble") -> dict[str, float]:
    """Return the scores of all evaluations by name."""
    named = run.evaluations.items()
    return {
        f"{name}_{key}": value
        for name, one in named
        for key, value in ((one.score_name, one.score), ("loss", one.loss))
    }


def _tell(run: "Run | Ensemble", *, quiet: bool) -> None:
    """Write the report, say what came out; exit code 130 after Ctrl-C, 1 if it diverged."""
    from shinso.cli._findings import in_one_line
    from shinso.cli._results import summary
    from shinso.diagnose import diagnose, store_diagnosis
    from shinso.report import write
    from shinso.training import Run

    page = (run.folder or Path()) / "report.html"
    diagnosis = diagnose(run, baselines=True)
    if run.folder is not None:
        store_diagnosis(run.folder, diagnosis)
    write(run, page, diagnosis)
    run = run if isinstance(run, Run) else run.summary()
    if not quiet:
        summary(console(), run, page, diagnosis)
        if diagnosis.severity != "good":
            in_one_line(console(), diagnosis, run.folder)
    if run.stop.reason in _EXIT_CODES:
        raise typer.Exit(_EXIT_CODES[run.stop.reason])
