"""`shinso data …`: data sets that are fetched, and where they are kept."""

from pathlib import Path
from typing import Annotated

import typer

from shinso.cli._app import OUTPUT, DataDir, Quiet, app, console
from shinso.cli._options import option

data_app = typer.Typer(help="Fetch data sets, and see where they are kept.", no_args_is_help=True)
app.add_typer(data_app, name="data")


@data_app.command()
def fetch(
    name: Annotated[str, typer.Argument(metavar="NAME", help="[bold]mnist[/].", show_default=False)],
    data_dir: Annotated[Path | None, option(OUTPUT, "Folder to keep it in.", "the user's cache", metavar="DIR")] = None,
    quiet: Quiet = False,
) -> None:
    """Download a data set, check it against its published SHA-256 and keep it."""
    from shinso._checks import one_of
    from shinso.cli._download import DownloadBar
    from shinso.data import fetch_mnist

    one_of("name", name, ("mnist",))
    with DownloadBar(console(error=True)) as bar:
        folder = fetch_mnist(data_dir, progress=None if quiet else bar)
    if not quiet:
        typer.echo(folder)


@data_app.command()
def where(data_dir: DataDir = None) -> None:
    """Say where MNIST is looked for, in which order, and what is there."""
    from shinso.data import locate

    for place in locate(data_dir):
        found = "complete" if place.complete else f"{len(place.found)} of 4 files"
        typer.echo(f"{place.path}  ({place.why}: {found})")
