import re

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from shinso import report
from shinso.report._confusion import class_scores, shades, worst_confusion, worst_pairs
from shinso.report._history import best_row
from shinso.report._mistakes import pixels
from shinso.report._palette import CSS
from shinso.report._regression import residuals
from shinso.report._svg import inline_svg
from shinso.training import Evaluation, History, Stop

MATRIX = np.array([[8, 2, 0], [3, 7, 0], [0, 0, 0]])
NAMES = ["a", "b", "c"]


def history(**columns) -> History:
    n = len(next(iter(columns.values())))
    columns = {"epoch": np.arange(1, n + 1)} | columns
    return History([{key: float(values[i]) for key, values in columns.items()} for i in range(n)])


def evaluation(matrix) -> Evaluation:
    return Evaluation(int(matrix.sum()), "accuracy", 0.75, (0.5, 0.9), 0.1, confusion=matrix.tolist())


def test_figures_stand_alone(classified, regressed, tmp_path):
    before = dict(matplotlib.rcParams)
    test = classified.evaluations["test"]
    figures = [
        report.learning_curves(classified),
        report.confusion_figure(test, classified.data["classes"]),
        report.mistakes_figure(test, classified.data["classes"]),
        report.regression_figure(regressed.evaluations["test"], "blood $pressure"),
        report.confusion_figure(evaluation(np.arange(900).reshape(30, 30)), ["$\\frac{"] * 30),
    ]
    for number, figure in enumerate(figures):
        assert isinstance(figure, Figure)
        figure.savefig(tmp_path / f"{number}.png", dpi=40)
        inline_svg(figure, f"f{number}", "a figure")
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("draw", [report.confusion_figure, report.mistakes_figure, report.regression_figure])
def test_figures_say_what_is_missing(draw):
    with pytest.raises(ValueError, match="evaluation must"):
        draw(Evaluation(4, "r2", 0.5, (0.4, 0.6), 0.1, points=[(np.nan, 1.0)]))


def test_svg_follows_the_page(classified):
    svg = inline_svg(report.learning_curves(classified), "x", 'said "so" & <so>')
    assert svg.startswith("<svg ")
    assert svg.rstrip().endswith("</svg>")
    assert 'aria-label="said &#34;so&#34; &amp; &lt;so&gt;"' in svg
    assert not any(colour in svg for colour in CSS)
    assert set(re.findall(r"#[0-9a-f]{6}", svg)) == set()
    assert "var(--training)" in svg
    assert "currentColor" in svg
    assert ">epoch</text>" in svg
    names = re.findall(r'id="([^"]+)"', svg)
    assert len(names) == len(set(names)) > 0
    assert all(name.startswith("x-") for name in names)
    assert set(re.findall(r'(?:url\(#|href="#)([\w.-]+)', svg)) <= set(names)


@pytest.mark.parametrize(
    ("loss", "scale"),
    [([2.0, 1.0], "linear"), ([20.0, 0.5], "log"), ([20.0, 0.0], "linear"), ([-3.0, 90.0], "linear")],
)
def test_log_scale_where_it_helps(classified, loss, scale):
    classified.history = history(loss=loss)
    assert report.learning_curves(classified).axes[0].get_yscale() == scale


def test_accuracy_leaves_out_a_steep_start(classified):
    values = [0.1, *np.linspace(0.95, 0.99, 20)]
    classified.history = history(loss=values, accuracy=values)
    assert "The axis of the accuracy starts at" in report.render(classified)
    assert report.learning_curves(classified).axes[1].get_ylim()[0] > 0.9


def test_score_that_is_the_loss_gives_way_to_the_gradient(regressed):
    loss = np.array([4.0, 3.0, 2.0])
    regressed.history = history(loss=loss / 2, squared_error=loss, gradient_norm=loss)
    titles = [axes.get_title(loc="left") for axes in report.learning_curves(regressed).axes]
    assert titles == ["Loss", "Gradient norm"]


def test_best_epoch(classified):
    classified.settings["stopping"] = None
    classified.stop = Stop("epochs", 4, 20, "", None)
    losses = [3.0, 1.0, np.nan, 2.0]
    classified.history = history(loss=losses, validation_loss=losses, validation_accuracy=[0.1, 0.2, 0.3, 0.9])
    assert best_row(classified) == 1
    classified.settings["stopping"] = {"monitor": "validation_accuracy"}
    assert best_row(classified) == 3
    classified.stop = Stop("stalled", 4, 20, "", 1)
    assert best_row(classified) == 0
    texts = [text.get_text() for text in report.learning_curves(classified).axes[0].texts]
    assert "kept, epoch 1" in texts


def test_labels_of_curves_that_meet_are_apart(classified):
    classified.history = history(loss=[2.0, 1.0], validation_loss=[2.0, 1.0])
    texts = report.learning_curves(classified).axes[0].texts
    places = [text.xyann[1] for text in texts if text.get_text() in ("training", "validation")]
    assert abs(places[0] - places[1]) > 10


def test_confusions_are_read_right():
    assert [str(pair) for pair in worst_pairs(MATRIX, NAMES)] == ["b → a: 3 of 10", "a → b: 2 of 10"]
    assert worst_confusion(MATRIX, NAMES) == "b was most often taken for a (3 of 10)."
    assert worst_confusion(np.eye(3, dtype=int), NAMES) == "No class was taken for another."
    assert worst_confusion(np.ones((3, 3), int), NAMES) == "No class was taken for the same other one more than once."
    scores = class_scores(MATRIX, NAMES)
    np.testing.assert_allclose([score.recall for score in scores], [0.8, 0.7, np.nan])
    np.testing.assert_allclose([score.precision for score in scores], [8 / 11, 7 / 9, np.nan])
    np.testing.assert_allclose(shades(MATRIX), [[0.8, (2 / 3) ** 0.5, 0], [1, 0.7, 0], [0, 0, 0]], atol=5e-4)


def test_residuals_are_read_right():
    points = [(1.0, 0.5), (2.0, 2.5), (3.0, 1.0), (np.nan, 1.0)]
    found = residuals(Evaluation(4, "r2", 0.5, (0.4, 0.6), 0.1, points=points))
    assert (found.n, found.median_size, found.largest) == (3, 0.5, 2.0)
    assert found.mean == pytest.approx(2 / 3)
    assert found.deviation == pytest.approx(np.std([0.5, -0.5, 2.0], ddof=1))
    assert found.most_size == pytest.approx(np.quantile([0.5, 0.5, 2.0], 0.95))


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 1), (2, 3, 2)])
def test_pixels_of_grey_images(shape):
    image = np.zeros(shape)
    image[0, :3] = np.array([0.5, 2.0, np.nan]).reshape(3, *[1] * (len(shape) - 2))
    np.testing.assert_array_equal(pixels(image), [[128, 255, 0], [0, 0, 0]])


def test_pixels_of_colour_images():
    assert pixels(np.ones((2, 3, 4))).shape == (2, 3, 3)
    with pytest.raises(ValueError, match=r"image must have the shape .* got \[3\]"):
        pixels(np.ones(3))


def test_a_figure_is_written_whole_or_not_at_all(tmp_path, monkeypatch):

    assert report.save_figure(Figure(), tmp_path / "a.svg").read_bytes().startswith(b"<?xml")
    before = (tmp_path / "a.svg").read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        report.save_figure(Figure(), tmp_path / "a.svg")
    assert (tmp_path / "a.svg").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.svg"]
    with pytest.raises(ValueError, match="suffix of the picture must be one of .*; got 'txt'"):
        report.save_figure(Figure(), tmp_path / "a.txt")
