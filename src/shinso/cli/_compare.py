"""`shinso compare`: runs side by side."""

import json as plain_json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from shinso.cli._app import OUTPUT, DataDir, app, console, refuse_folder
from shinso.cli._options import option

if TYPE_CHECKING:
    from rich.console import Console

    from shinso.experiment import RunComparison

Runs = Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders, two or more.", show_default=False)]


@app.command(
    epilog="Examples:  shinso compare runs/digits-1 runs/digits-2  |  shinso compare runs/iris-* --out iris.html"
)
def compare(
    runs: Runs,
    json: Annotated[bool, option(OUTPUT, "Print the comparison as JSON.", name="--json")] = False,
    out: Annotated[Path | None, option(OUTPUT, "Write an HTML page.", "none", metavar="FILE")] = None,
    data_dir: DataDir = None,
) -> None:
    """Show runs side by side: scores, settings that differ, and by how much each is better than the first.

    Differences are taken on the same test rows, with the interval of paired resamples; where two runs were tested on
    different rows, there is none, and it is said why.
    """
    from shinso.experiment import compare_runs
    from shinso.report import write_comparison

    refuse_folder(out)
    found = compare_runs(runs, data_dir=data_dir)
    if out is not None:
        write_comparison(found, out)
    if json:
        typer.echo(plain_json.dumps(found.to_dict(), default=str))
    else:
        show_comparison(console(), found)
        if out is not None:
            console().print(f"written to {out}")


def show_comparison(console: "Console", found: "RunComparison") -> None:
    """Show scores, settings that differ, and a sentence for each run but the first."""
    from shinso.cli._results import number, score, words
    from shinso.report import verdict

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("run", "score", "loss", "epochs"):
        table.add_column(name, justify="right" if name in ("loss", "epochs") else "left", overflow="fold")
    for run in found.runs:
        judged = run.evaluation
        told = "not evaluated" if judged is None else f"{run.of} {words(judged.score_name)} {score(judged)}"
        table.add_row(Text(run.name, "bold"), told, "" if judged is None else number(judged.loss), f"{run.epochs:,}")
    console.print(table)
    if found.settings:
        settings = Table(box=None, pad_edge=False, header_style="bold")
        settings.add_column("setting")
        for run in found.runs:
            settings.add_column(run.name, overflow="fold")
        for name, values in found.settings.items():
            settings.add_row(name, *("–" if one is None else str(one) for one in values))
        console.print(settings)
    else:
        console.print("The settings are the same.")
    for run in found.runs[1:]:
        console.print(Text(verdict(found, run).replace("\N{NO-BREAK SPACE}", " ")))
