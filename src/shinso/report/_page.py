"""The page: a run as one self-contained HTML file."""

import os
from pathlib import Path
from typing import Any

from shinso._manifest import write_file
from shinso._version import __version__
from shinso._words import count, listing, seconds, shortened
from shinso.diagnose import Diagnosis, diagnose, stored_diagnosis
from shinso.report import _tables
from shinso.report._asked import asked
from shinso.report._baselines import compared
from shinso.report._classification import classification
from shinso.report._environment import environment
from shinso.report._facts import facts
from shinso.report._findings import findings
from shinso.report._headline import Headline, ending, headline
from shinso.report._learning import learning
from shinso.report._pictures import pictures
from shinso.report._predictions import predictions
from shinso.report._probes import probe_figures
from shinso.report._rebuilding import rebuilding
from shinso.report._scores import score_table
from shinso.training import Ensemble, Run, load

PAGE = "report.html"


def render(run: Run | Ensemble, diagnosis: Diagnosis | None = None) -> str:
    """Return the report of `run` as one HTML document that loads nothing and runs no script.

    It shows what was found to be wrong (`diagnosis`, made unless it is given), what was trained on what, the score with its
    95 % interval, how the run ended, learning curves, mistakes or residuals, data, model, settings, times, and how to get
    the same run again. Names that come from data are escaped.
    """
    shown = run.summary() if isinstance(run, Ensemble) else run
    found = diagnosis or stored_diagnosis(run.folder) or diagnose(run, baselines=True)
    return environment().get_template("page.html").render(_context(shown, found))


def write(run: Run | Ensemble, path: str | os.PathLike[str], diagnosis: Diagnosis | None = None) -> Path:
    """Return `path`, to which `render(run, diagnosis)` was written; a page there already stays whole until then.

    Raises:
        OSError: the page cannot be written.
    """
    path = Path(path)
    write_file(path, render(run, diagnosis).encode(errors="replace"))
    return path


def renew(folder: Path) -> None:
    """Write the page of a run folder again, with what has come into the folder since; nothing where there is no page.

    Raises:
        OSError: the page cannot be written.
        ValueError: the run is damaged.
    """
    if (folder / PAGE).is_file():
        write(load(folder), folder / PAGE)


def _context(run: Run, diagnosis: Diagnosis) -> dict[str, Any]:
    """Return everything that the template names."""
    best = headline(run)
    name = str(run.data.get("name") or "arrays")
    network = _tables.network_name(run)
    layers, together = _tables.layers(run)
    return {
        "version": __version__,
        "title": f"{name}: {best.value if best else network} – shinso",
        "heading": f"{network[0].upper()}{network[1:]}, trained on {name}{_predicting(run)}",
        "headline": best,
        "figures": _figures(run, best, together.parameters),
        "ending": ending(run, diagnosis),
        "findings": findings(diagnosis, run),
        **compared(diagnosis),
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
        "pictures": pictures(run.folder),
        "asked": asked(run),
        "timing": _tables.timing_rows(run),
        "environment": _tables.environment_rows(run),
    }


def _predicting(run: Run) -> str:
    """Return what is predicted, where the data say it."""
    names = [shortened(str(name), 40) for name in run.data.get("target_names") or ()]
    return f" to predict {listing(names, most=4)}" if names else ""


def _figures(run: Run, best: Headline | None, parameters: str) -> list[tuple[str, str]]:
    """Return the few numbers at the head of the page."""
    shown = [(best.value, best.label)] if best else []
    noun = "epoch" if run.stop.epoch == 1 else "epochs"
    kept = "" if run.stop.best_epoch is None else f"; kept is the model of epoch {run.stop.best_epoch}"
    shown.append((count(run.stop.epoch), noun + kept))
    shown.append((seconds(run.timing.train_seconds), f"training, and {seconds(run.timing.compile_seconds)} compiling"))
    if parameters:
        shown.append((parameters, "parameters"))
    return shown
