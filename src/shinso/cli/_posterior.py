"""`shinso posterior`: what may be asked, and what a person is shown."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from shinso.cli._app import DataDir, Quiet, RunFolder, app, console
from shinso.cli._options import option

POSTERIOR = "Posterior"
FIGURES = {
    "negative_log_likelihood": "negative log-likelihood",
    "accuracy": "accuracy",
    "expected_calibration_error": "expected calibration error",
    "brier_score": "Brier score",
    "root_mean_squared_error": "RMSE",
    "coverage": "share in 90 % intervals",
}


@app.command(
    epilog="Examples:  shinso posterior runs/digits-1  |  shinso posterior runs/iris-1 --subset all --structure full  |  "
    "then: shinso predict runs/iris-1 new.csv --std",
)
def posterior(
    run: RunFolder,
    subset: Annotated[
        str,
        option(
            POSTERIOR,
            "Parameters it is of, the others held fixed: last_layer, all, or patterns such as layers.2.*,layers.4.*.",
            metavar="NAME",
        ),
    ] = "last_layer",
    structure: Annotated[
        str,
        option(
            POSTERIOR,
            "full: all correlations, to about 16,000 parameters; kronecker: those within layers, any size; low_rank: some "
            "directions; diagonal: none.",
            metavar="NAME",
        ),
    ] = "kronecker",
    fit_priors: Annotated[
        bool,
        option(
            POSTERIOR,
            "Choose prior precisions and noise by the evidence and the validation examples, or keep those of the run's "
            "penalties.",
            name="--fit-priors/--keep-priors",
        ),
    ] = True,
    prior_precision: Annotated[
        float | None,
        option(POSTERIOR, "α of all parameters, with --keep-priors.", "Nλ of the penalties, 1 without", metavar="α"),
    ] = None,
    data_dir: DataDir = None,
    quiet: Quiet = False,
) -> None:
    """Say how sure a trained network is: a Gaussian around its parameters, from the curvature of its cost.

    It makes probabilities honest and puts an error bar on every prediction, without training again; the evidence
    compares networks without held-out data. The run's training data are read again; the posterior is kept in the run
    folder, where [bold]shinso predict --std[/] finds it.
    """
    from shinso.bayes import posterior_of_run
    from shinso.report import reliability_figure, renew, save_figure

    patterns = subset if subset in ("all", "last_layer") else [one.strip() for one in subset.split(",")]
    found = posterior_of_run(
        run,
        subset=patterns,
        structure=structure,
        priors="evidence" if fit_priors else "penalties",
        prior_precision=prior_precision,
        data_dir=data_dir,
    )
    name = next((name for name in ("test", "validation") if name in found.after), None)
    pair = {} if name is None else {"network": found.before[name], "posterior": found.after[name]}
    bins = {who: one.reliability for who, one in pair.items() if one.reliability is not None}
    if bins:
        save_figure(reliability_figure(bins), run / "reliability.svg")
        renew(run)
    if not quiet:
        show_posterior(console(), found, run)


def show_posterior(console: Console, found: Any, run: Path) -> None:
    """Show the posterior's size, evidence and precisions, and what it changes on held-out examples."""
    made = found.posterior
    table = _grid()
    size = made.network.size
    table.add_row("posterior", f"{made.structure}, of {size:,} parameters: {', '.join(made.paths)}")
    table.add_row("log evidence", Text(f"{found.log_evidence:.6g}", style="bold"))
    table.add_row("determined by the data", f"{made.effective_parameters:.4g} of {size:,} parameters")
    for name, precision in made.prior_precisions.items():
        table.add_row("prior precision", f"{precision:.4g} of {name}")
    if found.scale != 1:
        table.add_row("", f"{found.scale:.4g} times what the evidence chose: validation examples are then likeliest")
    for name, deviation in found.noise.items():
        table.add_row("noise", f"standard deviation {deviation:.4g} of {name}")
    console.print(table)
    for name in found.after:
        console.print(_comparison(name, found.before[name], found.after[name]))
    if found.worse is not None:
        console.print(
            f"On the {found.worse} examples the network alone has the lower negative log-likelihood. --keep-priors with a "
            "larger --prior-precision makes the posterior narrower."
        )
    table = _grid()
    table.add_row("kept in", Text(str(found.path), style="bold"))
    if (run / "reliability.svg").exists():
        table.add_row("picture", str(run / "reliability.svg"))
    console.print(table)
    console.print("predict with  ", Text(f"shinso predict {run} FILE --std", style="bold"), sep="")


def _comparison(name: str, before: Any, after: Any) -> Table:
    """Return the figures of the network alone and with its posterior, side by side."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(f"{name} ({after.n:,} examples)")
    table.add_column("network alone", justify="right")
    table.add_column("with posterior", justify="right")
    for title, values in _rows(before, after):
        table.add_row(title, *(f"{value:.4g}" for value in values))
    return table


def _rows(before: Any, after: Any) -> Iterator[tuple[str, tuple[float, float]]]:
    for figure, title in FIGURES.items():
        values = getattr(before, figure), getattr(after, figure)
        if None not in values:
            yield title, values


def _grid() -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    return table
