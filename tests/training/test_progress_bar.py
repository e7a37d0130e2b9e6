"""The progress bar where output is a notebook, and where it is a pipe."""

import io
import sys
import types

import pytest
from rich.console import Console

from shinso.training import ProgressBar
from shinso.training._progress import Event


def event(at: int, remaining: float = float("nan"), **row: float) -> Event:
    return Event(10 * at, 40, at, 4, (row,) if row else (), 1.0, 0.1 * at, remaining)


class Cell:
    """What a notebook shows."""

    def __init__(self) -> None:
        self.shown: list[dict[str, str]] = []

    def display(self, data: dict[str, str], *, raw: bool, display_id: bool) -> "Cell":
        assert raw
        assert display_id
        self.shown.append(data)
        return self

    def update(self, data: dict[str, str], *, raw: bool) -> None:
        assert raw
        self.shown.append(data)


@pytest.fixture
def cell(monkeypatch: pytest.MonkeyPatch) -> Cell:
    made = Cell()
    module = types.ModuleType("IPython.display")
    module.display = made.display
    monkeypatch.setitem(sys.modules, "IPython", types.ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    return made


def test_a_notebook_has_one_bar_that_goes_when_training_ends(cell: Cell) -> None:
    with ProgressBar(Console(force_jupyter=True, file=io.StringIO())) as bar:
        bar(event(0))
        bar(event(2, 7.4, epoch=2, loss=0.123456, validation_accuracy=0.5))
        during = list(cell.shown)
    assert [each["text/plain"] for each in during] == [
        "compiling",
        "epoch 1/4",
        "epoch 3/4  loss 0.1235  validation accuracy 0.5  7 s left",
    ]
    assert '<progress value="20" max="40"' in during[-1]["text/html"]
    assert cell.shown[-1] == {"text/html": "", "text/plain": ""}
    assert len(cell.shown) == 4


def test_names_of_metrics_are_escaped_in_a_notebook(cell: Cell) -> None:
    with ProgressBar(Console(force_jupyter=True, file=io.StringIO())) as bar:
        bar(event(1, **{"<b>": 1.0}))
    assert "&lt;b&gt; 1" in cell.shown[-2]["text/html"]


def test_a_pipe_has_a_line_now_and_then() -> None:
    out = io.StringIO()
    with ProgressBar(Console(file=out, force_jupyter=False), lines=2) as bar:
        for epoch in range(5):
            bar(event(epoch, 1.0, loss=0.5) if epoch else event(0))
    assert out.getvalue().splitlines() == ["epoch 2/4  loss 0.5", "epoch 4/4  loss 0.5"]
