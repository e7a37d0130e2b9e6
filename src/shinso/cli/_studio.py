"""`shinso export`: a network as a page."""

from pathlib import Path
from typing import Annotated

import typer

from shinso.cli._app import OUTPUT, RunFolder, app, refuse_folder
from shinso.cli._options import option


@app.command(epilog="Example:  shinso export runs/digits-1 --html digits.html")
def export(
    run: RunFolder,
    html: Annotated[
        Path | None, option(OUTPUT, "File to write.", "RUN/network.html", name="--html", metavar="FILE")
    ] = None,
) -> None:
    """Write a network as one HTML file that runs without Python: draw a digit, or fill in the columns of a table."""
    from shinso.studio import export_html
    from shinso.training import load

    refuse_folder(html)
    typer.echo(export_html(load(run), html or run / "network.html"))
