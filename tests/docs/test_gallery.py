"""The gallery shows every figure of the pages, and every figure is made by a script of the repository."""

from pathlib import Path

import make_gallery
import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
SCRIPTS = [
    path.read_text(encoding="utf-8") for room in ("experiments", "benchmarks") for path in (ROOT / room).glob("*.py")
]
PAGES = [path.read_text(encoding="utf-8") for path in DOCS.rglob("*.md") if path.name != "gallery.md"]


def test_the_gallery_is_what_the_pages_show() -> None:
    assert (DOCS / "gallery.md").read_text(encoding="utf-8") == make_gallery.page(), "run python docs/make_gallery.py"


@pytest.mark.parametrize("figure", sorted((DOCS / "figures").iterdir()), ids=lambda path: path.name)
def test_a_figure_is_shown_and_a_script_makes_it(figure: Path) -> None:
    assert any(f"figures/{figure.name})" in page for page in PAGES), "no page shows it"
    assert any(figure.stem in source for source in SCRIPTS), "no script makes it"
