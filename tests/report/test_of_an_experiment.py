"""The report of a run of the command line: what it says of the file, the target and the command."""

import csv
import html
import re
from dataclasses import replace

import numpy as np
import pytest

from shinso import report
from shinso.diagnose import Diagnosis, Finding
from shinso.experiment import run_experiment
from shinso.report._regression import skewed
from shinso.settings import Settings
from shinso.training import Evaluation, Run, load_run

N = 60
HEALTHY = Diagnosis((Finding("healthy", "good", "Nothing was found."),))


def text_of(page: str) -> str:
    """Return the words of a page, with plain blanks."""
    words = re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(words).replace("\N{NO-BREAK SPACE}", " ").split())


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    """A run on a table of flowers whose third row has no species."""
    folder = tmp_path_factory.mktemp("flowers")
    random = np.random.default_rng(0)
    lines = [["length", "colour", "species"]]
    for row in range(N):
        species = "" if row == 2 else random.choice(["rose", "iris"])
        lines.append([f"{random.normal():.3f}", random.choice(["red", "blue"]), species])
    with (folder / "flowers.csv").open("w", newline="") as file:
        csv.writer(file).writerows(lines)
    settings = {"source": str(folder / "flowers.csv"), "target": "species", "hidden": (4,), "epochs": 2}
    found = run_experiment(Settings.from_dict(settings), folder=folder / "run")
    assert isinstance(found, Run)
    return found


def test_target_command_and_settings_are_named(run):
    text = text_of(report.render(run, HEALTHY))
    assert "trained on flowers to predict species" in text
    assert "Target species" in text
    assert "shinso train --config settings.toml" in text
    assert "Trained from Python" not in text
    for setting in ("source", "target species", "network mlp", "hidden 4", "optimizer.beta_1"):
        assert setting in text


def test_mistakes_are_rows_of_the_file_with_their_columns(run):
    assert run.folder is not None
    with (run.folder.parent / "flowers.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    stored = load_run(run.folder).evaluations["test"]
    assert stored.mistakes == run.evaluations["test"].mistakes
    mistakes = [mistake for one in run.evaluations.values() for mistake in one.mistakes]
    assert mistakes
    assert any(mistake.row > 3 for mistake in mistakes)
    for mistake in mistakes:
        line = rows[mistake.row - 1]
        assert float(mistake.columns["length"]) == float(line["length"])
        assert mistake.columns["colour"] == line["colour"]
        assert line["species"] == run.data["classes"][mistake.true]
    first = stored.mistakes[0]
    assert f"Row True Predicted Probability length colour {first.row} " in text_of(report.render(run, HEALTHY))


def test_figures_of_other_commands_enter_the_page(run):
    assert run.folder is not None
    picture = run.folder / "spectrum-hessian.svg"
    assert "Eigenvalues of the Hessian" not in report.render(run, HEALTHY)
    picture.write_text("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")
    try:
        page = report.render(run, HEALTHY)
    finally:
        picture.unlink()
    assert "Eigenvalues of the Hessian" in page
    assert "<script" not in page
    assert page.count("data:image/svg+xml;base64,") == 1


@pytest.mark.parametrize("lowest", [1.0, -1.0])
def test_skewed_targets_have_logarithmic_axes(lowest):
    random = np.random.default_rng(0)
    target = np.exp(random.normal(5, 2, 300))
    prediction = target * np.exp(random.normal(0, 0.3, 300))
    prediction[0] = lowest
    of = Evaluation(
        300, "r2", 0.5, (0.4, 0.6), 1.0, points=list(zip(target.tolist(), prediction.tolist(), strict=True))
    )
    assert skewed(of)
    agreement, residuals = report.regression_figure(of).axes
    assert agreement.get_xscale() == agreement.get_yscale() == ("log" if lowest > 0 else "asinh")
    assert residuals.get_xscale() == "asinh"
    inside = agreement.dataLim.y0 >= agreement.get_ylim()[0] and agreement.dataLim.y1 <= agreement.get_ylim()[1]
    assert inside
    assert sum(patch.get_height() for patch in residuals.patches) == 300
    plain = replace(of, points=[(float(value), 0.0) for value in random.normal(size=300)])
    assert not skewed(plain)
    assert report.regression_figure(plain).axes[0].get_xscale() == "linear"
