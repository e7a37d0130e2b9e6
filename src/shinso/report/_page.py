"""The page: a run as one self-contained HTML file."""

import math
import os
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from shinso._manifest import write_file
from shinso._version import __version__
from shinso.diagnose import Diagnosis, diagnose
from shinso.report import _tables
from shinso.report._classification import classification
from shinso.report._facts import facts
from shinso.report._findings import findings
from shinso.report._headline import Headline, ending, headline
from shinso.report._history import best_row, epochs
from shinso.report._learning import learning
from shinso.report._predictions import predictions
from shinso.report._probes import probe_figures
from shinso.report._rebuilding import rebuilding
from shinso.report._scores import score_table
from shinso.report._words import count, percent, seconds, shortened
from shinso.training import Ensemble, Run


def render(run: Run | Ensemble, diagnosis: Diagnosis | None = None) -> str:
    """Return the report of `run` as one HTML document that loads nothing and runs no script.

    It shows what was found to be wrong (`diagnosis`, made unless it is given), what was trained on what, the score with its
    95 % interval, how the run ended, learning curves, mistakes or residuals, data, model, settings, times, and how to get
    the same run again. Names that come from data are escaped.
    """
    shown = run.summary() if isinstance(run, Ensemble) else run
    found = diagnosis or diagnose(run)
    return _environment().get_template("page.html").render(_context(shown, found))


def write(run: Run | Ensemble, path: str | os.PathLike[str], diagnosis: Diagnosis | None = None) -> Path:
    """Write `render(run, diagnosis)` to `path` and return it; a page that is there already stays whole until then.

    Raises:
        OSError: the page cannot be written.
    """
    path = Path(path)
    write_file(path, render(run, diagnosis).encode(errors="replace"))
    return path


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("shinso.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": percent,
        "count": count,
        "shortened": shortened,
        "width": lambda value: 0 if math.isnan(value) else round(value, 1),
    }
    return environment


def _context(run: Run, diagnosis: Diagnosis) -> dict[str, Any]:
    """Return everything that the template names."""
    best = headline(run)
    name = str(run.data.get("name") or "arrays")
    network = _tables.network_name(run)
    layers, together = _tables.layers(run)
    return {
        "version": __version__,
        "title": f"{name}: {best.value if best else network} – shinso",
        "heading": f"{network[0].upper()}{network[1:]}, trained on {name}",
        "headline": best,
        "figures": _figures(run, best, together.parameters),
        "ending": ending(run, diagnosis),
        "findings": findings(diagnosis),
        "unknown": diagnosis.unknown,
        "facts": facts(run),
        **learning(run),
        "probes": probe_figures(run),
        **score_table(run),
        "classification": best and classification(best.of, run.evaluations[best.of], run.data.get("classes")),
        "predictions": best and predictions(run, best.of, run.evaluations[best.of]),
        "rebuilt": best and rebuilding(run.evaluations[best.of]),
        "data": _tables.data_rows(run),
        "table": _tables.column_rows(run),
        "layers": layers,
        "together": together,
        "settings": _tables.flat(run.settings),
        "timing": _tables.timing_rows(run),
        "environment": _tables.environment_rows(run),
        "command": "shinso train --config settings.toml" if run.settings.get("source") else None,
    }


def _figures(run: Run, best: Headline | None, parameters: str) -> list[tuple[str, str]]:
    """Return the few numbers at the head of the page."""
    shown = [(best.value, best.label)] if best else []
    row = best_row(run)
    noun = "epoch" if run.stop.epoch == 1 else "epochs"
    shown.append((count(run.stop.epoch), noun if row is None else f"{noun}; the best was {epochs(run)[row]:g}"))
    shown.append((seconds(run.timing.train_seconds), f"training, and {seconds(run.timing.compile_seconds)} compiling"))
    if parameters:
        shown.append((parameters, "parameters"))
    return shown
