"""Results as a terminal shows them."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from shinso import _words
from shinso.cli._wording import in_options
from shinso.training import Evaluation, Overview, general_notes, hardest_confusion

if TYPE_CHECKING:
    from shinso.diagnose import Diagnosis
    from shinso.experiment import Predictions
    from shinso.training import Run

SHOWN_PREDICTIONS = 1000
SHOWN_COLUMNS = 40
HOW_TO_CHANGE = (
    "--column NAME=KIND takes a column for another kind (number, count, category, boolean, date, text), --drop NAME leaves "
    "it out; in settings.toml column and drop."
)


STATES = {"bad": "red", "warning": "yellow", "good": ""}


def summary(console: Console, run: "Run", report: Path, diagnosis: "Diagnosis") -> None:
    """Say what training came to: score with its interval, worst confusion, baselines, time, where everything is."""
    from shinso.report import beside_baselines

    table = _grid()
    for name in ("test", "validation", "training"):
        if name in run.evaluations:
            _add_evaluation(table, name, run.evaluations[name], run.data)
            break
    if diagnosis.baselines is not None:
        table.add_row("beside others", _for_terminal(beside_baselines(diagnosis.baselines)))
    table.add_row("stopped", Text(run.stop.message, style=STATES[diagnosis.severity]))
    if run.stop.reason == "interrupted":
        table.add_row("go on with", f"shinso resume {run.folder}")
    timing = run.timing
    compiling = f", {_seconds(timing.compile_seconds)} compiling before" if timing.compile_seconds else ""
    table.add_row("time", f"{_seconds(timing.train_seconds)} training{compiling}")
    for note in general_notes(run.data):
        table.add_row("data", in_options(note))
    table.add_row("run", Text(str(run.folder), style="bold"))
    table.add_row("report", str(report))
    columns = run.data.get("columns") or []
    if columns:
        console.print(columns_table(columns[:SHOWN_COLUMNS]))
        if len(columns) > SHOWN_COLUMNS:
            console.print(f"… and {len(columns) - SHOWN_COLUMNS} more: shinso show {run.folder}, or the report")
        console.print(HOW_TO_CHANGE + "\n")
    console.print(table)


def columns_table(columns: Sequence[Mapping[str, Any]]) -> Table:
    """Return a table with a line for each column of a file: what it was taken for, its role, and why."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    names = ("name", "kind", "role", "missing", "values", "note")
    for name in names:
        table.add_column(name, justify="right" if name in ("missing", "values") else "left", overflow="fold")
    for column in columns:
        told = {**column, "note": in_options(str(column.get("note") or ""))}
        table.add_row(*("" if told.get(name) is None else str(told[name]) for name in names))
    return table


def evaluations(console: Console, named: Mapping[str, Evaluation], data: Mapping[str, Any]) -> None:
    """Show each evaluation with all its figures."""
    table = _grid()
    for name, evaluation in named.items():
        _add_evaluation(table, name, evaluation, data)
        figures = {"loss": evaluation.loss, **evaluation.metrics}
        table.add_row("", ", ".join(f"{words(key)} {number(value)}" for key, value in figures.items()))
    console.print(table)


def overview(console: Console, run: Overview, settings: Mapping[str, Any]) -> None:
    """Show a run: results, the network layer by layer, and settings."""
    data = run.data
    sizes = [f"{data[f'n_{part}']:,} {part}" for part in ("training", "validation", "test") if data.get(f"n_{part}")]
    console.print(Text(f"{data.get('name', 'arrays')}: {data.get('kind', '')}, {', '.join(sizes)} examples", "bold"))
    if run.evaluations:
        evaluations(console, run.evaluations, data)
    table = _grid()
    table.add_row("stopped", run.stop.message)
    for note in general_notes(data):
        table.add_row("data", in_options(note))
    console.print(table)
    if data.get("columns"):
        console.print(columns_table(data["columns"]))
        console.print(HOW_TO_CHANGE)
    if run.layers is not None:
        console.print(_layers(run.layers))
    table = _grid()
    for key, value in settings.items():
        table.add_row(words(key), ", ".join(map(str, value)) if isinstance(value, list) else str(value))
    console.print(table)


def predictions(console: Console, predicted: "Predictions") -> None:
    """Show predictions as a table; on a terminal, long ones are cut."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in predicted.columns:
        table.add_column(name, justify="left" if name in {"input", "class", "labels"} else "right")
    shown = predicted.rows[:SHOWN_PREDICTIONS] if console.is_terminal else predicted.rows
    for row in shown:
        table.add_row(*(f"{value:.6g}" if isinstance(value, float) else str(value) for value in row))
    console.print(table)
    if len(shown) < len(predicted.rows):
        console.print(f"… and {len(predicted.rows) - len(shown):,} more; --out FILE writes them all.")


def number(value: float) -> str:
    """Return a number as the report has it."""
    return _for_terminal(_words.number(value))


def words(name: str) -> str:
    """Return a field's name as words."""
    return _words.called(name)


def score(evaluation: Evaluation) -> str:
    """Return the score with its 95 % interval, rounded as in the report."""
    name, n = evaluation.score_name, evaluation.n
    if math.isnan(evaluation.score):
        return f"not defined (targets of {n:,} examples that hardly vary)"
    told = f"95 % interval {_words.interval(name, evaluation.interval, n)}"
    if name == "accuracy":
        told += f"; {round(evaluation.score * n):,} of {n:,} right"
    return _for_terminal(f"{_words.scored(name, evaluation.score, n)} ({told})")


def _seconds(duration: float) -> str:
    return _for_terminal(_words.seconds(duration))


def _for_terminal(text: str) -> str:
    """Return text with plain blanks, by which lines are searched and cut."""
    return text.replace(_words.SPACE, " ")


def _grid() -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    return table


def _add_evaluation(table: Table, name: str, evaluation: Evaluation, data: Mapping[str, Any]) -> None:
    table.add_row(f"{name} {words(evaluation.score_name)}", Text(score(evaluation), style="bold"))
    if "rmse" in evaluation.metrics:
        table.add_row(f"{name} RMSE", number(evaluation.metrics["rmse"]))
    hardest = hardest_confusion(evaluation, data.get("classes") or range(len(evaluation.confusion or ())))
    if hardest is not None:
        true, predicted, times, of = hardest
        # Of a text's characters one is a blank.
        true, predicted = (repr(name) if not str(name).strip() else name for name in (true, predicted))
        table.add_row("hurts most", f"{true} taken for {predicted}: {times:,} of {of:,}")


def _layers(rows: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", show_footer=True, footer_style="bold")
    table.add_column("layer", "in all")
    table.add_column("output shape", justify="right")
    for key in ("parameters", "multiply_adds"):
        table.add_column(key.replace("_", "-"), f"{sum(row[key] or 0 for row in rows):,}", justify="right")
    for row in rows:
        counts = [f"{row[key]:,}" if row[key] else "" for key in ("parameters", "multiply_adds")]
        table.add_row(row["layer"], " × ".join(map(str, row["output_shape"])), *counts)
    return table
