"""What a notebook shows of a run."""

import re
from dataclasses import replace
from html.parser import HTMLParser

from shinso import report
from shinso.diagnose import diagnose
from shinso.report import _summary
from shinso.training import Ensemble

HOSTILE = "<script>alert('$x$')</script> & \"quotes\" {{ 7 * 7 }}"


class Elements(HTMLParser):
    """Keeps the names of elements, and checks that they nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: set[str] = set()
        self.words = ""
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.names.add(tag)
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self.names.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def test_it_says_the_result_and_shows_the_course(classified, regressed):
    for run in (classified, regressed):
        shown = Elements(run._repr_html_())
        headline = report.headline(run)
        assert headline is not None
        assert headline.sentence in shown.words
        assert "ll 4 epochs are done" in shown.words
        assert "svg" in shown.names
        assert "run.diagnose()" in shown.words


def test_it_loads_nothing_and_escapes_names(classified, tmp_path):
    run = replace(classified, data={**classified.data, "name": HOSTILE}, folder=tmp_path / "<b>")
    fragment = report.render_summary(run)
    assert not re.search(r"https?:|@import|<link|<img|url\((?!#)|<style", fragment)
    shown = Elements(fragment)
    assert "script" not in shown.names
    assert "b" not in shown.names
    assert HOSTILE in shown.words
    assert "49" not in shown.words


def test_the_finding_is_that_of_the_history(classified):
    history = classified.history
    broken = replace(classified, stop=replace(classified.stop, reason="not_finite", message="Loss is NaN."))
    assert "Not finite" in Elements(broken._repr_html_()).words
    assert "<strong>" in broken._repr_html_()
    assert classified.history is history
    assert classified.sets


def test_a_run_without_epochs_or_scores_says_so(classified):
    empty = replace(classified, evaluations={}, history=type(classified.history)())
    shown = Elements(report.render_summary(empty))
    assert "It was not evaluated" in shown.words
    assert "svg" not in shown.names


def test_two_runs_on_one_page_share_no_identifier(classified, regressed):
    one, other = (set(re.findall(r' id="([^"]+)"', run._repr_html_())) for run in (classified, regressed))
    assert one
    assert not one & other


def test_an_ensemble_is_shown_as_one(classified):
    both = Ensemble((classified, classified), evaluations=dict(classified.evaluations))
    assert Elements(both._repr_html_()).words.count("trained on") == 1


def test_it_reads_the_history_alone_which_takes_no_time(classified, monkeypatch):
    given = []
    monkeypatch.setattr(_summary, "diagnose", lambda run: given.append(run) or diagnose(run))
    assert classified.sets
    classified._repr_html_()
    assert len(given) == 1
    assert not given[0].sets
    assert given[0].folder is None
