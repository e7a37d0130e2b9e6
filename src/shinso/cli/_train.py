"""`shinso train` and `shinso resume`."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shinso._files import write_atomically
from shinso._interrupt import INTERRUPTED
from shinso.cli._app import OUTPUT, CheckpointSeconds, Config, DataDir, Quiet, RunFolder, app, console
from shinso.cli._options import given, option, with_settings
from shinso.settings import TRAINING, Settings, read_settings

if TYPE_CHECKING:
    from shinso.training import Ensemble, Run

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
    quiet: Quiet = False,
    **settings: Any,
) -> None:
    """Train a network and leave a run folder: model, history, settings and report.

    What is not given is chosen by the data. The folder's [bold]settings.toml[/] is what [bold]--config[/] reads; the
    same settings and seed give the same bits. Ctrl-C ends training and keeps the work, which can be resumed.
    """
    asked = Settings.from_dict({**(read_settings(config) if config is not None else {}), **given(settings)})

    from shinso.experiment import run_experiment

    def work(progress: Any) -> "Run | Ensemble":
        run = run_experiment(asked, folder=out, progress=progress, checkpoint_seconds=checkpoint_seconds)
        if config is not None and run.folder is not None:
            _take_along(config.parent / TRIALS, run.folder)
        return run

    _train(work, quiet=quiet)


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
    quiet: Quiet = False,
) -> None:
    """Continue training that was cut short, from its last checkpoint: the same bits as if it had never stopped."""
    from shinso.experiment import resume_run

    _train(
        lambda progress: resume_run(
            run, epochs=epochs, data_dir=data_dir, progress=progress, checkpoint_seconds=checkpoint_seconds
        ),
        quiet=quiet,
    )


def _train(work: "Callable[[Any], Run | Ensemble]", *, quiet: bool) -> None:
    """Train with a progress bar, write the report, say what came out; exit code 130 after Ctrl-C, 1 if it diverged."""
    from shinso.cli._findings import in_one_line
    from shinso.cli._results import summary
    from shinso.diagnose import diagnose, store_diagnosis
    from shinso.report import write
    from shinso.training import ProgressBar, Run

    errors = console(error=True)
    with nullcontext(False) if quiet else ProgressBar(errors) as progress:
        run = work(progress)
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
