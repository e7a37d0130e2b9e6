"""The commands and their options. JAX is imported inside them, so that help is instant."""

import os
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shinso._version import __version__
from shinso.cli._shell import INTERRUPTED, Shell

if TYPE_CHECKING:
    from rich.console import Console

    from shinso.training import Run

_NOT_SETTINGS = {"config", "out", "quiet", "checkpoint_seconds"}
_EXIT_CODES = {"interrupted": INTERRUPTED, "not_finite": 1}

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
data_app = typer.Typer(help="Fetch data sets, and see where they are kept.", no_args_is_help=True)
app.add_typer(data_app, name="data")


def main() -> None:
    """Run the command line."""
    app(prog_name="shinso")


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


DATA, NETWORK, COST, TRAINING, OUTPUT = "Data", "Network", "Cost", "Training", "Input and output"
BY_DATA = "by the data"


def _option(
    panel: str, text: str, default: str | bool = True, name: str | None = None, metavar: str | None = None
) -> Any:
    names = () if name is None else (name,)
    return typer.Option(*names, help=text, show_default=default, rich_help_panel=panel, metavar=metavar)


RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.", show_default=False)]
Quiet = Annotated[bool, _option(OUTPUT, "Print nothing but errors.", name="--quiet")]
DataDir = Annotated[
    str | None, _option(DATA, "Folder with MNIST's IDX files.", "$SHINSO_DATA, then the user's cache", metavar="DIR")
]
CheckpointSeconds = Annotated[
    float, typer.Option(help="Seconds between two checkpoints.", rich_help_panel=OUTPUT, metavar="SECONDS")
]
Out = Annotated[Path | None, _option(OUTPUT, "Write a CSV file.", "a table on standard output", metavar="FILE")]


@app.command(
    epilog="Examples:  shinso train digits  |  shinso train mnist --network mlp --hidden 100,30 --epochs 10  |  "
    "shinso train iris.csv --target species --l2 0.001  |  shinso train --config runs/digits-1/settings.toml --seed 1",
)
def train(
    context: typer.Context,
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="SOURCE",
            help="[bold]digits[/], [bold]mnist[/], or a CSV, TSV, Parquet or NPZ file.",
            show_default=False,
        ),
    ] = None,
    target: Annotated[str | None, _option(DATA, "Column to predict.", False, metavar="COLUMN")] = None,
    kind: Annotated[
        str | None,
        _option(DATA, "classification, regression, multilabel or count.", "by the target column", metavar="KIND"),
    ] = None,
    validation_fraction: Annotated[
        float | None,
        _option(DATA, "Share of the examples kept for validation.", "0.1; MNIST's last 10,000", metavar="SHARE"),
    ] = None,
    test_fraction: Annotated[
        float | None,
        _option(DATA, "Share of the examples kept for the test.", "0.25; MNIST has its own", metavar="SHARE"),
    ] = None,
    standardize: Annotated[
        bool | None,
        _option(
            DATA,
            "Scale inputs to mean 0, variance 1.",
            "tables yes, images no",
            name="--standardize/--no-standardize",
        ),
    ] = None,
    data_dir: DataDir = None,
    network: Annotated[
        str | None,
        _option(
            NETWORK,
            "linear, basis_model, mlp, cnn, book, lenet5, resnet or alexnet.",
            "cnn for images, mlp for tables",
            metavar="NAME",
        ),
    ] = None,
    hidden: Annotated[
        str | None, _option(NETWORK, "Units of the hidden layers, such as 100,30.", BY_DATA, metavar="SIZES")
    ] = None,
    channels: Annotated[
        str | None, _option(NETWORK, "Channels of the convolutions, such as 20,40.", BY_DATA, metavar="SIZES")
    ] = None,
    kernel_size: Annotated[int | None, _option(NETWORK, "Side of the convolutions' kernels.", "3")] = None,
    padding: Annotated[
        str | None, _option(NETWORK, "Padding of the convolutions: same or valid.", "same", metavar="NAME")
    ] = None,
    pool: Annotated[str | None, _option(NETWORK, "Pooling: max, mean or l2.", "max", metavar="NAME")] = None,
    basis: Annotated[
        str | None,
        _option(NETWORK, "Functions of a basis_model: polynomial, gaussian or sigmoid.", "polynomial", metavar="NAME"),
    ] = None,
    basis_size: Annotated[
        int | None, _option(NETWORK, "Their number: degree, centres, or sigmoids of each input.", "3, 20, 20")
    ] = None,
    configuration: Annotated[
        str | None,
        _option(NETWORK, "Which of the book's networks.", "conv-conv-fc1000-fc1000-relu-dropout", metavar="NAME"),
    ] = None,
    depth: Annotated[
        int | None, _option(NETWORK, "Layers of a resnet: 18, 34, 50; for small images 8, 14, 20, ….", "18; 20")
    ] = None,
    activation: Annotated[
        str | None,
        _option(
            NETWORK,
            "Activation of hidden units, such as relu, tanh, gelu.",
            "gelu in an mlp, else relu",
            metavar="NAME",
        ),
    ] = None,
    normalization: Annotated[
        str | None, _option(NETWORK, "Normalize what hidden units take: batch or layer.", "none", metavar="NAME")
    ] = None,
    initialization: Annotated[
        str | None,
        _option(
            NETWORK,
            "Distribution of the first weights, such as glorot_uniform.",
            "he_normal for rectifiers, else glorot_uniform",
            metavar="NAME",
        ),
    ] = None,
    dropout: Annotated[
        float | None, _option(NETWORK, "Probability of dropping a hidden unit.", BY_DATA, metavar="RATE")
    ] = None,
    drop_connect: Annotated[
        float | None, _option(NETWORK, "Probability of dropping a weight of a dense layer.", "0", metavar="RATE")
    ] = None,
    gaussian_noise: Annotated[
        float | None, _option(NETWORK, "Deviation s of a factor N(1, s²) on hidden units.", "0", metavar="S")
    ] = None,
    augmentation: Annotated[
        str | None,
        _option(TRAINING, "Move every training image anew: shift or distortion.", "none", metavar="NAME"),
    ] = None,
    likelihood: Annotated[
        str | None,
        _option(
            COST,
            "gaussian, bernoulli, categorical, poisson, sigmoid_quadratic or sigmoid_cross_entropy.",
            "by the kind",
            metavar="NAME",
        ),
    ] = None,
    l2: Annotated[float | None, _option(COST, "λ of the penalty ½λΣw².", BY_DATA, name="--l2", metavar="λ")] = None,
    l1: Annotated[float | None, _option(COST, "λ of the penalty λΣ|w|.", "0", name="--l1", metavar="λ")] = None,
    optimizer: Annotated[
        str | None,
        _option(
            TRAINING,
            "sgd, momentum, nesterov, adagrad, adadelta, rmsprop, rmsprop_momentum, adam, adamw, kfac; on the full batch "
            "lbfgs, bfgs, newton, levenberg_marquardt, hessian_free, among others.",
            "adam",
            metavar="NAME",
        ),
    ] = None,
    learning_rate: Annotated[
        float | None, _option(TRAINING, "Step size.", "the optimizer's; by the data for adam", metavar="RATE")
    ] = None,
    schedule: Annotated[
        str | None,
        _option(
            TRAINING, "Course of the learning rate: constant, linear, cosine or one_cycle.", BY_DATA, metavar="NAME"
        ),
    ] = None,
    momentum: Annotated[
        float | None, _option(TRAINING, "Share of its velocity that momentum keeps.", "the optimizer's", metavar="α")
    ] = None,
    clip_norm: Annotated[
        float | None, _option(TRAINING, "Shorten longer gradients to this norm.", False, metavar="NORM")
    ] = None,
    max_norm: Annotated[
        float | None, _option(TRAINING, "Largest norm of a unit's incoming weights.", False, metavar="NORM")
    ] = None,
    averaging: Annotated[
        str | None,
        _option(TRAINING, "Average the parameters too: polyak or exponential.", "none", metavar="NAME"),
    ] = None,
    epochs: Annotated[int | None, _option(TRAINING, "Passes over the training examples.", BY_DATA)] = None,
    batch_size: Annotated[int | None, _option(TRAINING, "Examples per step.", BY_DATA)] = None,
    shuffle: Annotated[
        str | None, _option(TRAINING, "Shuffle every_epoch, once or none.", "every_epoch", metavar="WHEN")
    ] = None,
    patience: Annotated[
        int | None,
        _option(TRAINING, "Stop after so many epochs without a better validation loss; 0: never.", BY_DATA),
    ] = None,
    seed: Annotated[int | None, _option(TRAINING, "Same seed, same bits.", "0")] = None,
    device: Annotated[
        str | None, _option(TRAINING, "cpu, gpu or tpu; gpu:1 for the second.", "the fastest there is", metavar="NAME")
    ] = None,
    config: Annotated[
        Path | None,
        _option(OUTPUT, "TOML file of settings; options given here come first.", False, metavar="FILE"),
    ] = None,
    out: Annotated[Path | None, _option(OUTPUT, "Run folder to make.", "runs/SOURCE-1, -2, …", metavar="DIR")] = None,
    checkpoint_seconds: CheckpointSeconds = 30.0,
    quiet: Quiet = False,
) -> None:
    """Train a network and leave a run folder: model, history, settings and report.

    What is not given is chosen by the data. The folder's [bold]settings.toml[/] is what [bold]--config[/] reads; the
    same settings and seed give the same bits. Ctrl-C ends training and keeps the work, which can be resumed.
    """
    from shinso.experiment import Settings, read_settings, run_experiment

    given = {name: value for name, value in context.params.items() if value is not None and name not in _NOT_SETTINGS}
    for name in {"hidden", "channels"} & given.keys():
        given[name] = _sizes(name, given[name])
    settings = Settings.from_dict({**(read_settings(config) if config is not None else {}), **given})
    _train(
        lambda progress: run_experiment(settings, folder=out, progress=progress, checkpoint_seconds=checkpoint_seconds),
        quiet=quiet,
    )


def _sizes(argument: str, text: str) -> tuple[int, ...]:
    try:
        return tuple(int(size) for size in text.split(",") if text.strip())
    except ValueError:
        raise ValueError(
            f"{argument} must be whole numbers separated by commas, such as 100,30; got {text!r}."
        ) from None


@app.command()
def resume(
    run: RunFolder,
    epochs: Annotated[
        int | None, _option(TRAINING, "Epochs in all, those already done included.", "as first asked")
    ] = None,
    data_dir: DataDir = None,
    checkpoint_seconds: CheckpointSeconds = 30.0,
    quiet: Quiet = False,
) -> None:
    """Continue training that was cut short, from its last checkpoint: the same bits as if it had never stopped."""
    from shinso.experiment import resume_run

    _train(
        lambda progress: resume_run(
            run, epochs=epochs, data_dir=data_dir, progress=progress, checkpoint_seconds=checkpoint_seconds
        ),
        quiet=quiet,
    )


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
    from shinso.training import load_run

    measured = evaluate_run(run, source, data_dir=data_dir)
    evaluations(_console(), {"test" if source is None else Path(source).name: measured}, load_run(run).data)


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
        bool, _option(OUTPUT, "Say how sure it is, by the posterior that shinso posterior RUN made.", name="--std")
    ] = False,
    out: Out = None,
) -> None:
    """Predict: the class and its probability, or the number in the target's own units.

    With [bold]--std[/] numbers come with their standard deviation; classes with that of their probability, which is
    ignorance of the weights, and with the entropy of all probabilities in nats, which is 0 for certainty.
    """
    from shinso.cli._results import predictions

    _refuse_folder(out)
    if std:
        from shinso.bayes import predict_run_with_spread as predict_run
    else:
        from shinso.experiment import predict_run
    predicted = predict_run(run, inputs)
    if out is None:
        predictions(_console(), predicted)
    else:
        predicted.to_csv(out)


@app.command()
def show(run: RunFolder) -> None:
    """Show a run's results, its settings and its network: layers, output shapes, parameters, multiply-adds."""
    from shinso.cli._results import overview
    from shinso.experiment import read_experiment
    from shinso.training import load_run

    loaded = load_run(run)
    overview(
        _console(), loaded, loaded.settings if loaded.data.get("encoder") is None else read_experiment(run).to_dict()
    )


@app.command()
def report(
    run: RunFolder,
    out: Annotated[Path | None, _option(OUTPUT, "File to write.", "RUN/report.html", metavar="FILE")] = None,
) -> None:
    """Write a run's report: one HTML file with curves, confusions, worst mistakes, settings and timings."""
    from shinso.report import write
    from shinso.training import load_run

    _refuse_folder(out)
    path = out or run / "report.html"
    write(load_run(run), path)
    typer.echo(path)


@data_app.command()
def fetch(
    name: Annotated[str, typer.Argument(metavar="NAME", help="[bold]mnist[/].", show_default=False)],
    data_dir: Annotated[
        Path | None, _option(OUTPUT, "Folder to keep it in.", "the user's cache", metavar="DIR")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Download a data set, check it against its published SHA-256 and keep it."""
    from shinso._checks import one_of
    from shinso.cli._download import DownloadBar
    from shinso.data import fetch_mnist

    one_of("name", name, ("mnist",))
    with DownloadBar(_console(error=True)) as bar:
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


def _train(work: "Callable[[Any], Run]", *, quiet: bool) -> None:
    """Train with a progress bar, write the report, say what came out; exit code 130 after Ctrl-C, 1 if it diverged."""
    from shinso.cli._results import summary
    from shinso.report import write
    from shinso.training import ProgressBar

    errors = _console(error=True)
    with nullcontext(False) if quiet else ProgressBar(errors) as progress:
        run = work(progress)
    page = (run.folder or Path()) / "report.html"
    write(run, page)
    if not quiet:
        summary(_console(), run, page)
    if run.stop.reason in _EXIT_CODES:
        raise typer.Exit(_EXIT_CODES[run.stop.reason])


def _refuse_folder(out: Path | None) -> None:
    """Raise early where a file cannot be written."""
    if out is not None and out.is_dir():
        raise IsADirectoryError(f"{out} is a folder; name a file to write.")
    if out is not None and not out.parent.is_dir():
        raise FileNotFoundError(f"{out} cannot be written: there is no folder {out.parent}.")


def _console(*, error: bool = False) -> "Console":
    """Return a console; in continuous integration it is never taken for a terminal that redraws lines."""
    from rich.console import Console

    # What people call their classes and files is no markup.
    terminal = False if os.environ.get("CI") else None
    return Console(stderr=error, highlight=False, markup=False, emoji=False, soft_wrap=True, force_terminal=terminal)
