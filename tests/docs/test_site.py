"""The built site: what is wrong in it is found, and equations need nothing from elsewhere."""

from pathlib import Path

import check_site
import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        ('<a href="other.html#part">x</a> <a href="#top">x</a> <a href="https://example.org">x</a><p id="top">', None),
        ('<img src="a%20b.png"> <a href="folder/">x</a> <a href="mailto:x@example.org">x</a>', None),
        ('<a href="gone.html">x</a>', "index.html links to gone.html, which is not there"),
        ('<a href="other.html#gone">x</a>', "index.html links to other.html#gone, which is not there"),
        ('<a href="#gone">x</a>', "index.html links to #gone, which is not there"),
        ('<script src="https://example.org/x.js"></script>', "index.html fetches https://example.org/x.js"),
        ('<link rel="stylesheet" href="//example.org/x.css">', "index.html fetches //example.org/x.css"),
        ('<img src="http://example.org/x.png">', "index.html fetches http://example.org/x.png"),
        ('<img src="gone.png">', "index.html links to gone.png, which is not there"),
    ],
)
def test_what_is_wrong_in_a_site_is_found(tmp_path: Path, page: str, fault: str | None) -> None:
    (tmp_path / "index.html").write_text(page, encoding="utf-8")
    (tmp_path / "other.html").write_text('<h2 id="part">x</h2>', encoding="utf-8")
    (tmp_path / "a b.png").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "index.html").write_text("", encoding="utf-8")
    assert list(check_site.faults(tmp_path)) == ([] if fault is None else [fault])


def test_styles_that_fetch_are_found(tmp_path: Path) -> None:
    sheet = (
        '@import "https://example.org/a.css"; p { background: url(//example.org/b.png) } i { background: url("c.png") }'
    )
    (tmp_path / "site.css").write_text(sheet, encoding="utf-8")
    assert list(check_site.faults(tmp_path)) == [
        "site.css fetches https://example.org/a.css",
        "site.css fetches //example.org/b.png",
    ]


def test_equations_are_mathml_and_links_stay_inside() -> None:
    for name in ("latex2mathml", "markdown", "pymdownx"):
        pytest.importorskip(name, reason="what builds the site is not installed: make docs")
    import site_markdown
    from markdown import Markdown

    extension = site_markdown.makeExtension()
    settings = {"pymdownx.arithmatex": {"generic": True}}
    markdown = Markdown(extensions=["pymdownx.arithmatex", extension], extension_configs=settings)
    page = markdown.convert(
        "$a_1 < b$ and [a test](../tests/x.py), [here](start/x.md), [so](docs/data.md)\n\n$$\n\\frac{1}{N}\n$$\n"
    )
    assert page.count("<math") == 2
    assert 'display="block"' in page
    assert "&#x0003C;" in page
    assert "arithmatex" not in page
    assert "<span>a test</span>" in page
    assert 'href="start/x.md"' in page
    assert 'href="data.md"' in page
