"""`shinso reproduce`: what the sources report, run here and compared."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shinso._interrupt import INTERRUPTED
from shinso.cli._app import OUTPUT, DataDir, Quiet, app, console
from shinso.cli._options import option

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from shinso.reproduce import Entry, Group

_PANEL = "What to run"
_FOLDER = Path("runs/reproduce")


@app.command(
    epilog="Examples:  shinso reproduce --list  |  shinso reproduce R1 R12  |  shinso reproduce --all --budget 10",
)
def reproduce(
    rows: Annotated[
        list[str] | None, typer.Argument(metavar="ROW…", help="Rows of the list, such as R12.", show_default=False)
    ] = None,
    everything: Annotated[bool, option(_PANEL, "Every row.", name="--all")] = False,
    listed: Annotated[
        bool, option(_PANEL, "List the rows: claim, source, numbers, data, time.", name="--list")
    ] = False,
    seeds: Annotated[int | None, option(_PANEL, "How many seeds: 0, 1, ….", "the row's")] = None,
    budget: Annotated[
        float | None, option(_PANEL, "Leave out what would take longer, by estimates.", False, metavar="MINUTES")
    ] = None,
    full: Annotated[
        bool, option(_PANEL, "What takes long too, in rows that have a short form.", name="--full")
    ] = False,
    data_dir: DataDir = None,
    out: Annotated[
        Path, option(OUTPUT, "Folder of records; what is there is not run again.", metavar="FOLDER")
    ] = _FOLDER,
    quiet: Quiet = False,
) -> None:
    """Run what the sources report, and compare: published, ours, agrees.

    Each seed leaves a record; Ctrl-C keeps those that are done, and the same command goes on with the rest.
    """
    from shinso.reproduce import ENTRIES, find_entries, run_entries

    if listed:
        console().print(_list(ENTRIES))
        return
    if everything == bool(rows):
        raise typer.BadParameter("Name rows, such as R1, or give --all; --list shows the rows.")
    entries = list(ENTRIES.values()) if everything else find_entries(rows or [], ENTRIES)
    errors = console(error=True)
    left_out: list[Group] = []
    interrupted = False
    try:
        left_out = run_entries(
            entries,
            out,
            seeds=seeds,
            full=full,
            budget=budget,
            data_dir=data_dir,
            progress=errors.is_terminal and not quiet,
            told=None if quiet else lambda group: errors.print(_told(group), style="dim"),
        )
    except KeyboardInterrupt:
        interrupted = True
    if not quiet:
        _show(console(), entries, out, full=full)
        _say_rest(errors, left_out)
    if interrupted:
        raise typer.Exit(INTERRUPTED)


def _told(group: "Group") -> str:
    from shinso.reproduce import duration_in_words

    seeds = ", ".join(map(str, group.seeds))
    return (
        f"{group.entry.id}: seed{'s' if len(group.seeds) > 1 else ''} {seeds}, about {duration_in_words(group.seconds)}"
    )


def _say_rest(errors: "Console", left_out: "Sequence[Group]") -> None:
    from shinso.reproduce import duration_in_words

    if left_out:
        names = ", ".join(dict.fromkeys(group.entry.id for group in left_out))
        seconds = duration_in_words(sum(group.seconds for group in left_out))
        errors.print(f"Left out for want of time: {names}, about {seconds}; the same command goes on with them.")


def _list(entries: "Mapping[str, Entry]") -> "Table":
    from rich.table import Table

    from shinso.reproduce import duration_in_words

    table = Table(box=None, pad_edge=False)
    for header, ratio in (("row", None), ("claim", 3), ("source", 2), ("published", 2), ("data", None), ("time", None)):
        table.add_column(header, ratio=ratio, no_wrap=ratio is None)
    for entry in entries.values():
        table.add_row(
            entry.id,
            entry.sentence,
            entry.source,
            "; ".join(dict.fromkeys(claim.published for claim in entry.claims)),
            "mnist" if entry.mnist else "none",
            duration_in_words(entry.seconds * entry.seeds),
        )
    return table


def _show(console: "Console", entries: "Sequence[Entry]", folder: Path, *, full: bool) -> None:
    """Show a table for each entry that has records, and how they came to be."""
    from rich.table import Table

    from shinso.reproduce import figure_path, how, rows_of, usable

    for entry in entries:
        records = usable(entry, folder, full=full)
        if not records:
            continue
        console.print(f"\n{entry.id}  {entry.sentence}", style="bold")
        table = Table(box=None, pad_edge=False)
        for header in ("", "published", "ours", "agrees?"):
            table.add_column(header)
        for row in rows_of(entry, records):
            table.add_row(row.what, row.published, row.ours, row.agrees)
        console.print(table)
        figure = figure_path(entry, folder)
        notes = (entry.note, f"{records[-1].command}: {how(records)}", str(figure) if figure.exists() else "")
        for note in filter(None, notes):
            console.print(note, style="dim")
