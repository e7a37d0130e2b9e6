"""One experiment from settings to a run folder, and on from where it was cut short."""

from pathlib import Path

from shinso._manifest import commit
from shinso.experiment._evaluate import judge
from shinso.experiment._folder import SETTINGS, new_folder, next_folder, read_experiment, vacant
from shinso.experiment._prepare import arguments_of, prepare_experiment
from shinso.experiment._training import train_by_settings
from shinso.settings import Settings
from shinso.training import RUN, Ensemble, Progress, Run, read_run_json


def run_experiment(
    settings: Settings,
    *,
    folder: str | Path | None = None,
    progress: Progress = False,
    checkpoint_seconds: float = 30.0,
) -> Run | Ensemble:
    """Return the run of an experiment: data prepared, network built, trained, evaluated, all of it stored in a run folder.

    Args:
        settings: what to do; what is `None` is chosen from the data (`complete`).
        folder: a new or empty folder; None makes the next free one of `runs/SOURCE-1`, `runs/SOURCE-2`, ….
        progress: as for `shinso.train`.
        checkpoint_seconds: time between two checkpoints.

    Returns:
        The run, or the ensemble where there are several `members`, with evaluations
        named `test` and `validation` where there are such examples, else `training`.

    Raises:
        TypeError, ValueError: settings or data are not accepted; nothing is written.
        FileExistsError: `folder` is not empty.
        OSError: the folder cannot be written.
    """
    place = None if folder is None else vacant(Path(folder))
    prepared, settings = prepare_experiment(settings)
    arguments = arguments_of(settings, prepared)
    with new_folder(place or next_folder(settings.source)) as made:
        commit(made, {SETTINGS: settings.to_toml().encode()})
        where = {"folder": made, "progress": progress, "checkpoint_seconds": checkpoint_seconds}
        run = train_by_settings(settings, arguments, **where)
    return judge(run, prepared)


def resume_run(
    folder: str | Path,
    *,
    epochs: int | None = None,
    data_dir: str | Path | None = None,
    progress: Progress = False,
    checkpoint_seconds: float = 30.0,
) -> Run | Ensemble:
    """Return a run that was cut short, continued, or a finished one trained for more epochs; the bits are those of one go.

    With more epochs than were asked for, a schedule that had its end there begins again (`Settings.restarts`):
    that is another program, whose bits differ from those of one go by rounding.

    Args:
        folder: the run folder.
        epochs: epochs in all; None means as many as first asked for.
        data_dir: folder of the MNIST files, where it has moved.
        progress: as for `shinso.train`.
        checkpoint_seconds: time between two checkpoints.

    Raises:
        FileNotFoundError: not the folder of an experiment.
        ValueError: nothing is left to do, there are fewer epochs than the schedule has, or the data have changed.
    """
    folder = Path(folder)
    settings = read_experiment(folder)
    asked = settings if epochs is None else settings.replace(epochs=epochs)
    _refuse_finished(folder, asked)
    if asked.epochs != settings.epochs and settings.schedule != "constant":
        asked = _restarted(settings, asked)
    prepared, asked = prepare_experiment(asked, data_dir)
    arguments = arguments_of(asked, prepared)
    where = {"folder": folder, "progress": progress, "checkpoint_seconds": checkpoint_seconds, "resume": True}
    run = train_by_settings(asked, arguments, **where)
    commit(folder, {SETTINGS: asked.to_toml().encode()})
    return judge(run, prepared)


def _restarted(settings: Settings, asked: Settings) -> Settings:
    """Return settings by which the schedule begins again where it had its end.

    Raises:
        ValueError: fewer epochs are asked for than the schedule has.
    """
    if (asked.epochs or 0) < (settings.epochs or 0):
        raise ValueError(
            f"epochs must be at least {settings.epochs}, at which the {settings.schedule} schedule has its end; "
            f"got {asked.epochs}."
        )
    return asked.replace(restarts=(*(settings.restarts or ()), settings.epochs))


def _refuse_finished(folder: Path, settings: Settings) -> None:
    """Raise unless something is left to train."""
    if not (folder / RUN).is_file():
        return
    plain = read_run_json(folder)
    stop = plain["stop"]
    more = (settings.epochs or 0) > stop["epoch"]
    if plain["data"].get("encoder") is None or stop["reason"] == "interrupted" or (stop["reason"] == "epochs" and more):
        return
    hint = " Ask for more epochs." if stop["reason"] == "epochs" else ""
    raise ValueError(f"{folder} has ended: {stop['message']}{hint}")
