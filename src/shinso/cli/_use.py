"""What is done with a run: evaluate, predict, show, report."""

from pathlib import Path
from typing import Annotated

import typer

from shinso.cli._app import OUTPUT, DataDir, Out, RunFolder, app, console, refuse_folder
from shinso.cli._options import option


@app.command()
def evaluate(
    run: RunFolder,
    source: Annotated[
        str | None,
        typer.Argument(metavar="SOURCE", help="A file with targets.", show_default="the run's own test examples"),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Measure a run on its own test examples, or on a file with the same columns."""
    from shinso.cli._results import evaluations
    from shinso.experiment import evaluate_run
    from shinso.training import read_overview

    measured = evaluate_run(run, source, data_dir=data_dir)
    evaluations(console(), {"test" if source is None else Path(source).name: measured}, read_overview(run).data)


@app.command(
    epilog="Examples:  shinso predict runs/iris-1 new.csv --out predicted.csv  |  shinso predict runs/digits-1 *.png  |  "
    "shinso predict runs/iris-1 new.csv --std"
)
def predict(
    run: RunFolder,
    inputs: Annotated[
        list[Path],
        typer.Argument(
            metavar="INPUT...",
            help="A CSV, TSV, Parquet or NPZ file, or PNG and JPEG images.",
            show_default=False,
        ),
    ],
    std: Annotated[
        bool, option(OUTPUT, "Say how sure it is, by the posterior that shinso posterior RUN made.", name="--std")
    ] = False,
    out: Out = None,
) -> None:
    """Predict: the class and its probability, or the number in the target's own units.

    With [bold]--std[/] numbers come with their standard deviation; classes with that of their probability, which is
    ignorance of the weights, and with the entropy of all probabilities in nats, which is 0 for certainty.
    """
    from shinso.cli._results import predictions

    refuse_folder(out)
    if std:
        from shinso.bayes import predict_run_with_standard_deviations as predict_run
    else:
        from shinso.experiment import predict_run
    predicted = predict_run(run, inputs)
    if out is None:
        predictions(console(), predicted)
    else:
        predicted.to_csv(out)


@app.command()
def show(run: RunFolder) -> None:
    """Show a run's results, its settings and its network: layers, output shapes, parameters, multiply-adds."""
    from shinso.cli._results import overview
    from shinso.experiment import read_experiment
    from shinso.training import read_overview

    found = read_overview(run)
    overview(console(), found, found.settings if found.data.get("encoder") is None else read_experiment(run).to_dict())


@app.command()
def report(
    run: RunFolder,
    out: Annotated[Path | None, option(OUTPUT, "File to write.", "RUN/report.html", metavar="FILE")] = None,
) -> None:
    """Write a run's report: one HTML file with curves, confusions, worst mistakes, settings and timings."""
    from shinso.report import write
    from shinso.training import load

    refuse_folder(out)
    path = out or run / "report.html"
    write(load(run), path)
    typer.echo(path)
