"""`shinso studio`."""

from pathlib import Path
from typing import Annotated

import typer

from shinso.cli._app import app, saying
from shinso.cli._options import option

_PANEL = "Studio"


@app.command(epilog="Examples:  shinso studio --demo  |  shinso studio runs/digits-1 --port 8080")
def studio(
    run: Annotated[
        Path | None, typer.Argument(metavar="[RUN]", help="A run folder to show first.", show_default=False)
    ] = None,
    host: Annotated[
        str, option(_PANEL, "Address to listen on; others than this machine's own ask for a token.", metavar="ADDRESS")
    ] = "127.0.0.1",
    port: Annotated[int, option(_PANEL, "Port; one in use is passed over for the next.", metavar="PORT")] = 8000,
    demo: Annotated[
        bool, option(_PANEL, "Train a network on the embedded digits if there is none to draw for.", name="--demo")
    ] = False,
    minutes: Annotated[
        float, option(_PANEL, "A training is stopped after so many; it can go on.", metavar="MINUTES")
    ] = 60.0,
    memory: Annotated[float, option(_PANEL, "GiB of memory that a training may take.", metavar="GIB")] = 8.0,
) -> None:
    """Open the studio in a browser: draw a digit, train and watch, explore how networks learn and what they compute.

    Runs are in [bold]runs[/], data below the present folder. Everything runs on this machine. Needs the extra
    [bold]studio[/]: pip install 'shinso[studio]'.
    """
    from shinso.studio import NEEDS_EXTRA, serve

    with saying(NEEDS_EXTRA):
        serve(run, host=host, port=port, demo=demo, minutes=minutes, memory=memory, told=typer.echo)
