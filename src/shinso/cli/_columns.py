"""`shinso columns`: how a table is read, before anything is trained."""

import json
from typing import Annotated, Any

import typer

from shinso.cli._app import OUTPUT, app, console
from shinso.cli._options import given, option, with_settings
from shinso.cli._wording import in_options
from shinso.settings import Settings, rows

_READING = (
    "target",
    "column",
    "drop",
    "missing",
    "present",
    "separator",
    "decimal",
    "encoding",
    "header",
    "skip_ragged",
)


@app.command(epilog="Examples:  shinso columns sales.csv  |  shinso columns sales.csv --target price --json")
@with_settings(source=..., but=[name for name in rows() if name not in _READING])
def columns(
    json_: Annotated[bool, option(OUTPUT, "Print JSON.", name="--json")] = False,
    **settings: Any,
) -> None:
    """Show how a table is read: what each column was taken for, what is missing, and what it is used for.

    Nothing is trained. The same options tell [bold]shinso train[/] to read it otherwise.
    """
    asked = Settings.from_dict(given(settings))

    from shinso.data import columns_of
    from shinso.experiment import reading_of

    reading = _worded(columns_of(asked.source, asked.target, **reading_of(asked)).to_dict())
    if json_:
        typer.echo(json.dumps(reading, ensure_ascii=False, indent=1))
    else:
        show_columns(reading)


def _worded(reading: dict[str, Any]) -> dict[str, Any]:
    """Return the description of a table with options for arguments in its sentences."""
    columns = [{**column, "note": in_options(column["note"])} for column in reading["columns"]]
    return {**reading, "columns": columns, "notes": [in_options(note) for note in reading["notes"]]}


def show_columns(reading: dict[str, Any]) -> None:
    """Show the reading of a file as a table with a line for each column."""
    from shinso.cli._results import columns_table

    out = console()
    said = {name: reading.get(name) for name in ("rows", "separator", "decimal", "encoding", "header")}
    out.print("  ".join(f"{name} {value}" for name, value in said.items() if value is not None))
    out.print(columns_table(reading["columns"]))
    for note in reading.get("notes") or ():
        out.print(note)
