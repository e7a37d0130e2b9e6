"""Findings of a diagnosis as a terminal shows them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from shinso.cli._results import number, words
from shinso.diagnose import Diagnosis, Finding, RemedyTrial

COLOURS = {"bad": "red", "warning": "yellow", "good": "green"}
_WIDTH = 100


def findings(console: Console, diagnosis: Diagnosis) -> None:
    """Show every finding: what, the numbers that show it, what to change, what to expect."""
    width = min(console.width, _WIDTH)
    for finding in diagnosis.findings:
        title = Text.assemble(("● ", COLOURS[finding.severity]), (finding.code, f"bold {COLOURS[finding.severity]}"))
        console.print(title)
        table = Table.grid(padding=(0, 2))
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        table.add_row("why", Text(finding.cause))
        if finding.evidence:
            shown = ", ".join(f"{words(name)} {number(float(value))}" for name, value in finding.evidence.items())
            table.add_row("numbers", Text(shown))
        if finding.remedy:
            table.add_row("change", Text(options(finding.remedy), style="bold"))
        if finding.effect:
            table.add_row("then" if finding.remedy else "do", Text(finding.effect))
        console.print(Padding(table, (0, 0, 1, 2)), width=width, soft_wrap=False)
    for sentence in diagnosis.unknown:
        console.print(Text(sentence, "dim"), width=width, soft_wrap=False)


def in_one_line(console: Console, diagnosis: Diagnosis, folder: Path | None) -> None:
    """Show the first finding in one line, and where there is more."""
    first: Finding = diagnosis.first
    # A terminal breaks the line between words, a pipe gets it whole.
    sentence = Text.assemble((f"{first.code}: ", f"bold {COLOURS[first.severity]}"), first.cause)
    console.print(sentence, soft_wrap=not console.is_terminal)
    console.print(Text(f"more: shinso diagnose {folder}", "dim"))


def trial(console: Console, tried: RemedyTrial, remedy: Mapping[str, Any]) -> None:
    """Show what a remedy did."""
    told = f"{words(tried.column)} {number(tried.before)} → {number(tried.after)} after {tried.epochs} epochs"
    verdict = ("It helps: ", "bold green") if tried.helped else ("It does not help: ", "bold yellow")
    console.print(Text.assemble(("Tried ", ""), (options(remedy), "bold"), ". ", verdict, told + "."))


def options(remedy: Mapping[str, Any]) -> str:
    """Return settings as the options of `shinso train`."""
    return " ".join(
        f"--{name.replace('_', '-')} {_value(value)}" for name, value in remedy.items() if value is not None
    )


def _value(value: Any) -> str:
    if isinstance(value, tuple | list):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
