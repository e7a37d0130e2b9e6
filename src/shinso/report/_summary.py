"""A run in a notebook: its result, its course and what is wrong with it, in the space of a cell's answer."""

import re
import zlib
from dataclasses import replace

from markupsafe import Markup

from shinso.diagnose import diagnose
from shinso.report import _tables
from shinso.report._curves import curve
from shinso.report._environment import environment
from shinso.report._findings import findings
from shinso.report._headline import ending, headline
from shinso.report._history import series
from shinso.report._learning import told
from shinso.report._svg import inline_svg
from shinso.training import Ensemble, Run


def render_summary(run: Run | Ensemble) -> str:
    """Return a run as an HTML fragment for a notebook: answer, score with its 95 % interval, finding, and a small curve.

    Notebooks ask for it as `Run._repr_html_`. It loads nothing, runs no script, and takes the notebook's colours; names
    that come from data are escaped. Of the diagnosis it shows what history, probes and parameters tell, which takes no
    time; `shinso.diagnose.diagnose` looks at the examples too.
    """
    shown = run.summary() if isinstance(run, Ensemble) else run
    diagnosis = diagnose(replace(shown, sets={}, folder=None))
    found = findings(diagnosis)
    network = _tables.network_name(shown)
    end = ending(shown, diagnosis)
    return (
        environment()
        .get_template("summary.html")
        .render(
            heading=f"{network[0].upper()}{network[1:]}, trained on {shown.data.get('name') or 'arrays'}",
            headline=headline(shown),
            ending=f"{end.word}: {end.sentence}",
            findings=found[:1],
            more=len(found) - 1 if len(found) > 1 else 0,
            curve=_curve(shown),
            folder=None if run.folder is None else str(run.folder),
        )
    )


def _curve(run: Run) -> Markup | None:
    if not series(run, "loss"):
        return None
    # Many runs stand on one notebook, and identifiers of one must not be those of another.
    number = zlib.crc32(run.history.to_csv().encode())
    svg = inline_svg(curve(run, "loss"), f"run-{number:x}", told(run, "loss"))
    # Matplotlib's style sheet is for every element of the document.
    return Markup(re.sub(r"<style.*?</style>", "", svg, flags=re.DOTALL))
