"""The folder of an experiment: where it may be made, and what it says of its settings."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shinso._manifest import is_bookkeeping, read_file
from shinso.settings import Settings, read_settings
from shinso.training import RUN, is_unstarted, read_run_json

SETTINGS = "settings.toml"


def read_experiment(folder: Path) -> Settings:
    """Return the settings that a run folder stores.

    Raises:
        FileNotFoundError: not the folder of an experiment.
        ValueError: the settings are damaged.
    """
    if not (folder / SETTINGS).is_file():
        if (folder / RUN).is_file():
            raise FileNotFoundError(f"{folder} was trained from Python: it has no {SETTINGS}.")
        read_run_json(folder)
    path = folder / SETTINGS
    return Settings.from_dict(read_settings(path, read_file(path)))


def vacant(folder: Path) -> Path:
    """Return the folder if a run may be made in it.

    Raises:
        FileExistsError: it is a file, or not empty.
    """
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"{folder} is a file; choose a new folder for the run.")
    if not is_unstarted(folder):
        raise FileExistsError(f"{folder} is not empty; choose a new folder for the run, or resume it.")
    return folder


def next_folder(source: str, what: str = "") -> Path:
    """Return the first of `runs/SOURCE-1`, `runs/SOURCE-2`, … that does not exist; `what` stands behind SOURCE."""
    number = 1
    while (folder := Path("runs") / f"{Path(source).stem}{what}-{number}").exists():
        number += 1
    return folder


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Make the folder, and take it away again if nothing worth keeping came into it."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield folder
    except BaseException:
        if is_unstarted(folder):
            for path in folder.iterdir():
                if path.name == SETTINGS or is_bookkeeping(path.name):
                    path.unlink()
            for one in missing:
                one.rmdir()
        raise
