import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from shinso import report
from shinso.diagnose import Diagnosis, Finding
from shinso.report._page import _figures
from shinso.training import Evaluation, History, Mistake, Stop

HEALTHY = Diagnosis((Finding("healthy", "good", "Nothing was found."),))
VOID = {"meta", "img", "br", "hr", "link", "input"}
HOSTILE = "<script>alert('$x$')</script> & \"quotes\" {{ 7 * 7 }}"


class Reader(HTMLParser):
    """Checks that elements nest, and keeps their names, attributes and text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.words.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self):
        return " ".join(" ".join(self.words).replace("\N{NO-BREAK SPACE}", " ").split())


def read(run) -> Reader:
    reader = Reader()
    reader.feed(report.render(run, HEALTHY))
    reader.close()
    assert not reader.open
    return reader


def evaluation(matrix, **changes) -> Evaluation:
    matrix = np.asarray(matrix)
    n, right = int(matrix.sum()), int(np.trace(matrix))
    return replace(Evaluation(n, "accuracy", right / n, (0.9, 0.95), 0.1, confusion=matrix.tolist()), **changes)


def test_page_is_complete_in_itself(classified, regressed):
    for run in (classified, regressed):
        page = report.render(run, HEALTHY)
        for outside in ("http:", "https:", "<script", "@import", "<link", "xlink:", "//fonts"):
            assert outside not in page
        assert set(re.findall(r"url\(([^)]{5})", page)) <= {"#curv", "#agre", "#prob", "#resi"}
        assert re.findall(r'(?:src|href)="(?!data:image/png;base64,|#)', page) == []
        assert "default-src 'none'" in page
        assert len(page.encode()) < 1_000_000


def test_page_is_readable_by_machines_too(classified):
    page = read(classified)
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("h1")) == 1
    assert all(header.get("scope") in ("row", "col") for header in page.all("th"))
    assert all(svg["role"] == "img" and svg["aria-label"] for svg in page.all("svg"))
    assert all(image["alt"] for image in page.all("img"))
    names = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(names) == len(set(names))
    known = {attributes.get("aria-labelledby") for _, attributes in page.elements} - {None}
    assert known <= set(names)
    for query in ("@media print", "prefers-color-scheme: dark", "max-width: 46rem", "break-inside: avoid"):
        assert query in report.render(classified, HEALTHY)


def test_same_run_gives_same_bytes(classified):
    assert report.render(classified, HEALTHY) == report.render(classified, HEALTHY)


def test_result_in_words(classified):
    matrix = np.diag([100] * 9 + [86])
    matrix[9, 3], matrix[9, 8] = 9, 5
    classified.evaluations = {"test": evaluation(matrix, interval=(0.9766, 0.9917))}
    text = read(classified).text
    assert "986 of 1,000 test examples right: 98.6 % (95 % interval 97.7–99.2 %)." in text
    assert "9 was most often taken for 3 (9 of 100)." in text


def test_mistakes_are_pictures_with_captions(classified):
    page = read(classified)
    mistakes = classified.evaluations["test"].mistakes
    assert len(page.all("img")) == len(mistakes) > 0
    worst = mistakes[0]
    names = classified.data["classes"]
    assert f"{names[worst.true]} → {names[worst.predicted]} ({100 * worst.probability:.1f} %)" in page.text
    assert {(image["width"], image["height"]) for image in page.all("img")} == {("6", "6")}


def test_mistakes_of_a_table_are_rows(classified):
    mistakes = [Mistake(7, 0, 2, 0.75)]
    classified.evaluations["test"] = evaluation([[3, 0, 1], [0, 2, 0], [0, 0, 4]], mistakes=mistakes)
    page = read(classified)
    assert page.all("img") == []
    assert "Example True Predicted Probability 7 ant cat 75.0 %" in page.text


def test_recall_and_precision(classified):
    classified.evaluations["test"] = evaluation([[3, 0, 1], [0, 2, 0], [0, 0, 4]])
    assert "ant 4 75.0 % 100 % bee 2 100 % 100 % cat 4 100 % 80.0 %" in read(classified).text


def test_names_are_escaped(classified, regressed):
    classified.data |= {"name": HOSTILE, "classes": [HOSTILE, "b", "c"], "notes": [HOSTILE], "feature_names": [HOSTILE]}
    classified.settings |= {"source": HOSTILE, HOSTILE: {"deep": HOSTILE}}
    classified.stop = Stop("not_finite", 1, 1, HOSTILE)
    classified.environment = {"device": HOSTILE}
    classified.evaluations[HOSTILE] = classified.evaluations["test"]
    for row in classified.history.rows:
        row[f"{HOSTILE}_loss"] = row["loss"]
    page = read(classified)
    assert page.all("script") == []
    assert HOSTILE in page.text
    regressed.data["target_names"] = [HOSTILE, "fall"]
    page = read(regressed)
    assert page.all("script") == []
    assert "alert('$x$')" in page.text


def test_hundred_classes_shrink_to_the_worst_pairs(classified):
    random = np.random.default_rng(0)
    matrix = np.diag(np.full(100, 50)) + random.binomial(1, 0.1, size=(100, 100))
    matrix[17, 71] = 9
    classified.data["classes"] = [f"species {k}" for k in range(100)]
    classified.evaluations = {"test": evaluation(matrix)}
    page = read(classified)
    assert "The 20 most frequent confusions of 100 classes" in page.text
    assert f"species 17 species 71 9 of {matrix[17].sum()}" in page.text
    assert not any(attributes.get("class") == "confusion" for attributes in page.all("table"))
    assert "The 20 classes with the lowest recall." in page.text
    assert len(report.render(classified, HEALTHY)) < 200_000


def test_regression(regressed):
    page = read(regressed)
    evaluation = regressed.evaluations["test"]
    assert f"Predictions miss by {evaluation.metrics['rmse']:.3f} (root mean square)" in page.text
    assert f"R² {evaluation.score:.3f} (95 % interval" in page.text
    assert "All 40 test examples, the first of 2 outputs." in page.text
    assert "Predicted against true" in page.text
    assert "3 features age, bmi, pressure" in page.text
    assert "No validation data" in page.text
    assert "Test 40 examples" in page.text


def test_multilabel(regressed):
    regressed.evaluations = {
        "test": Evaluation(40, "accuracy", 0.75, (0.6, 0.86), 0.5, metrics={"label_accuracy": 0.9, "f1_micro": 0.8})
    }
    text = read(regressed).text
    assert "30 of 40 test examples right in every label: 75.0 % (95 % interval 60.0–86.0 %)." in text
    assert "Label accuracy" in text
    assert "Confusion matrix" not in text


def test_counts(regressed):
    regressed.evaluations = {"test": Evaluation(40, "deviance", 1.25, (1.0, 1.5), 0.5)}
    text = read(regressed).text
    assert "Mean deviance 1.25 (95 % interval 1.00 to 1.50) over 40 test examples." in text


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_not_finite_scores(regressed, score):
    metrics, points = {"rmse": score}, [(1.0, score)]
    regressed.evaluations = {"test": Evaluation(1, "r2", score, (score, score), score, metrics, points=points)}
    assert "Predictions miss by" in read(regressed).text


def test_no_evaluation_and_no_history(classified):
    classified.evaluations = {}
    classified.history = History()
    classified.stop = Stop("interrupted", 0, 3, "Training was interrupted after 3 steps; the work is kept.")
    text = read(classified).text
    assert "Interrupted Training was interrupted after 3 steps" in text
    assert "No epoch was finished" in text
    assert "No data were evaluated after training" in text


def test_one_epoch(classified):
    classified.history = History(classified.history.rows[:1])
    classified.stop = Stop("epochs", 1, 5, "All 1 epochs are done (5 steps).")
    page = read(classified)
    assert len(page.all("svg")) == 5
    assert "1 epoch" in page.text


@pytest.mark.parametrize(("kept", "said"), [(None, "4 epochs"), (2, "4 epochs; kept is the model of epoch 2")])
def test_epoch_whose_model_is_scored_is_the_one_named(classified, kept, said):
    classified.stop = Stop("epochs", 4, 20, "", kept)
    figures = {label: value for value, label in _figures(classified, None, "")}
    assert f"{figures[said.removeprefix('4 ')]} {said.removeprefix('4 ')}" == said


def test_not_finite(classified):
    classified.history.rows += [dict.fromkeys(classified.history.columns, float("nan")) | {"epoch": 5, "step": 25}]
    classified.stop = Stop("not_finite", 4, 21, "The cost was not finite in epoch 5. Try a learning rate of 0.001.")
    page = read(classified)
    assert "Not finite The cost was not finite in epoch 5. Try a learning rate of 0.001." in page.text
    assert "The training loss was not finite in epoch 5." in page.text
    assert "nan" not in page.text.lower().split()


def test_model_table(classified, regressed):
    text = read(classified).text
    assert re.search(r"Dense 3 \d+ \d+ Together \d+ [\d,]+", text)
    regressed.model = lambda x, *, key=None: x
    assert "cannot be shown layer by layer" in read(regressed).text


def test_settings_and_reproduction(classified):
    text = read(classified).text
    assert "optimizer.name adam" in text
    assert "objective.penalties.1.strength 0.0001" in text
    assert "network.builder cnn" in text
    assert "data insects" in text
    assert "Trained from Python" in text


def full(descriptor):
    raise OSError(28, "No space left on device")


def test_write_replaces_the_page_or_leaves_it(classified, tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    assert report.write(classified, str(path), HEALTHY) == path
    whole = path.read_text(encoding="utf-8")
    assert whole == report.render(classified, HEALTHY)
    other = replace(classified, seed=5)
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            report.write(other, path, HEALTHY)
    assert path.read_text(encoding="utf-8") == whole
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
    with pytest.raises(FileNotFoundError):
        report.write(classified, tmp_path / "absent" / "report.html", HEALTHY)
    report.write(
        replace(classified, seed="\ud800"), path, HEALTHY
    )  # half a character, from a file that somebody has changed
    assert "seed" in path.read_text(encoding="utf-8")
