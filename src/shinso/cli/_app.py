"""The application, and what its commands share."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from shinso._interrupt import Interrupt
from shinso._version import __version__
from shinso.cli._options import option, setting_option
from shinso.cli._shell import Shell

if TYPE_CHECKING:
    from rich.console import Console

OUTPUT = "Input and output"

app = typer.Typer(
    cls=Shell,
    name="shinso",
    help="Train neural networks on arrays, tables and images, and see how sure they are and where they fail.",
    epilog="Start with: shinso train digits",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.", show_default=False)]
Quiet = Annotated[bool, option(OUTPUT, "Print nothing but errors.", name="--quiet")]
DataDir = Annotated[str | None, setting_option("data_dir")]
CheckpointSeconds = Annotated[
    float, typer.Option(help="Seconds between two checkpoints.", rich_help_panel=OUTPUT, metavar="SECONDS")
]
Config = Annotated[
    Path | None, option(OUTPUT, "TOML file of settings; options given here come first.", False, metavar="FILE")
]
Out = Annotated[Path | None, option(OUTPUT, "Write a CSV file.", "a table on standard output", metavar="FILE")]


def main() -> NoReturn:
    """Run the command line, and end the process."""
    with Interrupt(at_once=True):
        try:
            app(prog_name="shinso")
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 0
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except OSError:
            code = code or 1
        # Without Python's own end, in which signals are deadly and XLA's threads can crash; everything is written.
        os._exit(code)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"shinso {__version__}")
        raise typer.Exit


@app.callback()
def _top(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


def refuse_folder(out: Path | None) -> None:
    """Raise early where a file cannot be written."""
    if out is not None and out.is_dir():
        raise IsADirectoryError(f"{out} is a folder; name a file to write.")
    if out is not None and not out.parent.is_dir():
        raise FileNotFoundError(f"{out} cannot be written: there is no folder {out.parent}.")


def console(*, error: bool = False) -> "Console":
    """Return a console; in continuous integration it is never taken for a terminal that redraws lines."""
    from rich.console import Console

    # What people call their classes and files is no markup.
    terminal = False if os.environ.get("CI") else None
    return Console(stderr=error, highlight=False, markup=False, emoji=False, soft_wrap=True, force_terminal=terminal)


@contextmanager
def saying(sentence: str) -> Iterator[None]:
    """End with a sentence where an extra is not installed."""
    try:
        yield
    except ImportError as error:
        if str(error) != sentence:
            raise
        typer.echo(sentence, err=True)
        raise typer.Exit(2) from None
