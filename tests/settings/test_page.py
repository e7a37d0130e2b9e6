"""The page of settings is what the table says."""

from pathlib import Path

import make_settings

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_page_is_what_the_table_says() -> None:
    assert (DOCS / "settings.md").read_text(encoding="utf-8") == make_settings.page(), (
        "run python docs/make_settings.py"
    )
