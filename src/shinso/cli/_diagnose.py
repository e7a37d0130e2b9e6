"""`shinso diagnose`: why a run did or did not learn."""

import json as plain_json
from typing import Annotated

import typer

from shinso.cli._app import OUTPUT, RunFolder, app, console
from shinso.cli._options import option

_EXIT = {"bad": 1}


@app.command(epilog="Examples:  shinso diagnose runs/digits-1  |  shinso diagnose runs/digits-1 --try")
def diagnose(
    run: RunFolder,
    json: Annotated[bool, option(OUTPUT, "Print findings as JSON.", name="--json")] = False,
    try_remedy: Annotated[
        bool,
        option(OUTPUT, "Train again with what the first finding says to change, and say what it did.", name="--try"),
    ] = False,
) -> None:
    """Say why a run did or did not learn: causes first, each with its numbers and what to change.

    The exit code is 1 where the result should not be used as it is.
    """
    from shinso.cli._findings import findings, trial
    from shinso.diagnose import diagnose as diagnosis_of
    from shinso.diagnose import try_remedy as tried_remedy
    from shinso.training import load

    loaded = load(run)
    found = diagnosis_of(loaded)
    tried = tried_remedy(loaded, found.first) if try_remedy and found.severity != "good" else None
    if json:
        outcome = {} if tried is None else {"tried": {**vars(tried), "helped": tried.helped}}
        typer.echo(plain_json.dumps({**found.to_dict(), **outcome}))
    else:
        findings(console(), found)
        if tried is not None:
            trial(console(), tried, found.first.remedy)
    if found.severity in _EXIT:
        raise typer.Exit(_EXIT[found.severity])
