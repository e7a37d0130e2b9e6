"""`shinso tune`: what may be asked, and what a person is shown."""

import math
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from shinso._interrupt import INTERRUPTED
from shinso.cli._app import OUTPUT, Quiet, app, console
from shinso.cli._options import given, option, with_settings
from shinso.cli._train import TRIALS
from shinso.settings import read_settings

SEARCH = "Search"
SHOWN = 5


@app.command(
    epilog="Examples:  shinso tune digits  |  shinso tune iris.csv --target species --seconds 60  |  "
    "shinso tune digits --strategy bayes --search learning_rate=1e-4:1e-2 --search hidden=64/128/128,64  |  "
    "shinso tune digits --out runs/digits-tuning-1 --resume --seconds 300",
)
@with_settings(source=..., but=("seed", "strategy", "members"))
def tune(
    config: Annotated[
        Path | None, option(OUTPUT, "TOML file of settings that stay as they are.", False, metavar="FILE")
    ] = None,
    strategy: Annotated[
        str,
        option(
            SEARCH,
            "broad: a small network on little data first, then one setting after the other; random; halving: many short "
            "trainings, the best third longer; bayes: where a Gaussian process expects an improvement.",
            metavar="NAME",
        ),
    ] = "broad",
    search: Annotated[
        list[str] | None,
        option(
            SEARCH,
            "What to search, instead of the usual; may be repeated: learning_rate=LOW:HIGH or hidden=100/300/100,100.",
            "rate, λ, mini-batch, hidden units, activation, dropout",
            metavar="NAME=VALUES",
        ),
    ] = None,
    seconds: Annotated[
        float | None, option(SEARCH, "Time for all of it, compilation included.", "120", metavar="SECONDS")
    ] = None,
    trials: Annotated[int | None, option(SEARCH, "Most trials; then the time is open.", False)] = None,
    folds: Annotated[
        int | None,
        option(
            SEARCH,
            "Choose by k-fold cross-validation; 1: by the validation examples.",
            "5 below 1,000 examples, 2 below 5,000",
        ),
    ] = None,
    side_by_side: Annotated[
        int | None, option(SEARCH, "Trainings at a time, and seeds of the comparison.", "8; 4 for images")
    ] = None,
    seed: Annotated[int, option(SEARCH, "Of the search.")] = 0,
    out: Annotated[
        Path | None, option(OUTPUT, "Folder of the search.", "runs/SOURCE-tuning-1, -2, …", metavar="DIR")
    ] = None,
    resume: Annotated[
        bool, option(OUTPUT, "Go on with the search in --out; the budget counts from its beginning.", name="--resume")
    ] = False,
    quiet: Quiet = False,
    **settings: Any,
) -> None:
    """Search for settings that beat the defaults, and say by how much more than noise.

    Trials never see the test examples; winner and defaults are compared on them at the end, trained with the same seeds.
    The folder's [bold]settings.toml[/] trains the winner. Ctrl-C ends the search and keeps its trials.
    """
    from shinso.experiment import next_folder
    from shinso.report import save_figure, tuning_figure
    from shinso.tuning import tune as search_settings

    fixed = (read_settings(config) if config is not None else {}) | given(settings)
    source = settings["source"]
    fixed.pop("source", None)
    errors = console(error=True)
    tuning = search_settings(
        source,
        settings=fixed,
        strategy=strategy,
        space=None if not search else dict(map(_dimension, search)),
        trials=trials,
        seconds=seconds,
        folds=folds,
        side_by_side=side_by_side,
        seed=seed,
        folder=out or next_folder(source, "-tuning"),
        resume=resume,
        progress=None if quiet else lambda event: _tell(errors, event),
    )
    if tuning.folder is not None and any(math.isfinite(trial.loss) for trial in tuning.whole):
        save_figure(tuning_figure(tuning), tuning.folder / TRIALS)
    if not quiet:
        show_tuning(console(), tuning)
    if tuning.interrupted:
        raise typer.Exit(INTERRUPTED)


def _dimension(text: str) -> tuple[str, Any]:
    """Return name and values of `NAME=LOW:HIGH` or `NAME=A/B/C`."""
    name, equals, values = text.partition("=")
    if not equals or not values:
        raise ValueError(f"search must be NAME=LOW:HIGH or NAME=A/B/C; got {text!r}.")
    name = name.strip().replace("-", "_")
    if ":" in values:
        low, _, high = values.partition(":")
        return name, (_value(low), _value(high))
    return name, [_value(value) for value in values.split("/")]


def _value(text: str) -> Any:
    """Return a number, a tuple of whole numbers (`100,50`), or the text itself."""
    if "," in text:
        return tuple(_value(part) for part in text.split(",") if part.strip())
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text.strip()


def _tell(console: Console, event: Any) -> None:
    """Say where the search stands: one line for each group of trials."""
    best = "" if event.best == float("inf") else f"  best loss {event.best:.4g}"
    defaults = "" if event.defaults == float("inf") else f" (defaults {event.defaults:.4g})"
    console.print(
        f"{event.seconds:6.1f} s  {event.share:4.0%}  {event.trials:4d} trials{best}{defaults}  {event.phase}",
        highlight=False,
    )


def show_tuning(console: Console, tuning: Any) -> None:
    """Show what was tried, what won, by how much more than noise, and the command that trains it."""
    console.print(_trials(tuning))
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    table.add_row("stopped", tuning.stop)
    if not tuning.changes:
        table.add_row("winner", Text("the defaults: nothing was better by more than noise", style="bold"))
    for name, value in tuning.changes.items():
        table.add_row(name.replace("_", " "), f"{_words(value)} (default {_words(getattr(tuning.defaults, name))})")
    comparison = tuning.comparison
    if comparison is not None:
        for what, margin in (("loss", comparison.loss), (tuning.score_name.replace("_", " "), comparison.score)):
            table.add_row(f"{comparison.on} {what}", Text(_margin(margin), style="bold"))
        table.add_row(
            "", f"means of {comparison.seeds} trainings each, {comparison.examples:,} examples, ± standard error"
        )
    elif tuning.changes:
        table.add_row("", "no time was left to compare it with the defaults on the test examples")
    for note in tuning.notes:
        table.add_row("data", note)
    console.print(table)
    console.print("train it with  ", Text(str(tuning.command), style="bold"), sep="")


def _margin(margin: Any) -> str:
    better = "better" if margin.gain >= 0 else "worse"
    sure = "" if abs(margin.gain) > 2 * margin.error else ", within noise"
    gain = f"{better} by {abs(margin.gain):.2g} ± {margin.error:.1g}{sure}"
    return f"{margin.winner:.4g}; defaults {margin.defaults:.4g}: {gain}"


def _trials(tuning: Any) -> Table:
    """Return the best whole trainings as a table, the defaults among them."""
    ranked = tuning.whole
    shown = ranked[:SHOWN] + [trial for trial in ranked[SHOWN:] if not trial.spec.changes]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("loss", "±", tuning.score_name.replace("_", " ")):
        table.add_column(name, justify="right")
    table.add_column("settings")
    for trial in shown:
        changed = ", ".join(f"{name} {_words(value)}" for name, value in trial.spec.changes.items())
        error = "" if trial.error != trial.error else f"{trial.error:.1g}"
        table.add_row(f"{trial.loss:.4g}", error, f"{trial.score:.4g}", changed or "defaults")
    return table


def _words(value: Any) -> str:
    return (
        ",".join(map(str, value))
        if isinstance(value, tuple)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )
