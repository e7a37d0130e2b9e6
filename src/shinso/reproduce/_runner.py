"""The one runner: it runs what has no record yet, and writes one record a seed."""

import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from shinso._checks import real
from shinso._files import write_atomically
from shinso.reproduce._entries import ENTRIES
from shinso.reproduce._entry import Entry, plain
from shinso.reproduce._experiments import EXPERIMENTS, Context, seed_folder
from shinso.reproduce._plan import Group, fitting, missing, usable
from shinso.reproduce._record import Record, Result, write_record
from shinso.reproduce._words import duration_in_words


def run_entries(
    entries: Sequence[Entry],
    folder: Path,
    *,
    seeds: int | None = None,
    full: bool = False,
    budget: float | None = None,
    data_dir: str | None = None,
    progress: Any = False,
    told: Callable[[Group], object] | None = None,
) -> list[Group]:
    """Return the entries that were left out; what has no record yet is run, and its records and figures are written.

    A record is written when its seeds are done, so Ctrl-C at any time loses the seeds that are being run alone; of those
    trained one by one a checkpoint is kept and gone on from.

    Args:
        entries: what to run.
        folder: of the records, made if need be.
        seeds: as in `missing`.
        full: as in `missing`.
        budget: minutes; what would not end within it by the estimates is left out. None for any time.
        data_dir: folder of the MNIST files.
        progress: as for `shinso.train`.
        told: called with each group before it is run.

    Returns:
        What was left out.

    Raises:
        TypeError, ValueError: an argument is not accepted, MNIST is needed and not there, or nothing fits the budget.
        KeyboardInterrupt: after Ctrl-C.
        OSError: a record cannot be written.
    """
    groups = missing(entries, folder, seeds=seeds, full=full)
    _require_data(groups, data_dir)
    allowed = None if budget is None else 60 * real("budget", budget, above=0)
    if allowed is not None and groups and not any(fitting(group, allowed)[0].seeds for group in groups):
        quickest = min(groups, key=lambda group: group.seconds / len(group.seeds))
        one = duration_in_words(quickest.seconds / len(quickest.seeds))
        raise ValueError(
            f"budget must leave time for a seed; the quickest asked for, {quickest.entry.id}, takes {one}."
        )
    began, left_out = time.monotonic(), []
    for group in groups:
        left = None if allowed is None else allowed - (time.monotonic() - began)
        now, later = (group, None) if left is None else fitting(group, left)
        if now.seeds:
            if told is not None:
                told(now)
            _run_group(now, folder, data_dir, progress)
            _write_figure(group.entry, folder)
        if later is not None and later.seeds:
            left_out.append(later)
    return left_out


def _require_data(groups: Sequence[Group], data_dir: str | None) -> None:
    from shinso.data import locate

    needing = dict.fromkeys(group.entry.id for group in groups if group.entry.mnist)
    if needing and not any(place.complete for place in locate(data_dir)):
        without = ", ".join(entry.id for entry in ENTRIES.values() if not entry.mnist)
        raise ValueError(
            f"{', '.join(needing)} must have MNIST, which was not found: fetch it with `shinso data fetch mnist`, or name "
            f"its folder with --data-dir. Without it run {without}."
        )


def _run_group(group: Group, folder: Path, data_dir: str | None, progress: Any) -> None:
    from shinso.training import environment

    entry, seeds = group.entry, group.seeds
    place = folder / entry.id
    context = Context(place, data_dir, entry.side_by_side, progress)
    began = time.monotonic(), time.process_time()
    merged = [Result({}, {}) for _ in seeds]
    for step in group.steps:
        parts: list[Result] = EXPERIMENTS[step.experiment](step.settings, seeds, context)
        for result, part in zip(merged, parts, strict=True):
            result.curves.update(part.curves)
            result.values.update(part.values)
    wall, processor = time.monotonic() - began[0], time.process_time() - began[1]
    for seed, result in zip(seeds, merged, strict=True):
        write_record(
            folder,
            Record(
                entry=entry.id,
                seed=seed,
                steps=plain(group.steps),
                curves=result.curves,
                values=result.values,
                seconds=wall / len(seeds),
                processor_seconds=processor / len(seeds),
                together=list(seeds),
                command=f"shinso reproduce {entry.id} --seeds {seeds[-1] + 1}{' --full' if group.full else ''}",
                environment=environment(),
            ),
        )
        shutil.rmtree(seed_folder(context, seed), ignore_errors=True)


def figure_path(entry: Entry, folder: Path) -> Path:
    """Return where the figure of an entry lies, if it has one."""
    return folder / entry.id / "figure.svg"


def _write_figure(entry: Entry, folder: Path) -> None:
    from shinso.reproduce._figure import draw, svg

    figure = draw(entry, usable(entry, folder))
    if figure is not None:
        write_atomically(figure_path(entry, folder), svg(figure))
